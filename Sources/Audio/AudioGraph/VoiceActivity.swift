/// Tells speech from the noise behind it, by level.
///
/// The noise is the least level of the last second or two: between its sounds speech falls back to it.
///
/// - Units: power of 20 ms of 16-bit samples (mean square).
/// - Threading: a value; no allocation.
public struct VoiceActivity: Sendable {
    /// Speech is that much louder than the noise: 8 dB.
    private static let distance = 6.3
    /// Noise louder than −34 dBFS is taken for speech rather than speech for noise.
    private static let loudestNoise = 32_768.0 * 32_768 * 0.0004
    private static let windowFrames = 40

    private let least: Double
    private var smooth: Double?
    private var current = Double.infinity
    private var previous = Double.infinity
    private var frames = 0

    /// - Parameter sensitivity: 10…100; 100 hears a voice of −48 dBFS, 10 one of −23 dBFS.
    public init(sensitivity: Int = 90) {
        let decibels = 20 + 0.28 * Double(min(100, max(0, sensitivity)))
        // 10^(−dB/10) without Foundation: powers of 10^0.1.
        var power = 32_768.0 * 32_768
        for _ in 0..<Int(decibels) { power *= 0.794_328_234_724_281_5 }
        least = power
    }

    /// Takes the next 20 ms.
    /// - Returns: true when they hold speech.
    public mutating func hears(_ power: Double) -> Bool {
        let smoothed = smooth.map { $0 * 0.5 + power * 0.5 } ?? power
        smooth = smoothed
        current = min(current, smoothed)
        frames += 1
        if frames == Self.windowFrames {
            frames = 0
            previous = current
            current = .infinity
        }
        let known = min(previous, current)
        let noise = min(known, Self.loudestNoise)
        return power > least && power > noise * Self.distance
    }
}
