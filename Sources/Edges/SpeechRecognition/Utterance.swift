import EdgeProtocols
import Foundation
import Synchronization

/// Sound on its way from whoever listens to a recognition thread, and the answer on its way back.
///
/// - Bounds: `capacity` samples wait; an engine that falls further behind fails the utterance.
/// - Threading: any thread.
final class Utterance: SpeechUtterance {
    typealias Outcome = Result<[SpeechReading], SpeechFault>

    /// 70 s: the longest speech and its silence at the end fit while every engine is busy.
    private static let capacity = 70 * 16_000

    private struct State {
        var samples: [Int16] = []
        var isFinished = false
        var isCancelled = false
        var done: (@Sendable (Outcome) -> Void)?
    }

    let language: String
    let context: [String]
    let wantsSentiment: Bool
    private let state: Mutex<State>
    private let arrived = DispatchSemaphore(value: 0)

    init(
        language: String, context: [String], wantsSentiment: Bool = false,
        done: @escaping @Sendable (Outcome) -> Void
    ) {
        self.language = language
        self.context = context
        self.wantsSentiment = wantsSentiment
        state = Mutex(State(done: done))
    }

    func feed(_ samples: [Int16]) {
        let isFull = state.withLock { state in
            if state.done == nil || state.isFinished { return false }
            guard state.samples.count + samples.count <= Self.capacity else { return true }
            state.samples += samples
            return false
        }
        if isFull { settle(.failure(SpeechFault("every recogniser is busy"))) }
        arrived.signal()
    }

    func finish() {
        state.withLock { $0.isFinished = true }
        arrived.signal()
    }

    func cancel() {
        state.withLock { state in
            state.isCancelled = true
            state.done = nil
        }
        arrived.signal()
    }

    /// Whether an answer is still wanted.
    var isWanted: Bool { state.withLock { $0.done != nil } }

    /// Waits for sound; nil when there is no more, or nobody wants the answer.
    func next() -> [Int16]? {
        while true {
            let (samples, isOver) = state.withLock { state in
                defer { state.samples = [] }
                return (state.samples, state.isFinished || state.done == nil)
            }
            if !samples.isEmpty, isWanted { return samples }
            if isOver { return nil }
            arrived.wait()
        }
    }

    /// Gives the answer, once.
    func settle(_ outcome: Outcome) {
        let done = state.withLock { state in
            defer { state.done = nil }
            return state.done
        }
        done?(outcome)
    }
}
