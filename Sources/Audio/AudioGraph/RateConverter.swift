import CResampler

/// Converts one voice from one sample rate to another, by libspeexdsp.
///
/// - Threading: control makes it and calls `destroy` once, when no worker uses it any more; one worker at a time calls
///   the rest, which allocate nothing and take no lock.
@safe public struct RateConverter {
    private let resampler: OpaquePointer
    public let inputRate: Int
    public let outputRate: Int

    /// Nil when libspeexdsp refuses the rates or has no memory.
    public init?(inputRate: Int, outputRate: Int, quality: Int = 3) {
        guard inputRate > 0, outputRate > 0,
            let resampler = unsafe swh_resampler_new(UInt32(inputRate), UInt32(outputRate), Int32(quality))
        else { return nil }
        unsafe self.resampler = resampler
        self.inputRate = inputRate
        self.outputRate = outputRate
    }

    public func destroy() { unsafe swh_resampler_free(resampler) }

    /// Forgets what it heard.
    @_noLocks public func reset() { unsafe swh_resampler_reset(resampler) }

    /// Converts `count` samples.
    /// - Returns: samples written, at most `capacity`.
    @_noLocks public func run(
        _ input: UnsafePointer<Int16>, count: Int, into output: UnsafeMutablePointer<Int16>, capacity: Int
    ) -> Int {
        var taken = UInt32(truncatingIfNeeded: count)
        var made = UInt32(truncatingIfNeeded: capacity)
        let result = unsafe swh_resampler_run(resampler, input, &taken, output, &made)
        return result == 0 ? Int(made) : 0
    }

    /// As `run`, for sums, which may be wider than a sample.
    @_noLocks public func run(
        _ input: UnsafePointer<Float>, count: Int, into output: UnsafeMutablePointer<Float>, capacity: Int
    ) -> Int {
        var taken = UInt32(truncatingIfNeeded: count)
        var made = UInt32(truncatingIfNeeded: capacity)
        let result = unsafe swh_resampler_run_float(resampler, input, &taken, output, &made)
        return result == 0 ? Int(made) : 0
    }

    /// Converts a whole clip: control only. The delay of the filter is taken out, so that clips keep their length.
    public static func convert(_ samples: [Int16], from inputRate: Int, to outputRate: Int) -> [Int16]? {
        guard inputRate != outputRate else { return samples }
        guard !samples.isEmpty else { return [] }
        guard let converter = RateConverter(inputRate: inputRate, outputRate: outputRate, quality: 5) else {
            return nil
        }
        defer { converter.destroy() }
        let delay = Int(unsafe swh_resampler_delay(converter.resampler))
        let wanted = samples.count * outputRate / inputRate
        let padded = samples + [Int16](repeating: 0, count: delay * inputRate / outputRate + 16)
        var output = [Int16](repeating: 0, count: wanted + delay + 64)
        let made = unsafe padded.withUnsafeBufferPointer { input in
            unsafe output.withUnsafeMutableBufferPointer { room in
                guard let source = input.baseAddress, let target = room.baseAddress else { return 0 }
                return unsafe converter.run(source, count: input.count, into: target, capacity: room.count)
            }
        }
        return Array(output[min(delay, made)..<min(made, delay + wanted)])
    }
}
