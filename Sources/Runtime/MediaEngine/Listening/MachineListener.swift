import AudioGraph
import EdgeProtocols

/// The search for an answering machine, from sound to news.
///
/// - Units: frames of 20 ms at 16 kHz.
/// - Threading: one thread; `tell` is called on it.
struct MachineListener: TapListener {
    private var detector: AnsweringMachineDetector
    private let tell: @Sendable (ListeningNews) -> Void

    init(beepTimeoutSeconds: Int?, tell: @escaping @Sendable (ListeningNews) -> Void) {
        detector = AnsweringMachineDetector(beepTimeoutSeconds: beepTimeoutSeconds)
        self.tell = tell
    }

    mutating func hear(_ frame: [Int16]) {
        for event in detector.hear(frame) {
            switch event {
            case .human(let confidence): tell(.answeredBy(.human, confidence: confidence))
            case .machine(let confidence): tell(.answeredBy(.machine, confidence: confidence))
            case .beep: tell(.beep(true))
            case .noBeep: tell(.beep(false))
            }
        }
    }

    // It listens from the first moment, and nothing of it is left to end.
    func arm() {}
    func soundEnded() {}
}
