import EdgeProtocols
import Foundation
import Logging
import PromptAudio
import SpeechRecognition
import Testing

/// Which words of a text are heard in a prompt, as a telephone carries it.
@Suite(.serialized) struct WordTests {
    private static let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private static let spotter = Result { try WordSpotter(model: SpeechRecogniser.Settings().model, log: log) }
    private static let prompts = PromptLibrary(folder: ".", log: log) { _ throws(PromptFault) in
        throw PromptFault("nothing is fetched here")
    }

    /// 8 kHz sound at 16 kHz, with silence around it.
    private static func speak(_ text: String) async throws -> [Int16] {
        let clip = try await prompts.load(.speech(text: text, language: "en-US", style: 0))
        let step = clip.sampleRate / 8000
        let narrow = stride(from: 0, to: clip.samples.count - step, by: step).map { index in
            clip.samples[index..<index + step].reduce(0) { $0 + Int($1) } / step / 2
        }
        var samples = [Int16](repeating: 0, count: 4800)
        for (one, next) in zip(narrow, narrow.dropFirst()) { samples += [Int16(one), Int16((one + next) / 2)] }
        return samples + [Int16](repeating: 0, count: 8000)
    }

    /// - Parameter enough: nil: all the words that can be found.
    private static func listen(
        for text: String, enough: Int? = nil, in samples: [Int16]
    ) async throws -> WordListening {
        let words = WordSpotter.words(of: text)
        var listening = WordListening(words, enough: enough ?? words.count, by: try spotter.get())
        // In pieces, as a call brings them.
        for start in stride(from: 0, to: samples.count, by: 1700) {
            try await listening.hear(samples[start..<min(start + 1700, samples.count)])
        }
        try await listening.finish()
        return listening
    }

    @Test("most words of what is said are found, with the pauses it has")
    func said() async throws {
        let text = "There is no choice 3. Press 1 for the office."
        let heard = try await Self.listen(for: text, enough: 8, in: Self.speak(text))
        #expect(heard.words.joined(separator: " ") == "there is no choice three press one for the office")
        #expect(heard.hasEnough, "\(heard.count) of 10: \(heard.found)")
    }

    @Test("of another text few words are found, and a wrong word is missed by name")
    func other() async throws {
        let samples = try await Self.speak("Leave a message after the tone and press hash.")
        let other = try await Self.listen(for: "we are open from nine to five good bye", in: samples)
        // A script that does not say how many wants seven of them.
        #expect(other.count <= 5, "\(other.count) of 9: \(other.found)")
        let near = try await Self.listen(for: "leave a message after the beep and press star", in: samples)
        let missed = Set(zip(near.words, near.found).filter { !$0.1 }.map(\.0))
        #expect(missed.isSuperset(of: ["beep", "star"]) && near.count >= 5, "\(missed)")
    }

    @Test("silence holds no words, and words that the dictionary has not are named")
    func none() async throws {
        #expect(try await Self.listen(for: "good bye", in: [Int16](repeating: 0, count: 32_000)).count == 0)
        #expect(try Self.spotter.get().unknown(["good", "xyzzy"]) == ["xyzzy"])
        #expect(WordSpotter.words(of: "Press 12, please!") == ["press", "one", "two", "please"])
        #expect(throws: SpeechFault.self) { _ = try WordSpotter(model: "/nowhere", log: Self.log) }
    }
}
