import WireJSON

// input: ncco §3.6, contract README 8b.
extension ActionReader {
    static func input(_ object: JSONObject, _ findings: inout Findings) -> Action? {
        var input = Input()
        var event = EventOptions()
        var kinds: InputKinds?
        var mode: InputMode?
        let isTyped = object["type"] != nil
        for (key, value) in object.members {
            switch key {
            case "action", "dtmf", "speech": break
            case "type": kinds = InputKinds(key, value, &findings)
            case "mode": mode = findings.choice(key, value)
            case "timeOut", "maxDigits", "submitOnHash": if isTyped { findings.unknown(key) }
            case "eventUrl": event.readURL(key, value, &findings)
            case "eventMethod": event.readMethod(key, value, &findings)
            default: findings.unknown(key)
            }
        }
        input.isAsynchronous = mode == .asynchronous
        input.isLegacy = !isTyped && object["dtmf"] == nil && object["speech"] == nil
        let listed = kinds ?? InputKinds(withoutTypeIn: object)
        readDTMF(of: object, isListed: listed.dtmf, isTyped: isTyped, into: &input, &findings)
        readSpeech(of: object, isListed: listed.speech, into: &input, &findings)
        if input.isAsynchronous, !listed.dtmf { findings.fault("mode", "asynchronous needs dtmf in type") }
        input.event = event.target(&findings)
        return .input(input)
    }

    private static func readDTMF(
        of object: JSONObject, isListed: Bool, isTyped: Bool, into input: inout Input, _ findings: inout Findings
    ) {
        guard isListed else {
            if object["dtmf"] != nil { findings.warn("dtmf", "dtmf is not in type, ignored") }
            return
        }
        input.dtmf = Input.DTMF()
        if let value = object["dtmf"] {
            guard let settings = findings.object("dtmf", value) else { return }
            input.dtmf = findings.within("dtmf") { dtmf(settings, isNested: true, &$0) }
            if input.isAsynchronous, !settings.isEmpty {
                findings.fault("dtmf", "must be empty when mode is asynchronous")
            }
        } else if !isTyped {
            // The legacy form carries the same settings at top level.
            input.dtmf = dtmf(object, isNested: false, &findings)
        }
    }

    private static func dtmf(_ object: JSONObject, isNested: Bool, _ findings: inout Findings) -> Input.DTMF {
        var dtmf = Input.DTMF()
        for (key, value) in object.members {
            switch key {
            case "timeOut": dtmf.timeOut = findings.whole(key, value, in: 0...10) ?? dtmf.timeOut
            case "maxDigits": dtmf.maxDigits = findings.whole(key, value, in: 1...20) ?? dtmf.maxDigits
            case "submitOnHash": dtmf.submitOnHash = findings.flag(key, value) ?? dtmf.submitOnHash
            default: if isNested { findings.unknown(key) }
            }
        }
        return dtmf
    }

    private static func readSpeech(
        of object: JSONObject, isListed: Bool, into input: inout Input, _ findings: inout Findings
    ) {
        guard isListed else {
            if object["speech"] != nil { findings.warn("speech", "speech is not in type, ignored") }
            return
        }
        input.speech = Input.Speech()
        guard let value = object["speech"], let settings = findings.object("speech", value) else { return }
        input.speech = findings.within("speech") { speech(settings, &$0) }
    }

    private static func speech(_ object: JSONObject, _ findings: inout Findings) -> Input.Speech {
        var speech = Input.Speech()
        for (key, value) in object.members {
            switch key {
            case "uuid":
                guard let legs = findings.texts(key, value, of: "one leg id") else { continue }
                if legs.count == 1 { speech.leg = legs[0] } else { findings.fault(key, "exactly one leg id") }
            case "endOnSilence":
                speech.endOnSilence = findings.number(key, value, in: 0.4...10) ?? speech.endOnSilence
            case "language": speech.language = findings.language(key, value, fallback: speech.language)
            case "context": speech.context = findings.texts(key, value, of: "strings") ?? []
            case "startTimeout": speech.startTimeout = findings.whole(key, value, in: 1...60) ?? speech.startTimeout
            case "maxDuration": speech.maxDuration = findings.whole(key, value, in: 1...60) ?? speech.maxDuration
            case "saveAudio": speech.saveAudio = findings.flag(key, value) ?? speech.saveAudio
            case "sensitivity": speech.sensitivity = findings.whole(key, value, in: 10...100) ?? speech.sensitivity
            default: findings.unknown(key)
            }
        }
        return speech
    }
}

private enum InputMode: String, CaseIterable {
    case synchronous, asynchronous
}

/// What an `input` listens for.
private struct InputKinds {
    var dtmf = false
    var speech = false

    /// The `type` option; nil when it is faulty.
    init?(_ key: String, _ value: JSON, _ findings: inout Findings) {
        guard case .array(let items) = value else {
            findings.fault(key, "must be an array")
            return nil
        }
        guard !items.isEmpty else {
            findings.fault(key, "at least one of dtmf, speech")
            return nil
        }
        for (index, item) in items.enumerated() {
            switch item {
            case "dtmf": dtmf = true
            case "speech": speech = true
            default: findings.within(key) { $0.fault("\(index)", "must be dtmf or speech") }
            }
        }
        guard dtmf || speech else { return nil }
    }

    /// Without `type`: DTMF, plus speech when there are settings for it; with speech settings alone, speech only.
    init(withoutTypeIn object: JSONObject) {
        speech = object["speech"] != nil
        dtmf = !speech || ["dtmf", "timeOut", "maxDigits", "submitOnHash"].contains { object[$0] != nil }
    }
}
