import EdgeProtocols
import Glibc

/// The box's own tones, made once.
///
/// - Units: peak level about −12 dBFS; every start and end of sound is a ramp of 5 ms, so that nothing clicks.
/// - Reference: ITU-T E.180 annex (425 Hz; ringback 1 s on, 4 s off; busy 0.5 s on, 0.5 s off).
/// - Threading: any thread.
enum Tones {
    /// A clip holds whole cadences, so that playing it again and again keeps the rhythm.
    static func clip(_ kind: ToneKind) -> PCMClip {
        switch kind {
        case .ringback: ringback
        case .ring: ring
        case .busy: busy
        case .beep: beep
        }
    }

    private static let amplitude = 8231.0  // 32767 · 10^(−12/20)

    private static let ringback = PCMClip(
        sampleRate: 8000, samples: steady(425, milliseconds: 1000, rate: 8000) + silence(4000, rate: 8000))
    private static let busy = PCMClip(
        sampleRate: 8000, samples: steady(425, milliseconds: 500, rate: 8000) + silence(500, rate: 8000))
    private static let beep = PCMClip(sampleRate: 8000, samples: steady(1000, milliseconds: 400, rate: 8000))
    /// Two falling notes of a chime, twice, then a rest: three seconds.
    private static let ring = PCMClip(
        sampleRate: 16_000,
        samples: chime(784) + chime(659) + chime(784) + chime(659) + silence(1000, rate: 16_000))

    private static func steady(_ frequency: Double, milliseconds: Int, rate: Int) -> [Int16] {
        sound(milliseconds: milliseconds, rate: rate) { second in sin(2 * .pi * frequency * second) }
    }

    /// A struck bar: the note with a little of its third harmonic, dying away.
    private static func chime(_ frequency: Double) -> [Int16] {
        sound(milliseconds: 500, rate: 16_000) { second in
            let phase = 2 * Double.pi * frequency * second
            return exp(-4 * second) * (0.85 * sin(phase) + 0.15 * sin(3 * phase))
        }
    }

    private static func silence(_ milliseconds: Int, rate: Int) -> [Int16] {
        [Int16](repeating: 0, count: rate * milliseconds / 1000)
    }

    private static func sound(milliseconds: Int, rate: Int, _ wave: (_ second: Double) -> Double) -> [Int16] {
        let count = rate * milliseconds / 1000
        let ramp = Double(rate) * 0.005
        return (0..<count).map { index in
            let edge = min(Double(index), Double(count - 1 - index)) / ramp
            let gain = edge >= 1 ? 1 : 0.5 - 0.5 * cos(.pi * edge)
            return Int16(amplitude * gain * wave(Double(index) / Double(rate)))
        }
    }
}
