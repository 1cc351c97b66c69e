import Foundation

/// What is played to measure a delay: an exponential sweep over the telephone band, repeated at an even distance.
///
/// A sweep keeps its sharp correlation through codecs, companding and loudspeakers, where a click does not.
///
/// - Units: samples at `sampleRate`.
/// - Reference: Farina, "Simultaneous measurement of impulse response and distortion with a swept-sine technique", 2000.
public struct Probe: Sendable {
    /// 300 to 3 400 Hz: what the narrowest codec carries.
    private static let lowest = 300.0
    private static let highest = 3400.0
    private static let amplitude = 12_000.0

    public let sampleRate: Int
    /// One sweep of 100 ms, faded in and out.
    public let sweep: [Int16]
    /// From the start of one sweep to that of the next: delays are told apart up to this less a sweep.
    public let spacing: Int

    public init(sampleRate: Int, spacing: Duration = .milliseconds(500)) {
        self.sampleRate = sampleRate
        self.spacing = Int(spacing / .microseconds(1)) * sampleRate / 1_000_000
        let count = sampleRate / 10
        let fade = count / 8
        let growth = log(Self.highest / Self.lowest)
        sweep = (0..<count).map { index in
            let place = Double(index) / Double(count)
            let seconds = Double(count) / Double(sampleRate)
            let phase = 2 * Double.pi * Self.lowest * seconds / growth * (exp(place * growth) - 1)
            let edge = min(1, Double(min(index, count - 1 - index)) / Double(fade))
            return Int16(Self.amplitude * sin(phase) * (0.5 - 0.5 * cos(.pi * edge)))
        }
    }

    /// So many sweeps; the first one starts after `lead` samples of silence.
    public func signal(sweeps: Int, lead: Int) -> [Int16] {
        var samples = [Int16](repeating: 0, count: lead + sweeps * spacing)
        for number in 0..<sweeps {
            samples.replaceSubrange((lead + number * spacing)..<(lead + number * spacing + sweep.count), with: sweep)
        }
        return samples
    }

    /// Where a sweep that began at `start` is heard.
    ///
    /// - Returns: samples after `start`, with the part between samples; nil when nothing like it is there.
    public func delay(of start: Int, in heard: [Int16]) -> Double? {
        let coarse = max(1, sampleRate / 8000)
        let reach = spacing - sweep.count
        guard start >= 0, start + sweep.count + coarse * 4 < heard.count else { return nil }
        let end = min(heard.count, start + reach + sweep.count)
        let slow = Self.decimated(heard[start..<end], by: coarse)
        let probe = Self.decimated(sweep[...], by: coarse)
        guard slow.count > probe.count else { return nil }
        var best = (lag: 0, value: 0.0)
        for lag in 0...(slow.count - probe.count) {
            let value = Self.likeness(probe, slow, lag)
            if value > best.value { best = (lag, value) }
        }
        guard best.value > 0.5 else { return nil }
        return fine(around: best.lag * coarse, within: 2 * coarse, from: start, heard)
    }

    /// The peak at full rate, by a parabola through its top.
    private func fine(around lag: Int, within reach: Int, from start: Int, _ heard: [Int16]) -> Double? {
        let probe = sweep.map(Float.init)
        let first = max(0, start + lag - reach)
        let last = min(heard.count - probe.count, start + lag + reach)
        guard last - first >= 2 else { return nil }
        let window = heard[first..<(last + probe.count)].map(Float.init)
        let values = (0...(last - first)).map { Self.product(probe, window, $0) }
        guard let top = values.indices.dropFirst().dropLast().max(by: { values[$0] < values[$1] }) else { return nil }
        let (before, peak, after) = (values[top - 1], values[top], values[top + 1])
        let bend = before - 2 * peak + after
        let part = bend < 0 ? 0.5 * (before - after) / bend : 0
        return Double(first + top - start) + part
    }

    private static func decimated(_ samples: ArraySlice<Int16>, by factor: Int) -> [Float] {
        stride(from: samples.startIndex, to: samples.endIndex - factor + 1, by: factor).map { index in
            Float(samples[index..<index + factor].reduce(0) { $0 + Int($1) }) / Float(factor)
        }
    }

    private static func product(_ probe: [Float], _ heard: [Float], _ lag: Int) -> Double {
        var sum = 0.0
        for index in probe.indices { sum += Double(probe[index] * heard[lag + index]) }
        return sum
    }

    /// Normalised correlation, 0 to 1.
    private static func likeness(_ probe: [Float], _ heard: [Float], _ lag: Int) -> Double {
        var (sum, own, other) = (0.0, 0.0, 0.0)
        for index in probe.indices {
            let (a, b) = (Double(probe[index]), Double(heard[lag + index]))
            sum += a * b
            own += a * a
            other += b * b
        }
        return own > 0 && other > Double(probe.count) * 100 ? sum / (own * other).squareRoot() : 0
    }
}
