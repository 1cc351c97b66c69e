public import WireJSON

extension ConnectEndpoint {
    /// The endpoint object of a `connect` action, or an element of `to` of `POST /v1/calls`.
    ///
    /// - Parameter path: where it stands in the larger document, such as `/to/0`; all paths start with it.
    /// - Fails with: `ScriptRefusal` naming every fault.
    public static func parse(_ json: JSON, path: String) throws(ScriptRefusal) -> ConnectEndpoint {
        var findings = Findings()
        let endpoint = EndpointReader.read(json, &findings)
        if let refusal = findings.refusal(of: json, at: path) { throw refusal }
        // Nil comes with a fault only.
        guard let endpoint else { throw ScriptRefusal(faults: [ScriptFault(path: path, reason: "not an endpoint")]) }
        return endpoint
    }
}

/// Endpoints: ncco §4, websocket-endpoint §1, sip-interworking §3.
enum EndpointReader {
    static func read(_ json: JSON, _ findings: inout Findings) -> ConnectEndpoint? {
        guard case .object(let object) = json else {
            findings.fault("must be an object")
            return nil
        }
        guard let type = object["type"] else {
            findings.missing("type")
            return nil
        }
        guard case .string(let name) = type else {
            findings.fault("type", "must be a string")
            return nil
        }
        switch name {
        case "phone": return phone(object, &findings)
        case "app": return app(object, &findings)
        case "websocket": return webSocket(object, &findings)
        case "sip": return sip(object, &findings)
        case "vbc": return vbc(object, &findings)
        default:
            findings.fault("type", "unknown endpoint type")
            return nil
        }
    }

    private static func phone(_ object: JSONObject, _ findings: inout Findings) -> ConnectEndpoint? {
        var number: String?
        var digits: String?
        var onAnswer: OnAnswer?
        for (key, value) in object.members {
            switch key {
            case "type", "shaken": break
            case "number":
                guard let text = findings.text(key, value) else { continue }
                let bare = Syntax.withoutPlus(text)
                if let flaw = Syntax.phoneNumberFlaw(bare) { findings.fault(key, flaw) } else { number = bare }
            case "dtmfAnswer":
                guard let text = findings.text(key, value) else { continue }
                if Syntax.isDTMF(text) { digits = text } else { findings.fault(key, "only 0-9 * # p") }
            case "onAnswer":
                guard let script = findings.object(key, value) else { continue }
                onAnswer = findings.within(key) { self.onAnswer(script, &$0) }
            default: findings.unknown(key)
            }
        }
        if object["number"] == nil { findings.missing("number") }
        return number.map { .phone(number: $0, dtmfAnswer: digits, onAnswer: onAnswer) }
    }

    private static func onAnswer(_ object: JSONObject, _ findings: inout Findings) -> OnAnswer? {
        var url: String?
        var ringback: String?
        for (key, value) in object.members {
            switch key {
            case "url": url = findings.url(key, value)
            case "ringbackTone", "ringback": ringback = findings.url(key, value)
            default: findings.unknown(key)
            }
        }
        if object["url"] == nil { findings.missing("url") }
        return url.map { OnAnswer(url: $0, ringbackTone: ringback) }
    }

    private static func app(_ object: JSONObject, _ findings: inout Findings) -> ConnectEndpoint? {
        onlyText("user", of: object, &findings).map { .app(user: $0) }
    }

    private static func vbc(_ object: JSONObject, _ findings: inout Findings) -> ConnectEndpoint? {
        onlyText("extension", of: object, &findings).map { .vbc(extension: $0) }
    }

    private static func onlyText(
        _ name: String, of object: JSONObject, _ findings: inout Findings
    ) -> String? {
        var text: String?
        for (key, value) in object.members {
            switch key {
            case "type": break
            case name: text = findings.nonEmptyText(key, value)
            default: findings.unknown(key)
            }
        }
        if object[name] == nil { findings.missing(name) }
        return text
    }
}
