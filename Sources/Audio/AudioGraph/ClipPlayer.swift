/// Plays a clip into a mix: a number of times, at a gain, at the clip's own rate or another.
///
/// Control converts a clip to the rate of the mix before it plays; when the mix changes its rate meanwhile, the rest is
/// read with linear interpolation.
///
/// - Memory: `samples` belongs to control and must outlive the player.
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
@safe public struct ClipPlayer {
    private let samples: UnsafePointer<Int16>
    private let count: Int
    private let rate: Int
    /// Gain in 1/4 096.
    private let gain: Int32
    /// Rounds still to be played, the present one included; negative: for ever.
    private var rounds: Int
    /// Position in 1/65 536 samples.
    private var position: Int

    /// - Parameters:
    ///   - loops: 0 plays until it is stopped.
    ///   - gain: in 1/4 096; brought into 0 to 64 × 4 096.
    @_noLocks public init(samples: UnsafePointer<Int16>, count: Int, rate: Int, loops: Int, gain: Int32) {
        unsafe self.samples = samples
        self.count = count
        self.rate = rate
        self.gain = max(0, min(64 &* 4096, gain))
        rounds = loops <= 0 ? -1 : loops
        position = 0
    }

    /// Adds the next `count` samples of a mix at `mixRate` to `sum`.
    /// - Returns: false when the clip ended within them, or had ended before.
    @_noLocks public mutating func render(
        into sum: UnsafeMutablePointer<Int32>, count wanted: Int, mixRate: Int
    ) -> Bool {
        let end = count &<< 16
        if end == 0 { return false }
        let step = (rate &<< 16) / mixRate
        var index = 0
        while index < wanted {
            if position >= end {
                if rounds > 0 { rounds &-= 1 }
                if rounds == 0 { return false }
                position &-= end
            }
            let whole = position >> 16
            var value = Int32(unsafe samples[whole])
            let fraction = Int32(truncatingIfNeeded: position & 0xFFFF)
            if fraction != 0 && whole &+ 1 < count {
                value &+= ((Int32(unsafe samples[whole &+ 1]) &- value) &* (fraction >> 2)) >> 14
            }
            unsafe sum[index] = unsafe sum[index] &+ SampleMath.scaled(value, by: gain)
            position &+= step
            index &+= 1
        }
        return !(position >= end && rounds == 1)
    }
}

extension SampleMath {
    /// `value` times `gain` / 4 096, clipped to 16 bits so that no prompt can overflow a sum.
    @_noLocks @inlinable static func scaled(_ value: Int32, by gain: Int32) -> Int32 {
        if gain == 4096 { return value }
        return Int32(clip(Int32(truncatingIfNeeded: (Int64(value) &* Int64(gain)) >> 12)))
    }
}
