import CResampler
import EdgeProtocols

/// Converts a whole clip from one sample rate to another; the delay of the filter is taken out.
///
/// - Units: mono 16-bit samples, rates in Hz.
/// - Reference: libspeexdsp resampler at quality 8, which is transparent for speech and too dear for a live path.
/// - Threading: any thread; blocks for as long as the work takes.
func resampled(_ samples: [Int16], from inputRate: Int, to outputRate: Int) throws(PromptFault) -> [Int16] {
    if inputRate == outputRate || samples.isEmpty { return samples }
    guard let resampler = unsafe swh_resampler_new(UInt32(inputRate), UInt32(outputRate), 8) else {
        throw PromptFault("no conversion from \(inputRate) to \(outputRate) Hz")
    }
    defer { unsafe swh_resampler_free(resampler) }
    let delay = Int(unsafe swh_resampler_delay(resampler))
    let wanted = (samples.count * outputRate + inputRate - 1) / inputRate
    // Silence behind the clip pushes its last samples through the filter.
    let flush = [Int16](repeating: 0, count: (delay + 2) * inputRate / outputRate + 2)
    var output: [Int16] = []
    output.reserveCapacity(wanted + delay + 8)
    var block = [Int16](repeating: 0, count: 8192)
    for part in [samples, flush] {
        var consumed = 0
        while consumed < part.count {
            var used = UInt32(min(4096, part.count - consumed))
            var made = UInt32(block.count)
            let status = unsafe part.withUnsafeBufferPointer { input in
                guard let first = input.baseAddress else { return Int32(-1) }
                return unsafe swh_resampler_run(resampler, first.advanced(by: consumed), &used, &block, &made)
            }
            guard status == 0, used > 0 || made > 0 else {
                throw PromptFault("conversion from \(inputRate) to \(outputRate) Hz failed: \(status)")
            }
            consumed += Int(used)
            output.append(contentsOf: block[..<Int(made)])
        }
    }
    return Array(output.dropFirst(delay).prefix(wanted))
}
