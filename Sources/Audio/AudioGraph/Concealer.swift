/// Makes up for lost packets of a codec that cannot do it itself: speaks on with the last voice.
///
/// The last 24 ms give a filter (the throat) and what drives it (the cords, or breath); the driver is repeated at the
/// pitch period, or shuffled where there is none, and filtered on from the last sample heard, so that there is no seam. It
/// fades within 35 ms, as what the voice did meanwhile is not known, and is blended into what comes next.
///
/// - Units: samples at the rate given to `init`, a multiple of 8 000.
/// - Reference: the idea of ITU-T G.711 appendix I, on the prediction residual as in ITU-T G.722 appendix IV.
/// - Memory: `Concealer.memorySamples` floats of the owner's block, given to `init`.
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
@safe public struct Concealer {
    /// At 48 000 a second: 48 ms heard, two pitch periods of 15 ms of driver, and the filter's own past.
    @inlinable public static var memorySamples: Int { 6 * (384 + 240) + 16 }
    private static var order: Int { @_noLocks get { 12 } }

    private let history: UnsafeMutablePointer<Float>
    private let driver: UnsafeMutablePointer<Float>
    private let past: UnsafeMutablePointer<Float>
    /// Rate in 8 000 a second.
    private let scale: Int
    private let kept: Int
    private var filter = InlineArray<13, Float>(repeating: 0)
    /// Length of the driver: a pitch period, or two of them; 0: nothing is being made up.
    private var period: Int
    private var phase: Int
    /// 1: voiced, 0: breath.
    private var voicing: Float
    private var seed: UInt32
    /// Samples made up since the last good one.
    private var filled: Int
    private var isUntouched: Bool

    @_noLocks public init(memory: UnsafeMutablePointer<Float>, rate: Int) {
        scale = max(1, min(6, rate / 8000))
        kept = 384 &* scale
        unsafe history = memory
        unsafe driver = memory.advanced(by: kept)
        unsafe past = memory.advanced(by: kept &+ 240 &* scale)
        period = 0
        phase = 0
        voicing = 0
        seed = 1
        filled = 0
        isUntouched = true
    }

    /// The memory may still hold another rate's sound. It is cleared here and not in `init`: who is relayed, or has a codec
    /// that conceals by itself, never touches it.
    @_noLocks private mutating func clearOnce() {
        if !isUntouched { return }
        isUntouched = false
        var index = 0
        while index < kept {
            unsafe history[index] = 0
            index &+= 1
        }
    }

    /// The next good samples: remembers them, and blends the made-up voice into their start.
    @_noLocks public mutating func heard(_ samples: UnsafeMutablePointer<Int16>, count: Int) {
        if period > 0 {
            // 2.5 ms after one lost packet, 7.5 ms after more.
            let length = min(count, (filled > 200 &* scale ? 60 : 20) &* scale)
            var index = 0
            while index < length {
                let weight = Float(index &+ 1) / Float(length &+ 1)
                let mixed = unsafe madeUp() * (1 - weight) + Float(samples[index]) * weight
                unsafe samples[index] = Int16(max(-32_768, min(32_767, mixed)))
                index &+= 1
            }
            period = 0
        }
        unsafe remember(samples, count: count)
    }

    /// Makes up `count` samples.
    @_noLocks public mutating func fill(_ samples: UnsafeMutablePointer<Int16>, count: Int) {
        if period == 0 { prepare() }
        var index = 0
        while index < count {
            unsafe samples[index] = Int16(max(-32_768, min(32_767, madeUp())))
            index &+= 1
        }
    }

    /// Makes up the `count` samples between what was heard and `future`, which comes right after them: the voice before
    /// speaks on, the voice after is spoken backwards, and one is faded into the other.
    /// - Parameter mirror: a concealer of the same rate for the backward voice; what it knew is lost.
    @_noLocks public mutating func bridge(
        _ samples: UnsafeMutablePointer<Int16>, count: Int, to future: UnsafePointer<Int16>, futureCount: Int,
        mirror: inout Concealer
    ) {
        if period == 0 { prepare() }
        unsafe mirror.turn(future, count: futureCount)
        mirror.prepare()
        // In place: the forward voice is written first, the backward one is mixed in from the end.
        var index = 0
        while index < count {
            unsafe samples[index] = Int16(max(-32_768, min(32_767, madeUp())))
            index &+= 1
        }
        index = count &- 1
        while index >= 0 {
            let weight = (Float(index) + 0.5) / Float(count)
            let back = mirror.madeUp()
            let mixed = unsafe Float(samples[index]) * (1 - weight) + back * weight
            unsafe samples[index] = Int16(max(-32_768, min(32_767, mixed)))
            index &-= 1
        }
        period = 0
        unsafe remember(samples, count: count)
    }

    /// Takes `samples` as what was heard, backwards.
    @_noLocks private mutating func turn(_ samples: UnsafePointer<Int16>, count: Int) {
        isUntouched = false
        let known = min(count, kept)
        var index = 0
        while index < kept &- known {
            unsafe history[index] = 0
            index &+= 1
        }
        index = 0
        while index < known {
            unsafe history[kept &- 1 &- index] = Float(samples[index])
            index &+= 1
        }
    }

    @_noLocks private mutating func remember(_ samples: UnsafeMutablePointer<Int16>, count: Int) {
        clearOnce()
        let new = min(kept, count)
        unsafe UnsafeMutableRawPointer(history).copyMemory(
            from: UnsafeRawPointer(history.advanced(by: new)), byteCount: (kept &- new) &* 4)
        var index = 0
        while index < new {
            unsafe history[kept &- new &+ index] = Float(samples[count &- new &+ index])
            index &+= 1
        }
    }

    @_noLocks private mutating func prepare() {
        clearOnce()
        let pitch = findPeriod()
        findFilter()
        // Two periods of driver where there is room: a repeated single one sounds like a buzzer.
        period = pitch
        phase = 0
        filled = 0
        var index = 0
        while index < period {
            unsafe driver[index] = residual(at: kept &- period &+ index)
            index &+= 1
        }
        index = 0
        while index < Self.order {
            unsafe past[index] = history[kept &- 1 &- index]
            index &+= 1
        }
    }

    @_noLocks private func residual(at place: Int) -> Float {
        var value = unsafe history[place]
        var index = 1
        while index <= Self.order {
            value += unsafe filter[index] * history[place &- index]
            index &+= 1
        }
        return value
    }

    @_noLocks private mutating func madeUp() -> Float {
        let repeated = unsafe driver[phase]
        phase = phase &+ 1 == period ? 0 : phase &+ 1
        seed = seed &* 1_664_525 &+ 1_013_904_223
        let place = Int(seed >> 8) % period
        let shuffled = unsafe seed & 0x80 == 0 ? driver[place] : 0 - driver[place]
        var value = repeated * voicing + shuffled * (1 - voicing)
        var index = 1
        while index <= Self.order {
            value -= unsafe filter[index] * past[index &- 1]
            index &+= 1
        }
        index = Self.order &- 1
        while index > 0 {
            unsafe past[index] = past[index &- 1]
            index &-= 1
        }
        // Levels beyond any voice are the filter's, not the voice's.
        value = max(-60_000, min(60_000, value))
        unsafe past[0] = value
        let milliseconds = Float(filled) / Float(8 &* scale)
        filled &+= 1
        let level = max(0, min(1, 1 - milliseconds / 35))
        return value * level
    }

    /// The lag (2.5 to 15 ms) at which the last 10 ms are most like what went before; sets the voicing.
    @_noLocks private mutating func findPeriod() -> Int {
        var best = 80 &* scale
        var bestLikeness: Float = 0
        var energy: Float = 1
        var index = kept &- 80 &* scale
        while index < kept {
            energy += unsafe history[index] * history[index]
            index &+= scale
        }
        var lag = 32 &* scale
        while lag <= 120 &* scale {
            let likeness = likeness(lag, energy, stride: scale)
            // A multiple of the period must be clearly better than the period.
            if likeness > bestLikeness * (lag > best &+ best / 2 ? 1.1 : 1) {
                bestLikeness = likeness
                best = lag
            }
            lag &+= scale
        }
        if scale > 1 {
            let coarse = best
            bestLikeness = 0
            lag = coarse &- scale &+ 1
            while lag < coarse &+ scale {
                let likeness = likeness(lag, energy, stride: 1)
                if likeness > bestLikeness {
                    bestLikeness = likeness
                    best = lag
                }
                lag &+= 1
            }
            bestLikeness = min(1, bestLikeness / Float(scale))
        }
        // Squared correlation: 0.25 is breath, 0.6 a voice.
        voicing = max(0, min(1, (bestLikeness - 0.15) / 0.4))
        return best
    }

    /// Square of the correlation with what was `lag` before; 0 when that is negative.
    @_noLocks private func likeness(_ lag: Int, _ energy: Float, stride: Int) -> Float {
        var product: Float = 0
        var before: Float = 1
        var index = kept &- 80 &* scale
        while index < kept {
            let other = unsafe history[index &- lag]
            product += unsafe history[index] * other
            before += other * other
            index &+= stride
        }
        return product > 0 ? product * product / (before * energy) : 0
    }

    /// Levinson and Durbin on the last 24 ms.
    @_noLocks private mutating func findFilter() {
        var correlation = InlineArray<13, Float>(repeating: 0)
        let length = 192 &* scale
        let start = kept &- length
        var lag = 0
        while lag <= Self.order {
            var sum: Float = 0
            var index = lag
            while index < length {
                sum += windowed(index, length, start) * windowed(index &- lag, length, start)
                index &+= 1
            }
            correlation[lag] = sum
            lag &+= 1
        }
        correlation[0] = correlation[0] * 1.0005 + 1
        filter = InlineArray<13, Float>(repeating: 0)
        filter[0] = 1
        var error = correlation[0]
        var step = 1
        while step <= Self.order {
            var sum = correlation[step]
            var index = 1
            while index < step {
                sum += filter[index] * correlation[step &- index]
                index &+= 1
            }
            let reflection = 0 - sum / error
            var next = filter
            index = 1
            while index < step {
                next[index] = filter[index] + reflection * filter[step &- index]
                index &+= 1
            }
            next[step] = reflection
            filter = next
            error *= 1 - reflection * reflection
            if error <= 0 { break }
            step &+= 1
        }
        // Pull the poles in a little: what rings, rings out.
        var factor: Float = 1
        var index = 1
        while index <= Self.order {
            factor *= 0.985
            filter[index] *= factor
            index &+= 1
        }
    }

    /// Rises slowly, falls fast: the newest sound counts most.
    @_noLocks private func windowed(_ index: Int, _ length: Int, _ start: Int) -> Float {
        let value = unsafe history[start &+ index]
        let rise = length &* 3 / 4
        if index < rise { return value * Float(index &+ 1) / Float(rise) }
        let fall = Float(length &- index) / Float(length &- rise)
        return value * (0.3 + 0.7 * fall)
    }
}
