import WireJSON

// talk and stream: ncco §3.4, §3.5.
extension ActionReader {
    /// Characters of a `talk`, SSML tags not counted.
    private static let maximumText = 1500

    static func talk(_ object: JSONObject, _ findings: inout Findings) -> Action? {
        var talk = Talk(text: "")
        var isTextGiven = false
        for (key, value) in object.members {
            switch key {
            case "action": break
            case "text":
                isTextGiven = true
                if let text = findings.nonEmptyText(key, value) { talk.text = text }
            case "bargeIn": talk.bargeIn = findings.flag(key, value) ?? talk.bargeIn
            case "loop": talk.loop = findings.whole(key, value, in: 0...Int.max) ?? talk.loop
            case "level": talk.level = findings.number(key, value, in: -1...1) ?? talk.level
            case "language": talk.language = findings.language(key, value, fallback: talk.language)
            case "style": talk.style = findings.whole(key, value, in: 0...Int.max) ?? talk.style
            case "premium": talk.premium = findings.flag(key, value) ?? talk.premium
            case "voiceName": findings.warn(key, "deprecated, ignored")
            default: findings.unknown(key)
            }
        }
        if !isTextGiven { findings.missing("text") }
        // The bytes are counted first: nearly every text is short enough by them alone.
        if talk.text.utf8.count > maximumText {
            let characters = spokenCharacters(of: talk)
            if characters > maximumText {
                findings.fault("text", "\(characters) characters, the limit is \(maximumText) without SSML tags")
            }
        }
        return .talk(talk)
    }

    private static func spokenCharacters(of talk: Talk) -> Int {
        guard talk.isSSML else { return talk.text.unicodeScalars.count }
        var isInTag = false
        var count = 0
        for scalar in talk.text.unicodeScalars {
            switch scalar {
            case "<": isInTag = true
            case ">" where isInTag: isInTag = false
            default: if !isInTag { count += 1 }
            }
        }
        return count
    }

    static func stream(_ object: JSONObject, _ findings: inout Findings) -> Action? {
        var stream = Stream(url: "")
        var isURLGiven = false
        for (key, value) in object.members {
            switch key {
            case "action": break
            case "streamUrl":
                isURLGiven = true
                stream.url = findings.onlyURL(key, value) ?? ""
            case "bargeIn": stream.bargeIn = findings.flag(key, value) ?? stream.bargeIn
            case "loop": stream.loop = findings.whole(key, value, in: 0...Int.max) ?? stream.loop
            case "level":
                guard let level = findings.number(key, value, in: -1...1) else { continue }
                stream.level = (level * 10).rounded() / 10
            default: findings.unknown(key)
            }
        }
        if !isURLGiven { findings.missing("streamUrl") }
        return .stream(stream)
    }
}
