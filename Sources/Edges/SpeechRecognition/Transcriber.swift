import CallModel
public import EdgeProtocols
import Foundation
public import Logging
import PromptAudio
import Synchronization
import WireJSON

/// Writes finished recordings down, one after the other: each channel is cut into utterances, these are recognised, and the
/// transcript becomes a file.
///
/// - Bounds: `limit` recordings wait beside the one that is written down; more are refused.
/// - Threading: any thread; a thread of its own, made with the first recording, reads files and waits for engines.
/// - Fails with: a reason in the result.
public final class Transcriber: Transcribing {
    private struct Job {
        var order: TranscriptionOrder
        var done: @Sendable (TranscriptionResult) -> Void
    }

    private struct State {
        var waiting: [Job] = []
        var current: Job?
        var utterance: (any SpeechUtterance)?
        var hasThread = false
        var isStopped = false
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
        let arrived = DispatchSemaphore(value: 0)
        /// The answer of an engine, or `stop`.
        let answered = DispatchSemaphore(value: 0)
    }

    private let shared = Shared()
    private let recogniser: any SpeechRecognising
    private let limit: Int
    private let log: Logger

    /// - Parameter recogniser: engines of its own, so that no caller waits for a recording.
    public init(recogniser: any SpeechRecognising, limit: Int, log: Logger) {
        self.recogniser = recogniser
        self.limit = limit
        self.log = log
    }

    /// Recordings that wait or are being written down.
    public var count: Int { shared.state.withLock { $0.waiting.count + ($0.current == nil ? 0 : 1) } }

    public func transcribe(_ order: TranscriptionOrder, done: @escaping @Sendable (TranscriptionResult) -> Void) {
        let (refusal, needsThread) = shared.state.withLock { state -> (String?, Bool) in
            // Left to the next start, as all that is under way.
            if state.isStopped { return (nil, false) }
            if state.waiting.count + (state.current == nil ? 0 : 1) > limit {
                return ("limits.transcriptions is reached: \(limit)", false)
            }
            state.waiting.append(Job(order: order, done: done))
            defer { state.hasThread = true }
            return (nil, !state.hasThread)
        }
        if let refusal {
            done(TranscriptionResult(byteCount: 0, failure: refusal))
            return
        }
        if needsThread { startThread() }
        shared.arrived.signal()
    }

    /// Ends what runs and what waits; nobody is told, for it is taken up again at the next start.
    public func stop() {
        shared.state.withLock { state in
            state.isStopped = true
            state.utterance?.cancel()
            state.waiting = []
            state.current = nil
        }
        shared.answered.signal()
        shared.arrived.signal()
    }

    private func startThread() {
        let (shared, recogniser, log) = (shared, recogniser, log)
        let thread = Thread {
            while let order = Self.next(shared) {
                let begun = ContinuousClock.now
                let result = Self.write(order, recogniser, shared)
                guard let job = shared.state.withLock({ $0.current.take() }) else {
                    // Stopped meanwhile: it is written anew.
                    _ = unsafe unlink(order.path)
                    continue
                }
                log.info(
                    "recording transcribed",
                    metadata: [
                        "request": .string(order.id.text), "took": "\(ContinuousClock.now - begun)",
                        "failure": .string(result.failure ?? "none"),
                    ])
                job.done(result)
            }
        }
        thread.name = "transcripts"
        thread.stackSize = 1 << 20
        thread.start()
    }

    /// Waits for the next recording; nil when the transcriber is stopped.
    private static func next(_ shared: Shared) -> TranscriptionOrder? {
        while true {
            shared.arrived.wait()
            let (order, isStopped) = shared.state.withLock { state -> (TranscriptionOrder?, Bool) in
                guard !state.isStopped, !state.waiting.isEmpty else { return (nil, state.isStopped) }
                let job = state.waiting.removeFirst()
                state.current = job
                return (job.order, false)
            }
            if isStopped { return nil }
            if let order { return order }
        }
    }

    private static func write(
        _ order: TranscriptionOrder, _ recogniser: any SpeechRecognising, _ shared: Shared
    ) -> TranscriptionResult {
        do throws(SpeechFault) {
            let transcript = try listen(order, recogniser, shared)
            let bytes = transcript.json(order.id).bytes
            if let fault = TranscriptFile.write(bytes, to: order.path) { throw SpeechFault(fault) }
            return TranscriptionResult(byteCount: Int64(bytes.count))
        } catch {
            return TranscriptionResult(byteCount: 0, failure: error.reason)
        }
    }

    private static func listen(
        _ order: TranscriptionOrder, _ recogniser: any SpeechRecognising, _ shared: Shared
    ) throws(SpeechFault) -> Transcript {
        let file: SoundFileReader
        do throws(SoundFileFault) {
            file = try SoundFileReader(path: order.recording)
        } catch {
            throw SpeechFault("the recording cannot be read: \(error.reason)")
        }
        guard file.sampleRate == UtteranceSplitter.sampleRate else {
            throw SpeechFault("the recording has \(file.sampleRate) samples a second")
        }
        let channels = file.channels
        var transcript = Transcript(
            channels: Array(repeating: Transcript.Channel(), count: channels), wantsSentiment: order.wantsSentiment)
        var splitters = Array(repeating: UtteranceSplitter(), count: channels)
        var frames = 0
        func take(_ piece: UtteranceSplitter.Piece?, _ channel: Int) throws(SpeechFault) {
            guard let piece else { return }
            let readings = try recognise(piece, order, recogniser, shared)
            guard let sentence = Transcript.Sentence(readings, of: piece) else { return }
            transcript.channels[channel].sentences.append(sentence)
        }
        while true {
            let block = file.read(frames: UtteranceSplitter.frameSamples)
            if block.isEmpty { break }
            frames += block.count / channels
            for channel in 0..<channels {
                let frame = stride(from: channel, to: block.count, by: channels).map { block[$0] }
                try take(splitters[channel].hear(frame), channel)
            }
        }
        for channel in 0..<channels {
            transcript.channels[channel].milliseconds = frames * 1000 / UtteranceSplitter.sampleRate
            try take(splitters[channel].end(), channel)
        }
        return transcript
    }

    /// Waits for an engine's answer.
    private static func recognise(
        _ piece: UtteranceSplitter.Piece, _ order: TranscriptionOrder, _ recogniser: any SpeechRecognising,
        _ shared: Shared
    ) throws(SpeechFault) -> [SpeechReading] {
        let box = AnswerBox()
        let utterance = recogniser.begin(
            language: order.language, context: [], wantsSentiment: order.wantsSentiment
        ) { outcome in
            box.answer.withLock { $0 = outcome }
            shared.answered.signal()
        }
        let isStopped = shared.state.withLock { state in
            state.utterance = utterance
            return state.isStopped
        }
        if isStopped { throw SpeechFault("the box was stopped") }
        utterance.feed(piece.samples)
        utterance.finish()
        shared.answered.wait()
        shared.state.withLock { $0.utterance = nil }
        guard let outcome = box.answer.withLock({ $0 }) else { throw SpeechFault("the box was stopped") }
        return try outcome.get()
    }

    private final class AnswerBox: Sendable {
        let answer = Mutex<Result<[SpeechReading], SpeechFault>?>(nil)
    }
}
