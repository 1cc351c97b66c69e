public import WireJSON

/// One request an Application's backend got, looked at as a strict receiver would.
public struct BackendRequest: Sendable {
    public enum Kind: String, Sendable {
        /// `answer_url` or its fallback: the script is the answer.
        case answer
        case voiceEvent = "event"
        case rtcEvent = "rtc"
    }
    public var kind: Kind
    public var method: String
    public var path: String
    /// Query of a GET, JSON body of a POST.
    public var fields: JSONObject
    /// What a receiver would stumble over; empty when all is as the contract says.
    public var complaints: [String]

    /// What it is about: a status, an event type, or `answer`.
    public var name: String {
        if kind == .answer { return fields["reason"] == nil ? "answer" : "fallback" }
        if isTranscription { return "transcription" }
        if let status = fields["status"]?.string { return status }
        if let type = fields["type"]?.string { return type }
        if fields["dtmf"] != nil || fields["speech"] != nil { return "input" }
        if fields["recording_url"] != nil { return "record" }
        if fields["payload"] != nil { return "notify" }
        return fields["reason"] == nil ? "unknown" : "error"
    }

    /// It has a status and a type, but is neither news of a leg nor of the RTC stream.
    private var isTranscription: Bool { kind == .voiceEvent && fields["transcription_url"] != nil }

    /// Reads a request; anything unreadable becomes a complaint, never a failure.
    public init(method: String, target: String, body: [UInt8]) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.method = method
        path = parts.first.map(String.init) ?? "/"
        fields = JSONObject()
        complaints = []
        kind = .answer
        if method == "GET" {
            if parts.count == 2 { fields = Self.query(parts[1]) }
        } else {
            do {
                let document = try JSON(parsing: body)
                if let object = document.object { fields = object } else { complaints = ["the body is no JSON object"] }
            } catch {
                complaints = ["the body is no JSON: \(error)"]
            }
        }
        kind = Self.kind(path: path, fields)
        complaints += missingFields()
    }

    private static func kind(path: String, _ fields: JSONObject) -> Kind {
        if path.hasSuffix("/rtc") || (fields["application_id"] != nil && fields["body"] != nil) { return .rtcEvent }
        let isAnswer = fields["status"] == nil && fields["timestamp"] == nil && fields["to"] != nil
        return path.hasSuffix("/answer") || path.hasSuffix("/fallback") || isAnswer ? .answer : .voiceEvent
    }

    /// Fields the contract always sends (voice-webhooks §2 and §3, rtc-webhooks "Payload").
    private func missingFields() -> [String] {
        let needed =
            switch kind {
            case .answer: ["to", "uuid", "conversation_uuid"]
            case .rtcEvent: ["type", "application_id", "timestamp", "body"]
            case .voiceEvent where isTranscription:
                ["conversation_uuid", "type", "recording_uuid", "status"]
            case .voiceEvent where fields["status"] != nil: ["uuid", "direction", "timestamp", "conversation_uuid"]
            case .voiceEvent: ["timestamp"]
            }
        return needed.filter { fields[$0] == nil && !($0 == "uuid" && fields["call_uuid"] != nil) }
            .map { "\($0) is missing" }
    }

    private static func query(_ text: Substring) -> JSONObject {
        var fields = JSONObject()
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            fields[unescaped(parts[0])] = .string(parts.count == 2 ? unescaped(parts[1]) : "")
        }
        return fields
    }

    /// `%41` and `+` of application/x-www-form-urlencoded.
    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2, let value = UInt8(String(rest.prefix(2)) ?? "", radix: 16) {
                bytes.append(value)
                rest.removeFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
