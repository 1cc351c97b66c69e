/// Makes up for lost packets of a codec that cannot do it itself: repeats the last pitch period, fading to silence within 60 ms.
///
/// - Units: samples at the rate given to `init`, a multiple of 8 000.
/// - Reference: the idea of ITU-T G.711 appendix I, in a simpler form.
/// - Memory: `GapFiller.memorySamples` samples of the owner's block, given to `init`.
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
@safe public struct GapFiller {
    /// Samples of history kept at most: two windows and the longest period at 48 000 a second.
    @inlinable public static var memorySamples: Int { 320 * 6 }

    private let history: UnsafeMutablePointer<Int16>
    /// Rate in 8 000 a second.
    private let scale: Int
    private let kept: Int
    /// Pitch period being repeated; 0: nothing is being made up.
    private var period: Int
    private var phase: Int
    /// Samples made up since the last good one.
    private var filled: Int

    @_noLocks public init(memory: UnsafeMutablePointer<Int16>, rate: Int) {
        unsafe history = memory
        scale = max(1, min(6, rate / 8000))
        kept = 320 &* scale
        unsafe SampleMath.clear(memory, count: kept)
        period = 0
        phase = 0
        filled = 0
    }

    /// The next good samples: remembers them, and blends the made-up voice into their start.
    @_noLocks public mutating func heard(_ samples: UnsafeMutablePointer<Int16>, count: Int) {
        if period > 0 {
            let seam = Int32(truncatingIfNeeded: 40 &* scale)
            let blend = min(Int(seam), count)
            var index = 0
            while index < blend {
                let weight = Int32(truncatingIfNeeded: index &+ 1)
                let mixed = unsafe madeUp() &* (seam &- weight) &+ Int32(samples[index]) &* weight
                unsafe samples[index] = Int16(truncatingIfNeeded: mixed / seam)
                index &+= 1
            }
            period = 0
        }
        let new = min(kept, count)
        unsafe UnsafeMutableRawPointer(history).copyMemory(
            from: UnsafeRawPointer(history.advanced(by: new)), byteCount: (kept &- new) &* 2)
        unsafe SampleMath.copy(
            samples.advanced(by: count &- new), to: history.advanced(by: kept &- new), count: new)
    }

    /// Makes up `count` samples.
    @_noLocks public mutating func fill(_ samples: UnsafeMutablePointer<Int16>, count: Int) {
        if period == 0 {
            period = findPeriod()
            phase = 0
            filled = 0
        }
        var index = 0
        while index < count {
            unsafe samples[index] = Int16(truncatingIfNeeded: madeUp())
            index &+= 1
        }
    }

    /// The next made-up sample: full level for 10 ms, silent from 60 ms on.
    @_noLocks private mutating func madeUp() -> Int32 {
        let value = unsafe Int32(history[kept &- period &+ phase])
        phase = phase &+ 1 == period ? 0 : phase &+ 1
        let level = Int32(truncatingIfNeeded: max(0, min(400, 480 &- filled / scale)))
        filled &+= 1
        return value &* level / 400
    }

    /// The lag (5 to 15 ms) at which the last 10 ms are most like what went before.
    @_noLocks private func findPeriod() -> Int {
        var best = 80 &* scale
        var bestLikeness: Float = 0
        var lag = 40 &* scale
        while lag <= 120 &* scale {
            var product: Float = 0
            var energy: Float = 1
            var index = 240 &* scale
            while index < kept {
                let before = unsafe Float(history[index &- lag])
                product += unsafe Float(history[index]) * before
                energy += before * before
                index &+= scale
            }
            let likeness = product > 0 ? product * product / energy : 0
            if likeness > bestLikeness {
                bestLikeness = likeness
                best = lag
            }
            lag &+= scale
        }
        return best
    }
}
