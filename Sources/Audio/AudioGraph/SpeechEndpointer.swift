/// Finds where somebody begins and ends to speak (ncco §3.6: startTimeout, endOnSilence, maxDuration).
///
/// - Units: power of 20 ms of 16-bit samples (mean square); times in seconds of sound.
/// - Threading: a value; no allocation.
public struct SpeechEndpointer: Sendable {
    public enum Event: Hashable, Sendable {
        case began
        case endedBySilence
        case tooLong
        case notBegun
    }

    private enum State { case waiting, speaking, over }
    private static let framesPerSecond = 50.0
    /// Voiced frames among the last eight that make a beginning: a click is shorter.
    private static let beginning = 5

    private let silence: Int
    private let patience: Int
    private let longest: Int
    private var activity: VoiceActivity
    private var state = State.waiting
    private var isArmed = false
    private var recent: UInt8 = 0
    /// Frames since it was armed, or since the speech began.
    private var frames = 0
    private var silentFrames = 0

    public init(endOnSilence: Double, startTimeout: Int, maxDuration: Int, sensitivity: Int) {
        silence = max(1, Int(endOnSilence * Self.framesPerSecond))
        patience = Int(Double(startTimeout) * Self.framesPerSecond)
        longest = Int(Double(maxDuration) * Self.framesPerSecond)
        activity = VoiceActivity(sensitivity: sensitivity)
    }

    /// From now on the time to begin runs.
    public mutating func arm() { isArmed = true }

    /// Takes the next 20 ms.
    public mutating func hear(_ power: Double) -> Event? {
        let isVoiced = activity.hears(power)
        switch state {
        case .waiting:
            recent = recent << 1 | (isVoiced ? 1 : 0)
            if recent.nonzeroBitCount >= Self.beginning {
                state = .speaking
                frames = 0
                return .began
            }
            if isArmed { frames += 1 }
            guard isArmed, frames >= patience else { return nil }
            state = .over
            return .notBegun
        case .speaking:
            frames += 1
            silentFrames = isVoiced ? 0 : silentFrames + 1
            if silentFrames >= silence {
                state = .over
                return .endedBySilence
            }
            guard frames >= longest else { return nil }
            state = .over
            return .tooLong
        case .over: return nil
        }
    }
}
