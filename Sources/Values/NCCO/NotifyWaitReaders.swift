import WireJSON

// notify and wait: ncco §3.7, §3.8.
extension ActionReader {
    static func notify(_ object: JSONObject, _ findings: inout Findings) -> Action? {
        var payload: JSONObject?
        var event = EventOptions()
        for (key, value) in object.members {
            switch key {
            case "action": break
            case "payload": payload = findings.object(key, value)
            case "eventUrl": event.readURL(key, value, &findings)
            case "eventMethod": event.readMethod(key, value, &findings)
            default: findings.unknown(key)
            }
        }
        if object["payload"] == nil { findings.missing("payload") }
        if !event.isURLGiven { findings.missing("eventUrl") }
        guard let payload, let target = event.target(&findings) else { return nil }
        return .notify(Notify(payload: payload, event: target))
    }

    static func wait(_ object: JSONObject, _ findings: inout Findings) -> Action? {
        var seconds = 10.0
        for (key, value) in object.members {
            switch key {
            case "action": break
            case "timeout":
                guard !value.isNull, let given = findings.number(key, value) else { continue }
                seconds = min(max(given, 0.1), 7200)
                if seconds != given { findings.warn(key, "clamped to 0.1..7200") }
            default: findings.unknown(key)
            }
        }
        return .wait(seconds: seconds)
    }
}
