import WireJSON

// websocket: ncco §4, websocket-endpoint §1.
extension EndpointReader {
    /// Bytes of `headers` as compact JSON.
    private static let maximumHeaders = 512
    private static let maximumAuthorization = 8191

    static func webSocket(_ object: JSONObject, _ findings: inout Findings) -> ConnectEndpoint? {
        var endpoint = WebSocketEndpoint(uri: "")
        for (key, value) in object.members {
            switch key {
            case "type": break
            case "uri":
                guard let text = findings.text(key, value) else { continue }
                if Syntax.isWebSocketURL(text) {
                    endpoint.uri = text
                } else {
                    findings.fault(key, "must be an absolute ws or wss URL")
                }
            case "content-type", "contentType", "content_type":
                endpoint.sampleRate = sampleRate(key, value, &findings) ?? endpoint.sampleRate
            case "headers":
                guard let headers = findings.object(key, value) else { continue }
                let length = value.bytes.count
                if length <= maximumHeaders {
                    endpoint.headers = headers
                } else {
                    findings.fault(key, "\(length) bytes as compact JSON, the limit is \(maximumHeaders)")
                }
            case "authorization":
                guard let given = findings.object(key, value) else { continue }
                endpoint.authorization = findings.within(key) { authorization(given, &$0) }
            default: findings.unknown(key)
            }
        }
        if object["uri"] == nil { findings.missing("uri") }
        return .websocket(endpoint)
    }

    /// `audio/l16;rate=N`, blanks and case ignored; 48 000 goes beyond the contract.
    private static func sampleRate(_ key: String, _ value: JSON, _ findings: inout Findings) -> Int? {
        guard let text = findings.text(key, value) else { return nil }
        switch text.lowercased().filter({ $0 != " " && $0 != "\t" }) {
        case "audio/l16;rate=8000": return 8000
        case "audio/l16;rate=16000": return 16_000
        case "audio/l16;rate=24000": return 24_000
        case "audio/l16;rate=48000": return 48_000
        default:
            findings.fault(key, "must be audio/l16 with rate=8000, 16000, 24000 or 48000")
            return nil
        }
    }

    private static func authorization(
        _ object: JSONObject, _ findings: inout Findings
    ) -> WebSocketEndpoint.Authorization? {
        switch object["type"] {
        case "vonage": return .vonage
        case "custom":
            guard let value = object["value"] else {
                findings.fault("value", "required when type is custom")
                return nil
            }
            guard let text = findings.nonEmptyText("value", value) else { return nil }
            guard Syntax.isPrintableASCII(text) else {
                findings.fault("value", "printable ASCII only")
                return nil
            }
            guard text.utf8.count <= maximumAuthorization else {
                findings.fault("value", "the limit is \(maximumAuthorization) characters")
                return nil
            }
            return .custom(text)
        case nil: findings.missing("type")
        default: findings.fault("type", "must be vonage or custom")
        }
        return nil
    }
}
