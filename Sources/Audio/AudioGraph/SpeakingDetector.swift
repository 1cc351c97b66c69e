/// Tells when somebody begins and ends to speak, for those who watch a conversation.
///
/// On after 80 ms of speech among 160, so that a click or a cough is nothing; off after half a second without, so that
/// the pauses between words are nothing either.
///
/// - Reference: contract events.md, `audio:speaking:on` and `:off`.
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
public struct SpeakingDetector: Sendable {
    /// Voiced frames among the last eight that make a beginning.
    private static var beginning: Int { @_noLocks get { 4 } }
    /// Frames of silence that make an end.
    private static var ending: Int { @_noLocks get { 25 } }

    public private(set) var isOn: Bool
    private var activity: VoiceActivity
    private var power: Double
    private var samples: Int
    private var recent: UInt8
    private var silentFrames: Int

    @_noLocks public init() {
        isOn = false
        activity = VoiceActivity()
        power = 0
        samples = 0
        recent = 0
        silentFrames = 0
    }

    /// Takes the next sound.
    /// - Parameter sound: nil is silence.
    /// - Returns: true when `isOn` has changed.
    @_noLocks public mutating func hear(_ sound: UnsafePointer<Int16>?, count: Int, rate: Int) -> Bool {
        if let sound = unsafe sound { power += unsafe SampleMath.energy(sound, count: count) }
        samples &+= count
        if samples < rate / 50 { return false }
        let isVoiced = activity.hears(power / Double(samples))
        power = 0
        samples = 0
        recent = recent << 1 | (isVoiced ? 1 : 0)
        if isOn {
            silentFrames = isVoiced ? 0 : silentFrames &+ 1
            if silentFrames < Self.ending { return false }
            isOn = false
            recent = 0
        } else {
            if recent.nonzeroBitCount < Self.beginning { return false }
            isOn = true
            silentFrames = 0
        }
        return true
    }
}
