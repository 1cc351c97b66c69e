/// Arithmetic on runs of samples: sum wide, subtract own, clip last.
///
/// - Units: 16-bit linear samples; sums are 32 bits wide, so 65 536 full-scale voices fit.
/// - Threading: any; allocates nothing, takes no lock. The caller owns the memory and knows that `count` fits.
public enum SampleMath {
    @_noLocks @inlinable public static func clip(_ value: Int32) -> Int16 {
        value > 32_767 ? 32_767 : value < -32_768 ? -32_768 : Int16(truncatingIfNeeded: value)
    }

    @_noLocks public static func clear(_ sum: UnsafeMutablePointer<Int32>, count: Int) {
        var index = 0
        while index < count {
            unsafe sum[index] = 0
            index &+= 1
        }
    }

    @_noLocks public static func clear(_ samples: UnsafeMutablePointer<Int16>, count: Int) {
        var index = 0
        while index < count {
            unsafe samples[index] = 0
            index &+= 1
        }
    }

    @_noLocks public static func copy(
        _ source: UnsafePointer<Int16>, to target: UnsafeMutablePointer<Int16>, count: Int
    ) {
        unsafe UnsafeMutableRawPointer(target).copyMemory(from: UnsafeRawPointer(source), byteCount: count &* 2)
    }

    @_noLocks public static func add(
        _ samples: UnsafePointer<Int16>, to sum: UnsafeMutablePointer<Int32>, count: Int
    ) {
        var index = 0
        while index < count {
            unsafe sum[index] = unsafe sum[index] &+ Int32(samples[index])
            index &+= 1
        }
    }

    @_noLocks public static func clip(
        _ sum: UnsafePointer<Int32>, into samples: UnsafeMutablePointer<Int16>, count: Int
    ) {
        var index = 0
        while index < count {
            unsafe samples[index] = clip(unsafe sum[index])
            index &+= 1
        }
    }

    /// Subtracts samples from a sum.
    @_noLocks public static func subtract(
        _ samples: UnsafePointer<Int16>, from sum: UnsafeMutablePointer<Int32>, count: Int
    ) {
        var index = 0
        while index < count {
            unsafe sum[index] = unsafe sum[index] &- Int32(samples[index])
            index &+= 1
        }
    }

    @_noLocks public static func copy(
        _ source: UnsafePointer<Int32>, to target: UnsafeMutablePointer<Int32>, count: Int
    ) {
        unsafe UnsafeMutableRawPointer(target).copyMemory(from: UnsafeRawPointer(source), byteCount: count &* 4)
    }

    /// Adds one sum to another.
    @_noLocks public static func add(
        _ other: UnsafePointer<Int32>, to sum: UnsafeMutablePointer<Int32>, count: Int
    ) {
        var index = 0
        while index < count {
            unsafe sum[index] = unsafe sum[index] &+ other[index]
            index &+= 1
        }
    }

    /// Sums as converters take them, and back onto another sum.
    @_noLocks public static func widen(
        _ sum: UnsafePointer<Int32>, into values: UnsafeMutablePointer<Float>, count: Int
    ) {
        var index = 0
        while index < count {
            unsafe values[index] = Float(unsafe sum[index])
            index &+= 1
        }
    }

    /// - Parameter values: within ±2^30, as sums of up to 32 768 voices are.
    @_noLocks public static func add(
        _ values: UnsafePointer<Float>, to sum: UnsafeMutablePointer<Int32>, count: Int
    ) {
        var index = 0
        while index < count {
            let bounded = unsafe max(-1_073_741_824, min(1_073_741_824, values[index]))
            unsafe sum[index] = unsafe sum[index] &+ Int32(bounded)
            index &+= 1
        }
    }

    /// `sum` without `own`, clipped.
    @_noLocks public static func clip(
        _ sum: UnsafePointer<Int32>, without own: UnsafePointer<Int16>, into samples: UnsafeMutablePointer<Int16>,
        count: Int
    ) {
        var index = 0
        while index < count {
            unsafe samples[index] = clip(unsafe sum[index] &- Int32(own[index]))
            index &+= 1
        }
    }

    /// Adds a sum to samples that are clipped already.
    @_noLocks public static func add(
        _ sum: UnsafePointer<Int32>, into samples: UnsafeMutablePointer<Int16>, count: Int
    ) {
        var index = 0
        while index < count {
            unsafe samples[index] = clip(unsafe Int32(samples[index]) &+ sum[index])
            index &+= 1
        }
    }

    /// Fades from `old` into `new` over `count` samples; the result replaces `new`.
    @_noLocks public static func crossFade(
        from old: UnsafePointer<Int16>, into new: UnsafeMutablePointer<Int16>, count: Int
    ) {
        var index = 0
        let length = Int32(truncatingIfNeeded: count)
        while index < count {
            let weight = Int32(truncatingIfNeeded: index &+ 1)
            let blended = unsafe Int32(old[index]) &* (length &- weight) &+ Int32(new[index]) &* weight
            unsafe new[index] = Int16(truncatingIfNeeded: blended / length)
            index &+= 1
        }
    }

    /// Brings the first `count` samples up from nothing, on a curve without a bend at either end.
    @_noLocks public static func fadeIn(_ samples: UnsafeMutablePointer<Int16>, count: Int) {
        var index = 0
        while index < count {
            let faded = unsafe Float(samples[index]) * rise(index &+ 1, of: count)
            unsafe samples[index] = Int16(faded)
            index &+= 1
        }
    }

    /// Lets samples die away in the first `length` of `count`; the others are silence.
    @_noLocks public static func fadeOut(_ samples: UnsafeMutablePointer<Int16>, count: Int, within length: Int) {
        var index = 0
        while index < length {
            let faded = unsafe Float(samples[index]) * (1 - rise(index &+ 1, of: length))
            unsafe samples[index] = Int16(faded)
            index &+= 1
        }
        unsafe clear(samples.advanced(by: length), count: count &- length)
    }

    /// Adds to `sum` how samples that end could go on: mirrored about the last of them, dying away.
    @_noLocks public static func addMirrored(
        _ samples: UnsafePointer<Int16>, to sum: UnsafeMutablePointer<Int32>, count: Int
    ) {
        let last = unsafe 2 &* Int32(samples[count &- 1])
        var index = 0
        while index < count {
            let mirrored = last &- Int32(unsafe samples[max(0, count &- 2 &- index)])
            unsafe sum[index] = sum[index] &+ Int32(Float(mirrored) * (1 - rise(index &+ 1, of: count)))
            index &+= 1
        }
    }

    /// From 0 to 1 without a bend at either end.
    @_noLocks private static func rise(_ index: Int, of count: Int) -> Float {
        let place = Float(index) / Float(count)
        return place * place * (3 - 2 * place)
    }

    /// Sum of the squares.
    @_noLocks public static func energy(_ samples: UnsafePointer<Int16>, count: Int) -> Double {
        var sum = 0.0
        var index = 0
        while index < count {
            let value = unsafe Double(samples[index])
            sum += value * value
            index &+= 1
        }
        return sum
    }

    /// Makes `wanted` samples of `count` in place, on straight lines: for the few that wait while a stream changes its
    /// rate.
    @_noLocks public static func respread(_ samples: UnsafeMutablePointer<Int16>, count: Int, to wanted: Int) {
        if count <= 0 || wanted <= 0 || count == wanted { return }
        var done = 0
        while done < wanted {
            // Upwards from the end: what is still to be read lies before what is written.
            let index = wanted > count ? wanted &- 1 &- done : done
            let place = index &* count / wanted
            let part = index &* count &- place &* wanted
            let first = Int(unsafe samples[place])
            let second = Int(unsafe samples[min(place &+ 1, count &- 1)])
            unsafe samples[index] = Int16(truncatingIfNeeded: first &+ (second &- first) &* part / wanted)
            done &+= 1
        }
    }
}
