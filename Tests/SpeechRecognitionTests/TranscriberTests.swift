import CallModel
import EdgeProtocols
import Foundation
import Logging
import PromptAudio
import Synchronization
import Testing
import WireJSON

@testable import SpeechRecognition

/// An engine that says how much it heard, word by word.
private final class Counting: SpeechRecognising {
    struct Heard: SpeechUtterance {
        let owner: Counting
        let language: String
        let wantsSentiment: Bool
        let samples = Box()
        let done: @Sendable (Result<[SpeechReading], SpeechFault>) -> Void
        final class Box: Sendable { let count = Mutex(0) }

        func feed(_ samples: [Int16]) { self.samples.count.withLock { $0 += samples.count } }
        func finish() {
            if owner.isDeaf { return }
            let milliseconds = samples.count.withLock { $0 } / 16
            if language == "xx" { return done(.failure(SpeechFault("no recogniser for the language xx"))) }
            let word = SpokenWord(text: "sound", start: 100, end: milliseconds - 100, confidence: 0.123456)
            done(
                .success([
                    SpeechReading(
                        text: "sound", confidence: 0.5, words: [word], sentiment: wantsSentiment ? "neutral" : nil)
                ]))
        }
        func cancel() {}
    }

    let isDeaf: Bool
    init(isDeaf: Bool = false) { self.isDeaf = isDeaf }

    func begin(
        language: String, context: [String], wantsSentiment: Bool,
        done: @escaping @Sendable (Result<[SpeechReading], SpeechFault>) -> Void
    ) -> any SpeechUtterance {
        Heard(owner: self, language: language, wantsSentiment: wantsSentiment, done: done)
    }
}

@Suite struct TranscriberTests {
    private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
        "transcripts-\(UUID().uuidString)")

    init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

    /// The left channel speaks twice, the right one once.
    private func order(
        _ format: RecordingFormat = .wav, language: String = "en-US", sentiment: Bool = false, name: String = "a"
    ) throws -> TranscriptionOrder {
        let path = folder.appendingPathComponent("\(name).\(format.rawValue)").path
        let file = try SoundFileWriter(path: path, format: format, sampleRate: 16_000, channels: 2)
        var samples = [Int16](repeating: 0, count: 2 * 4 * 16_000)
        for (channel, range) in [(0, 8000..<16_000), (0, 40_000..<56_000), (1, 20_000..<30_000)] {
            for index in range { samples[2 * index + channel] = index % 100 < 50 ? 6000 : -6000 }
        }
        try unsafe file.write(samples, frames: samples.count / 2)
        _ = file.close()
        return TranscriptionOrder(
            id: .make(), recording: path, path: folder.appendingPathComponent("\(name).json").path,
            language: language, wantsSentiment: sentiment)
    }

    private func run(_ order: TranscriptionOrder, by transcriber: Transcriber) async -> TranscriptionResult {
        await withCheckedContinuation { continuation in
            transcriber.transcribe(order) { continuation.resume(returning: $0) }
        }
    }

    private func transcriber(_ recogniser: any SpeechRecognising = Counting(), limit: Int = 10) -> Transcriber {
        Transcriber(recogniser: recogniser, limit: limit, log: log)
    }

    @Test(
        "each channel has its sentences with their times, in the file that is told",
        arguments: [RecordingFormat.wav, .mp3])
    func file(format: RecordingFormat) async throws {
        let transcriber = transcriber()
        defer { transcriber.stop() }
        let order = try order(format)
        let result = await run(order, by: transcriber)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: order.path))
        #expect(result == TranscriptionResult(byteCount: Int64(bytes.count)))
        let json = try JSON(parsing: bytes)
        #expect(json.object?.keys == ["ver", "request_id", "channels"])
        #expect(json["request_id"]?.string == order.id.text)
        let channels = try #require(json["channels"]?.array)
        #expect(channels.count == 2 && channels.allSatisfy { $0.object?.keys == ["transcript", "duration"] })
        let sentences = channels.map { $0["transcript"]?.array ?? [] }
        #expect(sentences.map(\.count) == [2, 1])
        let lengths = channels.compactMap { $0["duration"]?.int }
        #expect(lengths.allSatisfy { (4000...4200).contains($0) })
        for (sentence, begin) in zip(sentences.flatMap(\.self), [500, 2500, 1250]) {
            #expect(
                sentence.object?.keys == ["sentence", "raw_sentence", "duration", "timestamp", "confidence", "words"])
            #expect(sentence["sentence"] == "Sound" && sentence["raw_sentence"] == "sound")
            let start = try #require(sentence["timestamp"]?.int)
            #expect((begin - 320...begin + 150).contains(start), "\(start) is near \(begin)")
            let word = try #require(sentence["words"]?.array?.first)
            #expect(word["start_time"]?.int == start && word["confidence"] == .double(0.1235))
            #expect(word["end_time"]?.int == (sentence["duration"]?.int).map { $0 + start })
        }
    }

    @Test("the engine's word for the mood is in the sentence when it is asked for")
    func sentiment() async throws {
        let transcriber = transcriber()
        defer { transcriber.stop() }
        let order = try order(sentiment: true)
        _ = await run(order, by: transcriber)
        let json = try JSON(parsing: Data(contentsOf: URL(fileURLWithPath: order.path)))
        #expect(json["channels"]?.array?.first?["transcript"]?.array?.first?["sentiment"] == "neutral")
    }

    @Test("an engine that fails, and a recording that is none, are told and leave no file")
    func failures() async throws {
        let transcriber = transcriber()
        defer { transcriber.stop() }
        let foreign = try order(language: "xx")
        #expect(await run(foreign, by: transcriber).failure == "no recogniser for the language xx")
        #expect(!FileManager.default.fileExists(atPath: foreign.path))
        var missing = foreign
        missing.recording += "x"
        #expect(await run(missing, by: transcriber).failure?.hasPrefix("the recording cannot be read") == true)
        var unwritable = try order(name: "b")
        unwritable.path = folder.path + "/no/such/folder.json"
        #expect(await run(unwritable, by: transcriber).failure == "No such file or directory")
    }

    @Test("beyond the limit a recording is refused by name; what runs and waits when the box stops is told to nobody")
    func stopped() async throws {
        let transcriber = transcriber(Counting(isDeaf: true), limit: 1)
        let order = try order()
        let told = Mutex<[TranscriptionResult]>([])
        func transcribe() { transcriber.transcribe(order) { result in told.withLock { $0.append(result) } } }
        // One is written down, one waits.
        for _ in 0..<3 { transcribe() }
        #expect(told.withLock { $0.map(\.failure) } == ["limits.transcriptions is reached: 1"])
        #expect(transcriber.count == 2)
        transcriber.stop()
        transcribe()
        #expect(transcriber.count == 0 && told.withLock { $0.count } == 1)
        #expect(!FileManager.default.fileExists(atPath: order.path))
    }
}
