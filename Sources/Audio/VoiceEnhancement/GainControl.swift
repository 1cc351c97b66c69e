/// Brings the voice to a steady level, slowly and only while somebody speaks, and keeps peaks below full scale.
///
/// - Units: levels are powers of full scale 1; gains are factors.
/// - Threading: one thread; allocates nothing, takes no lock.
struct GainControl {
    /// -23 dBFS while speaking.
    private static var target: Float { @_noLocks get { 0.005 } }
    private static var mostGain: Float { @_noLocks get { 5.6 } }
    private static var leastGain: Float { @_noLocks get { 0.25 } }
    /// -1 dBFS.
    private static var ceiling: Float { @_noLocks get { 0.89 } }
    /// Factors a hop of 5 ms: 3 dB and 9 dB a second, and 60 dB a second for the limiter's way back.
    private static var rise: Float { @_noLocks get { 1.001_73 } }
    private static var fall: Float { @_noLocks get { 0.994_83 } }
    private static var release: Float { @_noLocks get { 1.035 } }
    private static var speech: Float { @_noLocks get { 0.25 } }

    /// The speaker's level; nil until somebody has spoken for half a second.
    private var level: Float = 0
    private var heardHops = 0
    private var steady: Float = 1
    private var limit: Float = 1
    /// Gain at the end of the hop before.
    private(set) var gain: Float = 1

    @_noLocks init() {}

    /// - Parameters:
    ///   - clarity: share of the spectrum in which the near end speaks, 0…1.
    ///   - noise: mean power of the noise left in a sample.
    @_noLocks mutating func run(_ sound: Samples, count: Int, clarity: Float, noise: Float) {
        var power: Float = 0
        var peak: Float = 0
        for index in 0..<count {
            let value = unsafe sound[index]
            power += value * value
            let magnitude = abs(value)
            if magnitude > peak { peak = magnitude }
        }
        power /= Float(count)
        // Between -60 dBFS and full scale, and well above what the noise is.
        if clarity > Self.speech && power > 1e-6 && power > 8 * noise { hear(power) }
        let wanted = steady * limit
        let bound = peak * wanted > Self.ceiling ? Self.ceiling / peak : wanted
        limit = min(1, (bound < wanted ? bound / steady : limit * Self.release))
        let next = min(steady * limit, peak * steady * limit > Self.ceiling ? Self.ceiling / peak : steady * limit)
        // A peak must not pass while the gain still comes down: down at once over an eighth of the hop, up over all of it.
        let length = next < gain ? count / 8 : count
        let step = (next - gain) / Float(length)
        for index in 0..<count {
            let now = index < length ? gain + step * Float(index &+ 1) : next
            let value = unsafe sound[index] * now
            unsafe sound[index] = value > Self.ceiling ? Self.ceiling : value < -Self.ceiling ? -Self.ceiling : value
        }
        gain = next
    }

    @_noLocks private mutating func hear(_ power: Float) {
        heardHops &+= 1
        // Mean over the first half second, then over some three seconds of speech.
        let share: Float = heardHops < 600 ? 1 / Float(heardHops) : 1 / 600
        level += (power - level) * share
        if heardHops < 100 { return }
        let ideal = FastMath.root(Self.target / (level + 1e-9))
        let wanted = min(Self.mostGain, max(Self.leastGain, ideal))
        steady = wanted > steady ? min(wanted, steady * Self.rise) : max(wanted, steady * Self.fall)
    }
}
