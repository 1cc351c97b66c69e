/// Tells speech from the noise behind it, by level.
///
/// The noise is the least level of the last second or two: between its sounds speech falls back to it.
///
/// - Units: power of 20 ms of 16-bit samples (mean square).
/// - Threading: a value; allocates nothing, takes no lock.
public struct VoiceActivity: Sendable {
    /// Speech is that much louder than the noise: 8 dB.
    private static var distance: Double { @_noLocks get { 6.3 } }
    /// Noise louder than −34 dBFS is taken for speech rather than speech for noise.
    private static var loudestNoise: Double { @_noLocks get { 32_768.0 * 32_768 * 0.0004 } }
    private static var windowFrames: Int { @_noLocks get { 40 } }

    private let least: Double
    /// Negative: nothing was heard yet.
    private var smooth: Double
    private var current: Double
    private var previous: Double
    private var frames: Int

    /// - Parameter sensitivity: 10…100; 100 hears a voice of −48 dBFS, 10 one of −23 dBFS.
    @_noLocks public init(sensitivity: Int = 90) {
        let decibels = Int(20 + 0.28 * Double(min(100, max(0, sensitivity))))
        // 10^(−dB/10) without Foundation: powers of 10^0.1.
        var power = 32_768.0 * 32_768
        var index = 0
        while index < decibels {
            power *= 0.794_328_234_724_281_5
            index &+= 1
        }
        least = power
        smooth = -1
        current = .infinity
        previous = .infinity
        frames = 0
    }

    /// Takes the next 20 ms.
    /// - Returns: true when they hold speech.
    @_noLocks public mutating func hears(_ power: Double) -> Bool {
        smooth = smooth < 0 ? power : smooth * 0.5 + power * 0.5
        current = min(current, smooth)
        frames &+= 1
        if frames == Self.windowFrames {
            frames = 0
            previous = current
            current = .infinity
        }
        let noise = min(min(previous, current), Self.loudestNoise)
        return power > least && power > noise * Self.distance
    }
}
