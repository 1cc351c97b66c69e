import Foundation

/// Sines and a meter for them: who hears whom is told by one tone per voice.
enum Tones {
    static func sine(_ frequency: Double, rate: Int, count: Int, amplitude: Double = 8000, from start: Int = 0)
        -> [Int16]
    {
        (start..<start + count).map { Int16(amplitude * sin(2 * .pi * frequency * Double($0) / Double(rate))) }
    }

    /// Amplitude of one frequency in a run of samples (Goertzel).
    static func level(of frequency: Double, in samples: [Int16], rate: Int) -> Double {
        let coefficient = 2 * cos(2 * .pi * frequency / Double(rate))
        var (a, b) = (0.0, 0.0)
        for sample in samples { (a, b) = (Double(sample) + coefficient * a - b, a) }
        let power = a * a + b * b - coefficient * a * b
        return 2 * max(0, power).squareRoot() / Double(samples.count)
    }
}
