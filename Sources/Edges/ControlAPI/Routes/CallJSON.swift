import CallModel
import MediaTime
import WireJSON

/// Call objects as the Voice API shows them (voice-api §4).
enum CallJSON {
    static func call(_ leg: LegRecord, _ request: APIRequest, box: String) -> JSON {
        var json = JSONObject()
        json["_links"] = ["self": ["href": .string(request.link("/v1/calls/\(leg.id.text)"))]]
        json["uuid"] = .string(leg.id.text)
        json["conversation_uuid"] = .string(leg.conversation.text)
        json["to"] = endpoint(leg.to, box: box)
        json["from"] = leg.from.map { endpoint($0, box: box) }
        json["status"] = .string(leg.status.rawValue)
        json["direction"] = .string(leg.direction.rawValue)
        if leg.status == .completed {
            // SDKs parse these as text; calls of a box have no price.
            json["rate"] = "0.00"
            json["price"] = "0"
            json["duration"] = .string(String(durationSeconds(leg)))
        }
        json["start_time"] = .string((leg.answered ?? leg.started).iso8601)
        json["end_time"] = leg.ended.map { .string($0.iso8601) }
        return .object(json)
    }

    /// From answer to end, whole seconds rounded up.
    private static func durationSeconds(_ leg: LegRecord) -> Int64 {
        guard let answered = leg.answered, let ended = leg.ended else { return 0 }
        return max(0, (ended.milliseconds - answered.milliseconds + 999) / 1000)
    }

    /// The Python SDK fails on an `app` endpoint and on numbers of fewer than 7 digits, and with one of them on the
    /// whole list: they are shown as what it knows.
    private static func endpoint(_ endpoint: Endpoint, box: String) -> JSON {
        switch endpoint {
        case .app(let user): ["type": "sip", "uri": .string("sip:\(PercentEncoding.encode(user))@\(box)")]
        case .phone(let number) where number.count < 7: ["type": "vbc", "extension": .string(number)]
        case .phone, .sip, .websocket, .vbc: endpoint.json
        }
    }
}
