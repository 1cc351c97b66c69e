public import WireJSON

// connect: ncco §3.3.
extension ActionReader {
    private static let maximumTimeout = 120

    static func connect(_ object: JSONObject, _ findings: inout Findings) -> Action? {
        var connect = Connect(endpoint: .app(user: ""))
        var event = EventOptions()
        for (key, value) in object.members {
            switch key {
            case "action": break
            case "endpoint":
                if let endpoint = onlyEndpoint(key, value, &findings) { connect.endpoint = endpoint }
            case "from": connect.from = findings.nonEmptyText(key, value).map(Syntax.callerID)
            case "randomFromNumber": connect.randomFromNumber = findings.flag(key, value) ?? false
            case "eventType": connect.isSynchronous = findings.onlyWord("synchronous", key, value)
            case "timeout":
                guard let seconds = findings.whole(key, value, in: 1...Int.max) else { continue }
                if seconds > maximumTimeout { findings.warn(key, "clamped to \(maximumTimeout)") }
                connect.timeout = min(seconds, maximumTimeout)
            case "limit": connect.limit = findings.whole(key, value, in: 1...7200) ?? connect.limit
            case "machineDetection": connect.machineDetection = findings.choice(key, value)
            case "advancedMachineDetection", "advanced_machine_detection":
                guard let settings = findings.object(key, value) else { continue }
                connect.advancedMachineDetection = findings.within(key) {
                    AdvancedMachineDetection.read(settings, &$0)
                }
            case "ringbackTone": connect.ringbackTone = findings.urlOrOnlyURL(key, value)
            case "eventUrl": event.readURL(key, value, &findings)
            case "eventMethod": event.readMethod(key, value, &findings)
            default: findings.unknown(key)
            }
        }
        if object["endpoint"] == nil { findings.missing("endpoint") }
        if connect.randomFromNumber, connect.from != nil {
            findings.fault("randomFromNumber", "cannot be true when from is set")
        }
        connect.event = event.target(&findings)
        return .connect(connect)
    }

    private static func onlyEndpoint(_ key: String, _ value: JSON, _ findings: inout Findings) -> ConnectEndpoint? {
        guard case .array(let items) = value else {
            findings.fault(key, "must be an array")
            return nil
        }
        guard items.count == 1 else {
            findings.fault(key, "exactly one element, \(items.count) given")
            return nil
        }
        return findings.within(key) { $0.within("0") { EndpointReader.read(items[0], &$0) } }
    }
}

extension AdvancedMachineDetection {
    /// The object of `advancedMachineDetection`, which REST calls `advanced_machine_detection`.
    ///
    /// - Parameter path: where it stands in the larger document, such as `/advanced_machine_detection`.
    /// - Fails with: `ScriptRefusal` naming every fault.
    public static func parse(_ json: JSON, path: String) throws(ScriptRefusal) -> AdvancedMachineDetection {
        var findings = Findings()
        var settings = AdvancedMachineDetection()
        if case .object(let object) = json {
            settings = read(object, &findings)
        } else {
            findings.fault("must be an object")
        }
        if let refusal = findings.refusal(of: json, at: path) { throw refusal }
        return settings
    }

    static func read(_ object: JSONObject, _ findings: inout Findings) -> AdvancedMachineDetection {
        var settings = AdvancedMachineDetection()
        for (key, value) in object.members {
            switch key {
            case "behavior": settings.behavior = findings.choice(key, value) ?? settings.behavior
            case "mode": settings.mode = findings.choice(key, value) ?? settings.mode
            case "beep_timeout":
                settings.beepTimeout = findings.whole(key, value, in: 45...120) ?? settings.beepTimeout
            default: findings.unknown(key)
            }
        }
        return settings
    }
}
