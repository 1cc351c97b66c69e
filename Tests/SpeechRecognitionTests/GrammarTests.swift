import Testing

@testable import SpeechRecognition

@Suite struct GrammarTests {
    private let dictionary: Set<String> = ["open", "the", "door", "one", "two", "don't"]

    @Test("a phrase of context becomes words as they are said")
    func words() {
        #expect(SpeechGrammar.words("Open the door!") == ["open", "the", "door"])
        #expect(SpeechGrammar.words("  12 ") == ["one", "two"])
        #expect(SpeechGrammar.words("DON’T") == ["don't"])
        #expect(SpeechGrammar.words("a|b);<c>") == ["a", "b", "c"])
        #expect(SpeechGrammar.words("'' --") == [])
    }

    @Test("a phrase with an unknown word is left out and the word named, once")
    func unknown() {
        let grammar = SpeechGrammar(["open the door", "open xyzzy", "xyzzy", "", "Open The Door", "21"]) {
            dictionary.contains($0)
        }
        #expect(grammar.phrases == [["open", "the", "door"], ["two", "one"]])
        #expect(grammar.unknown == ["xyzzy"])
        #expect(
            grammar.text == "#JSGF V1.0; grammar context; public <phrase> = open the door | two one ;")
    }
}
