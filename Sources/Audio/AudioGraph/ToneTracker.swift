/// Finds the beep of an answering machine: one steady tone between 400 and 2 400 Hz.
///
/// Each 20 ms the power at steps of 12.5 Hz over the last 40 ms is compared with all power there is (Goertzel's algorithm); a
/// voice spreads over its harmonics and moves, a beep does neither.
///
/// - Units: 16 kHz, frames of 20 ms.
/// - Threading: a value; allocates when it is made.
public struct ToneTracker: Sendable {
    public static let sampleRate = 16_000
    public static let frameCount = 320
    private static let lowest = 400
    private static let step = 12.5
    private static let binCount = 161
    /// A tone half a step beside its bin still has 0.81 of its power there.
    private static let share = 0.6
    /// Softer than −42 dBFS is no beep.
    private static let least = 32_768.0 * 32_768 * 0.000_063
    /// Frames that make a beep: 120 ms.
    private static let enough = 6

    private var window = [Float](repeating: 0, count: 2 * frameCount)
    private let coefficients: [Float]
    private var bin = -1
    private var run = 0

    public init() {
        coefficients = (0..<Self.binCount).map { index in
            let turn = (Double(Self.lowest) + Double(index) * Self.step) / Double(Self.sampleRate)
            return Float(2 * Self.cosine(2 * .pi * turn))
        }
    }

    /// Frames that the tone of this moment has lasted; 0: none.
    public var frames: Int { run }
    /// A tone is there and has lasted long enough to be a beep.
    public var isBeep: Bool { run >= Self.enough }

    /// Takes the next 20 ms at 16 kHz; shorter frames are an error of the caller.
    public mutating func hear(_ frame: [Int16]) {
        precondition(frame.count == Self.frameCount, "a frame has \(Self.frameCount) samples, not \(frame.count)")
        var total: Float = 0
        for index in 0..<Self.frameCount { window[index] = window[index + Self.frameCount] }
        for index in 0..<Self.frameCount { window[index + Self.frameCount] = Float(frame[index]) }
        for sample in window { total += sample * sample }
        let power = Double(total) / Double(window.count)
        guard power > Self.least else {
            (bin, run) = (-1, 0)
            return
        }
        var best: Float = 0
        var found = -1
        for index in 0..<Self.binCount {
            let strength = strength(coefficients[index])
            if strength > best { (best, found) = (strength, index) }
        }
        // A tone of power P gives (N/2)² · 2P at its bin.
        let share = Double(best) * 2 / (Double(window.count) * Double(total))
        if share >= Self.share, bin < 0 || abs(found - bin) <= 2 {
            run += 1
            bin = found
        } else {
            run = share >= Self.share ? 1 : 0
            bin = share >= Self.share ? found : -1
        }
    }

    private func strength(_ coefficient: Float) -> Float {
        var (one, two): (Float, Float) = (0, 0)
        for sample in window {
            let next = sample + coefficient * one - two
            two = one
            one = next
        }
        return one * one + two * two - coefficient * one * two
    }

    /// Cosine of 0…π by its series, without a mathematics library.
    private static func cosine(_ angle: Double) -> Double {
        var (term, sum) = (1.0, 1.0)
        for index in 1...12 {
            term *= -angle * angle / Double((2 * index - 1) * (2 * index))
            sum += term
        }
        return sum
    }
}
