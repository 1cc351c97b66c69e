/// Which SSML tags and attribute values reach espeak-ng.
///
/// - Reference: contract/ncco.md §8. `phoneme` is left out: espeak-ng takes neither IPA nor X-SAMPA there, so the text
///   inside is spoken.
enum SSMLTag {
    private static let longestBreakMilliseconds = 10_000.0

    /// How a tag opens and closes for espeak-ng; nil when only its text is spoken.
    static func passed(_ tag: String, _ attributes: [String: String], language: (String) -> String?)
        -> (opening: String, closing: String)?
    {
        var kept: [(String, String)] = []
        var name = tag
        switch tag {
        case "speak", "p", "s":
            break
        case "break":
            if let time = attributes["time"].flatMap(milliseconds) {
                kept.append(("time", "\(Int(min(time, longestBreakMilliseconds)))ms"))
            } else {
                kept = pick(["strength"], of: attributes)
            }
        case "emphasis":
            kept = pick(["level"], of: attributes)
        case "prosody":
            kept = pick(["volume", "rate", "pitch", "range"], of: attributes)
        case "say-as":
            kept = pick(["interpret-as", "format"], of: attributes)
        case "lang":
            guard let code = attributes["xml:lang"].flatMap(language) else { return nil }
            name = "voice"
            kept.append(("xml:lang", code))
        default:
            return nil
        }
        let list = kept.map { " \($0.0)=\"\($0.1)\"" }.joined()
        return ("<\(name)\(list)>", "</\(name)>")
    }

    /// Attributes whose values are short and plain: espeak-ng copies them into small buffers.
    private static func pick(_ names: [String], of attributes: [String: String]) -> [(String, String)] {
        names.compactMap { name in
            guard let value = attributes[name], !value.isEmpty, value.utf8.count <= 24,
                value.utf8.allSatisfy(isPlain)
            else { return nil }
            return (name, value)
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122: true
        default: "+-.%:".utf8.contains(byte)
        }
    }

    /// `1s`, `0.5s` or `500ms`.
    static func milliseconds(_ time: String) -> Double? {
        let text = time.lowercased()
        let (digits, scale) = text.hasSuffix("ms") ? (text.dropLast(2), 1.0) : (text.dropLast(1), 1000.0)
        guard text.hasSuffix("s"), !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }),
            let value = Double(digits)
        else { return nil }
        return value * scale
    }
}
