/// The gain of each bin that leaves speech and takes noise and echo.
///
/// - Threading: one thread; allocates nothing, takes no lock.
@safe struct SpeechGains {
    /// Gain of each bin of the current frame.
    let values: Samples
    /// How likely it is that somebody speaks into the microphone now, 0…1.
    private var presence: Float = 0
    /// Share of the bins in which somebody speaks clearly, 0…1.
    private(set) var clarity: Float = 0
    private let tuning: Tuning
    private let bins: Int
    private let noiseKept: Float
    /// How much of the noise counts as unwanted.
    private let noiseWeight: Float
    /// Power of the speech found in the frame before.
    private let before: Samples
    private let prior: Samples
    private let smoothed: Samples

    init(_ arena: inout LaneArena, bins: Int, lanes: Int, tuning: Tuning, noiseKept: Float) {
        self.noiseKept = noiseKept
        noiseWeight = noiseKept < 1 ? 1 : 1e-3
        self.bins = bins
        self.tuning = tuning
        unsafe values = arena.samples(lanes * 8)
        unsafe before = arena.samples(lanes * 8)
        unsafe prior = arena.samples(lanes * 8)
        unsafe smoothed = arena.samples(lanes * 8)
    }

    @_noLocks mutating func decide(frame: Lanes, noise: Lanes, echo: Lanes) {
        let frame = unsafe UnsafeMutableRawPointer(frame).assumingMemoryBound(to: Float.self)
        let noise = unsafe UnsafeMutableRawPointer(noise).assumingMemoryBound(to: Float.self)
        let echo = unsafe UnsafeMutableRawPointer(echo).assumingMemoryBound(to: Float.self)
        var sum: Float = 0
        var clear = 0
        for bin in 0..<bins {
            let unwanted = unsafe noiseWeight * noise[bin] + echo[bin] + 1e-12
            let ratio = unsafe frame[bin] / unwanted
            let past = unsafe before[bin] / (before[bin] + unwanted)
            let weight = tuning.priorLeast + (tuning.priorMost - tuning.priorLeast) * past * past
            var value = unsafe weight * before[bin] / unwanted + (1 - weight) * max(0, ratio - 1)
            if value > 100 { value = 100 }
            unsafe prior[bin] = value
            // The least keeps silence from becoming a number so small that it is slow to work with.
            unsafe smoothed[bin] = max(1e-12, smoothed[bin] + tuning.presenceShare * (value - smoothed[bin]))
            sum += unsafe smoothed[bin]
            // 6 dB above what is not wanted, for some time.
            if unsafe smoothed[bin] > 4 { clear &+= 1 }
        }
        clarity = Float(clear) / Float(bins)
        let mean = sum / Float(bins)
        presence = 0.1 + 0.9 * likelihood(mean)
        for bin in 0..<bins {
            let unwanted = unsafe noiseWeight * noise[bin] + echo[bin] + 1e-12
            let ratio = unsafe min(1000, frame[bin] / unwanted)
            let value = unsafe prior[bin]
            let wiener = value / (1 + value)
            let v = wiener * ratio
            let gain = min(1, wiener * FastMath.halfIntegralExp(v))
            let near =
                unsafe 0.25 * (bin > 0 ? smoothed[bin &- 1] : 0) + 0.5 * smoothed[bin] + 0.25 * smoothed[bin &+ 1]
            let absence = 1 - presence * (0.2 + 0.8 * likelihood(near))
            let odds = absence / (1 - absence + 1e-6) * (1 + value) * FastMath.exp(-v)
            let chance = 1 / (1 + odds)
            let floor = unsafe (noiseWeight * noiseKept * noise[bin] + tuning.echoFloor * echo[bin]) / unwanted
            let root = chance * FastMath.root(gain) + (1 - chance) * FastMath.root(FastMath.root(floor))
            unsafe values[bin] = root * root
            unsafe before[bin] = gain * gain * frame[bin]
        }
    }

    @inline(__always) @_noLocks private func likelihood(_ ratio: Float) -> Float {
        let square = ratio * ratio
        return square / (square + tuning.presenceKnee * tuning.presenceKnee)
    }
}
