import CallModel
import WireJSON

// record: ncco §3.1; transcription also of conversation.
extension ActionReader {
    static func record(_ object: JSONObject, _ findings: inout Findings) -> Action? {
        var record = Record()
        var event = EventOptions()
        var format: RecordingFormat?
        var channels: Int?
        for (key, value) in object.members {
            switch key {
            case "action": break
            case "format": format = findings.choice(key, value)
            case "split": record.isSplit = findings.onlyWord("conversation", key, value)
            case "channels":
                channels = findings.whole(key, value, in: 1...32)
                if channels != nil, object["split"] == nil { findings.fault(key, "needs split=conversation") }
            case "endOnSilence": record.endOnSilence = findings.number(key, value, in: 3...10)
            case "endOnKey": record.endOnKey = endOnKey(key, value, &findings)
            case "timeOut": record.timeOut = findings.whole(key, value, in: 3...7200)
            case "beepStart": record.beepStart = findings.flag(key, value) ?? record.beepStart
            case "transcription": record.transcription = transcription(key, value, &findings)
            case "eventUrl": event.readURL(key, value, &findings)
            case "eventMethod": event.readMethod(key, value, &findings)
            default: findings.unknown(key)
            }
        }
        // Split alone is stereo: the first caller, and what they hear.
        record.channels = channels ?? (record.isSplit ? 2 : 1)
        record.format = format ?? (record.channels > 2 ? .wav : .mp3)
        if record.format == .mp3, record.channels > 2 {
            findings.warn("format", "mp3 holds two channels, wav is used")
            record.format = .wav
        }
        record.event = event.target(&findings)
        return .record(record)
    }

    private static func endOnKey(_ key: String, _ value: JSON, _ findings: inout Findings) -> Character? {
        if case .string(let text) = value, text.utf8.count == 1, text.utf8.allSatisfy(Syntax.isKey) {
            return text.first
        }
        findings.fault(key, "one character of 0-9 * #")
        return nil
    }

    static func transcription(_ key: String, _ value: JSON, _ findings: inout Findings) -> Transcription? {
        guard let object = findings.object(key, value) else { return nil }
        return findings.within(key) { findings in
            var transcription = Transcription()
            var event = EventOptions()
            for (key, value) in object.members {
                switch key {
                case "language": transcription.language = findings.nonEmptyText(key, value)
                case "sentimentAnalysis": transcription.sentimentAnalysis = findings.flag(key, value) ?? false
                case "eventUrl": event.readURL(key, value, &findings)
                case "eventMethod": event.readMethod(key, value, &findings)
                default: findings.unknown(key)
                }
            }
            transcription.event = event.target(&findings)
            return transcription
        }
    }
}
