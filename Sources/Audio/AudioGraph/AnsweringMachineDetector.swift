/// Decides from its first seconds whether a person or a machine has answered a call, and finds the machine's beep.
///
/// A person says a word or two and waits; a machine reads a text. So: speech that goes on, with pauses no longer than
/// between sentences, is a machine; a short greeting followed by silence is a person. Nobody at all is a person too: to
/// hang up on someone who listens would be the worse mistake.
///
/// - Units: frames of 20 ms at 16 kHz.
/// - Reference: contract voice-webhooks §9.7 (decision within 4 to 5 s).
/// - Threading: a value; allocates when it is made.
public struct AnsweringMachineDetector: Sendable {
    public enum Event: Hashable, Sendable {
        /// Confidence in percent.
        case human(confidence: Int)
        case machine(confidence: Int)
        /// The beep is over, or has lasted a second and a half: speak now.
        case beep
        case noBeep
    }

    private enum State: Hashable {
        case deciding
        /// A machine that may still beep.
        case waitingForBeep
        case over
    }

    // In frames of 20 ms.
    private static let longestGreeting = 115
    private static let longestVoice = 90
    private static let closingSilence = 45
    private static let longestWait = 225
    private static let latest = 240
    private static let longestBeep = 75

    private let beepFrames: Int
    private var activity = VoiceActivity()
    private var tone = ToneTracker()
    private var state = State.deciding
    private var frames = 0
    private var recent: UInt8 = 0
    /// Frame in which the greeting began.
    private var began: Int?
    private var voiced = 0
    private var silent = 0
    private var wasBeep = false

    /// - Parameter beepTimeoutSeconds: how long a machine may talk before its beep; nil: nobody asks for the beep.
    public init(beepTimeoutSeconds: Int?) { beepFrames = (beepTimeoutSeconds ?? 0) * 50 }

    /// Nothing will be told any more.
    public var isOver: Bool { state == .over }

    /// Takes the next 20 ms: 320 samples.
    public mutating func hear(_ frame: [Int16]) -> [Event] {
        if state == .over { return [] }
        tone.hear(frame)
        frames += 1
        switch state {
        case .deciding: return decide(frame)
        case .waitingForBeep: return waitForBeep()
        case .over: return []
        }
    }

    private mutating func decide(_ frame: [Int16]) -> [Event] {
        var power = 0.0
        for sample in frame { power += Double(sample) * Double(sample) }
        let isVoiced = activity.hears(power / Double(frame.count))
        recent = recent << 1 | (isVoiced ? 1 : 0)
        // A beep before anybody has decided: only machines beep.
        if tone.isBeep { return machine(confidence: 97) }
        guard let began else {
            if recent.nonzeroBitCount >= 4 { (self.began, voiced) = (frames - recent.nonzeroBitCount, 4) }
            return frames >= Self.longestWait ? human(confidence: 50) : []
        }
        if isVoiced {
            voiced += 1
            silent = 0
        } else {
            silent += 1
        }
        if silent >= Self.closingSilence { return human(confidence: voiced < 60 ? 95 : 80) }
        if frames - silent - began >= Self.longestGreeting || voiced >= Self.longestVoice {
            return machine(confidence: 90)
        }
        return frames >= Self.latest && voiced >= 60 ? machine(confidence: 60) : []
    }

    private mutating func human(confidence: Int) -> [Event] {
        state = .over
        return [.human(confidence: confidence)]
    }

    private mutating func machine(confidence: Int) -> [Event] {
        state = beepFrames > 0 ? .waitingForBeep : .over
        frames = 0
        return [.machine(confidence: confidence)]
    }

    private mutating func waitForBeep() -> [Event] {
        if tone.isBeep { wasBeep = true }
        if wasBeep, tone.frames == 0 || tone.frames >= Self.longestBeep {
            state = .over
            return [.beep]
        }
        guard frames >= beepFrames, !wasBeep else { return [] }
        state = .over
        return [.noBeep]
    }
}
