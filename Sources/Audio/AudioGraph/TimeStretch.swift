/// Takes one pitch period out of a run of speech so that a delay shrinks unheard.
///
/// - Threading: any; allocates nothing, takes no lock.
public enum TimeStretch {
    /// Samples that `shorten` needs to look at: 20 ms.
    @_noLocks @inlinable public static func span(rate: Int) -> Int { rate / 50 }

    /// Removes one period (2.5 to 15 ms) from the start of `samples` by an overlap of 5 ms where the signal repeats
    /// itself, or is silent.
    /// - Parameters:
    ///   - maximum: the most that may go, samples.
    ///   - isUrgent: cut even where the signal does not repeat itself.
    ///   - cutsSpeech: cut not only in pauses.
    /// - Returns: samples removed, 0 when there is no good place.
    @_noLocks public static func shorten(
        _ samples: UnsafeMutablePointer<Int16>, count: Int, rate: Int, maximum: Int, isUrgent: Bool,
        cutsSpeech: Bool = true
    ) -> Int {
        let window = rate / 200
        let shortest = rate / 400
        let longest = min(rate &* 3 / 200, min(maximum, count &- window))
        if longest <= 0 { return 0 }
        // In the noise of a pause, below about -50 dBFS, nobody hears where it was cut.
        let quiet = Float(window &+ longest) * 10_000
        if unsafe energy(samples, count: window &+ longest, stride: 1) < quiet {
            unsafe crossOver(samples, count: count, lag: longest, window: window)
            return longest
        }
        if longest < shortest || !cutsSpeech { return 0 }
        let lag = unsafe bestLag(
            samples, window: window, shortest: shortest, longest: longest, stride: max(1, rate / 8000),
            isUrgent: isUrgent)
        if lag == 0 { return 0 }
        unsafe crossOver(samples, count: count, lag: lag, window: window)
        return lag
    }

    @_noLocks private static func crossOver(
        _ samples: UnsafeMutablePointer<Int16>, count: Int, lag: Int, window: Int
    ) {
        unsafe SampleMath.crossFade(from: samples, into: samples.advanced(by: lag), count: window)
        unsafe UnsafeMutableRawPointer(samples).copyMemory(
            from: UnsafeRawPointer(samples.advanced(by: lag)), byteCount: (count &- lag) &* 2)
    }

    /// The lag at which the signal is most like its start; 0 when it is unlike everywhere.
    @_noLocks private static func bestLag(
        _ samples: UnsafePointer<Int16>, window: Int, shortest: Int, longest: Int, stride: Int, isUrgent: Bool
    ) -> Int {
        let own = unsafe energy(samples, count: window, stride: stride)
        var best = 0
        // Squared, with its sign: 0.36 is a correlation of 0.6.
        var bestLikeness: Float = isUrgent ? -1 : 0.36
        var lag = shortest
        while lag <= longest {
            let other = unsafe energy(samples.advanced(by: lag), count: window, stride: stride)
            if own > 0 && other > 0 {
                var product: Float = 0
                var index = 0
                while index < window {
                    product += unsafe Float(samples[index]) * Float(samples[index &+ lag])
                    index &+= stride
                }
                let likeness = product * abs(product) / (own * other)
                if likeness > bestLikeness {
                    bestLikeness = likeness
                    best = lag
                }
            }
            lag &+= stride
        }
        return best
    }

    @_noLocks private static func energy(_ samples: UnsafePointer<Int16>, count: Int, stride: Int) -> Float {
        var sum: Float = 0
        var index = 0
        while index < count {
            let value = unsafe Float(samples[index])
            sum += value * value
            index &+= stride
        }
        return sum
    }
}
