/// The phrases an Application expects, as words of the dictionary.
struct SpeechGrammar: Hashable {
    /// Phrases of known words, in the order given, each once.
    private(set) var phrases: [[String]] = []
    /// Words that the dictionary has not; their phrases are left out.
    private(set) var unknown: [String] = []

    private static let digits = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]

    init(_ context: [String], knows: (String) -> Bool) {
        for phrase in context {
            let words = Self.words(phrase)
            let strangers = words.filter { !knows($0) }
            if strangers.isEmpty {
                if !words.isEmpty, !phrases.contains(words) { phrases.append(words) }
            } else {
                unknown += strangers.filter { !unknown.contains($0) }
            }
        }
    }

    /// Lower case, digits one by one as they are said, and nothing that means something in JSGF.
    static func words(_ phrase: String) -> [String] {
        var words = [""]
        for character in phrase.lowercased() {
            if let digit = character.wholeNumberValue, character.isASCII {
                words += [digits[digit], ""]
            } else if character.isLetter {
                words[words.count - 1].append(character)
            } else if character == "'" || character == "’" {
                words[words.count - 1].append("'")
            } else {
                words.append("")
            }
        }
        return words.filter { $0.contains { $0 != "'" } }
    }

    /// JSGF (W3C note of 2000): one phrase an utterance.
    var text: String {
        let alternatives = phrases.map { $0.joined(separator: " ") }.joined(separator: " | ")
        return "#JSGF V1.0; grammar context; public <phrase> = \(alternatives) ;"
    }
}
