import EdgeProtocols
internal import Synchronization

/// Brings together why a speech input ended and what the recogniser made of it, whichever comes first.
///
/// - Threading: any thread.
final class SpeechAnswer: Sendable {
    private struct State {
        var end: SpeechEnd?
        var saved: RecordingResult?
        var outcome: Result<[SpeechReading], SpeechFault>?
        var isTold = false
    }

    private let state = Mutex(State())
    private let tell: @Sendable (ListeningNews) -> Void

    init(_ tell: @escaping @Sendable (ListeningNews) -> Void) { self.tell = tell }

    func settle(_ end: SpeechEnd, _ saved: RecordingResult?) {
        update { state in
            state.end = end
            state.saved = saved
        }
    }

    func take(_ outcome: Result<[SpeechReading], SpeechFault>) { update { $0.outcome = outcome } }

    private func update(_ change: (inout State) -> Void) {
        let result = state.withLock { state -> SpeechResult? in
            change(&state)
            guard !state.isTold, let end = state.end, let outcome = state.outcome else { return nil }
            state.isTold = true
            switch outcome {
            case .success(let readings): return SpeechResult(readings: readings, end: end, saved: state.saved)
            case .failure(let fault):
                return SpeechResult(readings: [], end: end, error: fault.reason, saved: state.saved)
            }
        }
        if let result { tell(.speech(result)) }
    }
}
