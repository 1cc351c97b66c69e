import EdgeProtocols
import Foundation
import Logging
import PromptAudio
import Synchronization
import Testing

import SpeechRecognition

/// What the recogniser makes of synthetic voices, as a telephone carries them.
@Suite(.serialized) struct RecogniserTests {
    private static let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private static let prompts = PromptLibrary(folder: ".", log: log) { _ throws(PromptFault) in
        throw PromptFault("nothing is fetched here")
    }
    private static let embedded = SpeechRecogniser(log: log)

    private static func speak(_ text: String, style: Int = 0) async throws -> [Int16] {
        let clip = try await prompts.load(.speech(text: text, language: "en-US", style: style))
        // Telephone: every sample but the second at 8 kHz would be too rough; the mean of two is a filter.
        let step = clip.sampleRate / 8000
        var samples = [Int16](repeating: 0, count: 4800)
        var index = 0
        while index + step <= clip.samples.count {
            let mean = clip.samples[index..<index + step].reduce(0) { $0 + Int($1) } / step / 2
            samples += [Int16(mean), Int16(mean)]
            index += step
        }
        return samples + [Int16](repeating: 0, count: 8000)
    }

    private static func recognise(
        _ samples: [Int16], context: [String], language: String = "en-US", by recogniser: SpeechRecogniser = embedded
    ) async -> Result<[SpeechReading], SpeechFault> {
        await withCheckedContinuation { continuation in
            let utterance = recogniser.begin(language: language, context: context) {
                continuation.resume(returning: $0)
            }
            for start in stride(from: 0, to: samples.count, by: 320) {
                utterance.feed(Array(samples[start..<min(start + 320, samples.count)]))
            }
            utterance.finish()
        }
    }

    private static let menu = ["yes please", "open the door", "support", "no", "billing"]

    @Test("a phrase of the context is understood, whoever says it", arguments: [0, 1, 2])
    func grammar(style: Int) async throws {
        for phrase in ["yes please", "open the door", "no"] {
            let readings = try await Self.recognise(Self.speak(phrase, style: style), context: Self.menu).get()
            #expect(readings.first?.text == phrase)
            #expect((readings.first?.confidence ?? 0) > 0.5)
        }
    }

    @Test("what is not in the context is not taken for the nearest phrase of it")
    func stranger() async throws {
        let readings = try await Self.recognise(
            Self.speak("would you kindly pass me the green umbrella now"), context: Self.menu
        ).get()
        #expect(readings.isEmpty)
    }

    @Test("silence holds no words")
    func silence() async throws {
        let readings = try await Self.recognise([Int16](repeating: 0, count: 16_000), context: Self.menu).get()
        #expect(readings.isEmpty)
    }

    @Test("several utterances at once are each answered, in their own words")
    func together() async throws {
        let phrases = ["no", "open the door", "yes please", "no"]
        var spoken: [[Int16]] = []
        for phrase in phrases { spoken.append(try await Self.speak(phrase)) }
        let heard = await withTaskGroup(of: (Int, String?).self) { group in
            for (index, samples) in spoken.enumerated() {
                group.addTask {
                    (index, try? await Self.recognise(samples, context: Self.menu).get().first?.text)
                }
            }
            return await group.reduce(into: [Int: String]()) { $0[$1.0] = $1.1 }
        }
        #expect((0..<phrases.count).map { heard[$0] } == phrases)
    }

    @Test("words that the dictionary has not, and languages it does not speak, are named")
    func refused() async {
        guard case .failure(let words) = await Self.recognise([], context: ["xyzzy plugh"]),
            case .failure(let language) = await Self.recognise([], context: [], language: "fr-FR")
        else {
            Issue.record("recognised the impossible")
            return
        }
        #expect(words.reason.contains("xyzzy, plugh"))
        #expect(language.reason.contains("fr-FR"))
    }

    @Test("a missing model is named with the package that has it")
    func noModel() async {
        var settings = SpeechRecogniser.Settings()
        settings.model = "/nowhere"
        let recogniser = SpeechRecogniser(settings: settings, log: Self.log)
        guard case .failure(let fault) = await Self.recognise([], context: [], by: recogniser) else {
            Issue.record("recognised without a model")
            return
        }
        #expect(fault.reason.contains("/nowhere") && fault.reason.contains("pocketsphinx-en-us"))
    }

    private static func command(_ script: String) throws -> SpeechRecogniser {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("recogniser-\(UUID().uuidString)").path
        try "#!/bin/sh\n\(script)\n".write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
        var settings = SpeechRecogniser.Settings()
        settings.command = [path, "argument"]
        return SpeechRecogniser(settings: settings, log: log)
    }

    @Test("an external command gets the sound, its language and context, and its line is the answer")
    func external() async throws {
        let recogniser = try Self.command(
            #"""
            bytes=$(wc -c)
            printf '{"results":[{"text":"%s %s %s","confidence":0.5}]}\n' "$bytes" "$SWITCHHOOK_LANGUAGE" "$1"
            """#)
        let readings = try await Self.recognise(
            [Int16](repeating: 1, count: 1000), context: ["a \"b\""], language: "pt-BR", by: recogniser
        ).get()
        #expect(readings == [SpeechReading(text: "2000 pt-BR argument", confidence: 0.5)])
    }

    @Test("a command may tell when each word was said, and, asked for it, how it is meant")
    func externalWords() async throws {
        let recogniser = try Self.command(
            #"""
            cat > /dev/null
            printf '{"results":[{"text":"oh no","confidence":"0.5","sentiment":"asked %s","words":[' "$SWITCHHOOK_SENTIMENT"
            printf '{"word":"oh","start_time":10,"end_time":200,"confidence":0.25},{"word":"no","start_time":9}]}]}\n'
            """#)
        for wanted in [true, false] {
            let readings = await withCheckedContinuation { continuation in
                let utterance = recogniser.begin(language: "en-US", context: [], wantsSentiment: wanted) {
                    continuation.resume(returning: $0)
                }
                utterance.finish()
            }
            let word = SpokenWord(text: "oh", start: 10, end: 200, confidence: 0.25)
            #expect(
                try readings.get() == [
                    SpeechReading(
                        text: "oh no", confidence: 0.5, words: [word], sentiment: wanted ? "asked 1" : nil)
                ])
        }
    }

    @Test(
        "a command that fails is told by name",
        arguments: [
            ("echo '{\"error\":\"no licence\"}'", "no licence"), ("exit 3", "ended with 3"),
            ("echo nonsense", "no JSON"), ("echo '{}'", "neither results nor error"),
        ])
    func failing(script: String, reason: String) async throws {
        let outcome = await Self.recognise(
            [Int16](repeating: 1, count: 200_000), context: [], by: try Self.command(script))
        guard case .failure(let fault) = outcome else {
            Issue.record("no fault")
            return
        }
        #expect(fault.reason.contains(reason))
    }
}
