import WireJSON

// sip: ncco §4, sip-interworking §3.
extension EndpointReader {
    private static let maximumUserToUser = 256

    static func sip(_ object: JSONObject, _ findings: inout Findings) -> ConnectEndpoint? {
        var headers: [(name: String, value: String)] = []
        var userToUser: String?
        for (key, value) in object.members {
            switch key {
            case "type", "uri", "user", "domain": break
            case "headers":
                guard let given = findings.object(key, value) else { continue }
                headers = findings.within(key) { customHeaders(given, &$0) }
            case "standardHeaders", "standard_headers":
                guard let given = findings.object(key, value) else { continue }
                userToUser = findings.within(key) { standardHeaders(given, &$0) }
            default: findings.unknown(key)
            }
        }
        guard let address = sipAddress(object, &findings) else { return nil }
        return .sip(SIPEndpoint(address: address, headers: headers, userToUser: userToUser))
    }

    private static func sipAddress(_ object: JSONObject, _ findings: inout Findings) -> SIPEndpoint.Address? {
        switch (object["uri"], object["user"], object["domain"]) {
        case (let uri?, nil, nil):
            guard let text = findings.text("uri", uri) else { return nil }
            if Syntax.isSIPURI(text) { return .uri(text) }
            findings.fault("uri", "must be a sip or sips URI")
        case (nil, let user?, let domain?):
            let parts = (sipPart("user", user, &findings), sipPart("domain", domain, &findings))
            if let user = parts.0, let domain = parts.1 { return .trunk(user: user, domain: domain) }
        case (nil, nil, nil): findings.fault("uri", "uri or user and domain required")
        case (nil, _?, nil): findings.fault("domain", "required when user is set")
        case (nil, nil, _?): findings.fault("user", "required when domain is set")
        case (_?, _, _): findings.fault("uri", "cannot be combined with user and domain")
        }
        return nil
    }

    private static func sipPart(_ key: String, _ value: JSON, _ findings: inout Findings) -> String? {
        guard let text = findings.nonEmptyText(key, value) else { return nil }
        guard Syntax.isSIPPart(text) else {
            findings.fault(key, "holds characters that cannot stand there")
            return nil
        }
        return text
    }

    /// Every name gets the prefix `X-` unless it has it.
    private static func customHeaders(
        _ object: JSONObject, _ findings: inout Findings
    ) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        headers.reserveCapacity(object.count)
        for (key, value) in object.members {
            guard Syntax.isToken(key) else {
                findings.fault(key, "not a header name")
                continue
            }
            guard let text = headerText(value) else {
                findings.fault(key, "must be a string")
                continue
            }
            guard isSafe(text, key, &findings) else { continue }
            headers.append((name: key.lowercased().hasPrefix("x-") ? key : "X-" + key, value: text))
        }
        return headers
    }

    private static func standardHeaders(_ object: JSONObject, _ findings: inout Findings) -> String? {
        var userToUser: String?
        for (key, value) in object.members {
            guard key == "User-to-User" else {
                findings.fault(key, "only User-to-User is allowed")
                continue
            }
            guard let text = findings.text(key, value), isSafe(text, key, &findings) else { continue }
            let length = text.unicodeScalars.count
            if length <= maximumUserToUser {
                userToUser = text
            } else {
                findings.fault(key, "\(length) characters, the limit is \(maximumUserToUser)")
            }
        }
        return userToUser
    }

    private static func headerText(_ value: JSON) -> String? {
        switch value {
        case .string(let text): text
        case .bool, .int, .double: value.text
        case .null, .array, .object: nil
        }
    }

    private static func isSafe(_ text: String, _ key: String, _ findings: inout Findings) -> Bool {
        if Syntax.hasLineBreak(text) {
            findings.fault(key, "line breaks are not allowed")
        } else if Syntax.hasControl(text) {
            findings.fault(key, "control characters are not allowed")
        } else {
            return true
        }
        return false
    }
}
