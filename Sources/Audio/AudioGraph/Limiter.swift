/// The last stage before one listener: keeps a sum of voices below full scale by its gain, never by a hard clip.
///
/// A sum that stays below −1 dBFS passes bit by bit. The gain comes down within 1 ms and goes up again in half a second;
/// what stands out in that millisecond is bent, not cut.
///
/// - Units: sums and samples in 16-bit linear steps.
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
public struct Limiter: Sendable {
    private static var threshold: Int32 { @_noLocks get { 29_204 } }
    private var gain: Float

    @_noLocks public init() { gain = 1 }

    @_noLocks public mutating func run(
        _ sum: UnsafePointer<Int32>, into samples: UnsafeMutablePointer<Int16>, count: Int, rate: Int
    ) {
        var lowest: Int32 = 0
        var highest: Int32 = 0
        var index = 0
        while index < count {
            lowest = min(lowest, unsafe sum[index])
            highest = max(highest, unsafe sum[index])
            index &+= 1
        }
        let peak = max(highest, 0 &- max(lowest, -0x4000_0000))
        if gain == 1 && peak <= Self.threshold {
            index = 0
            while index < count {
                unsafe samples[index] = Int16(truncatingIfNeeded: sum[index])
                index &+= 1
            }
            return
        }
        let wanted = peak > Self.threshold ? Float(Self.threshold) / Float(peak) : 1
        let recovered = min(1, gain + Float(count) / Float(rate) * 2)
        let end = min(wanted, recovered)
        let ramp = end < gain ? max(1, min(count, rate / 1000)) : max(1, count)
        let step = (end - gain) / Float(ramp)
        index = 0
        while index < count {
            if index < ramp { gain += step }
            unsafe samples[index] = Self.bent(Float(sum[index]) * gain)
            index &+= 1
        }
        gain = end > 0.9999 ? 1 : end
    }

    /// Straight up to the threshold, then ever flatter towards full scale.
    @_noLocks private static func bent(_ value: Float) -> Int16 {
        let limit = Float(threshold)
        let room = 32_767 - limit
        if value > limit {
            let over = value - limit
            return Int16(limit + room * over / (over + room))
        }
        if value < 0 - limit {
            let over = 0 - limit - value
            return Int16(0 - limit - room * over / (over + room))
        }
        return Int16(value)
    }
}
