import Foundation

/// Sound made for the tests: voices, a room, loudspeakers. The same at every run.
///
/// - Units: samples of full scale 1 at `rate`.
enum Sounds {
    static let rate = 16_000

    /// Somebody speaks: syllables of a buzz through three moving resonances, hisses between, pauses.
    static func voice(seconds: Double, pitch: Double, seed: UInt64) -> [Float] {
        var random = Random(seed)
        var sound = [Float](repeating: 0, count: Int(seconds * Double(rate)))
        var at = 0
        while at < sound.count {
            let length = Int(random.between(0.09, 0.28) * Double(rate))
            let isHiss = random.between(0, 1) < 0.25
            syllable(&sound, at, min(length, sound.count - at), isHiss ? nil : pitch, &random)
            at += length + Int(random.between(0.01, random.between(0, 1) < 0.15 ? 0.5 : 0.06) * Double(rate))
        }
        return atLevel(sound, 0.05)
    }

    private static func syllable(
        _ sound: inout [Float], _ start: Int, _ count: Int, _ pitch: Double?, _ random: inout Random
    ) {
        let formants = [random.between(300, 800), random.between(900, 2200), random.between(2300, 3200)]
        var states = [(Double, Double)](repeating: (0, 0), count: 3)
        let bend = random.between(0.85, 1.2)
        var phase = 0.0
        for index in 0..<max(0, count) {
            let place = Double(index) / Double(count)
            var source = random.between(-1, 1) * (pitch == nil ? 0.3 : 0.02)
            if let pitch {
                phase += pitch * (1 + (bend - 1) * place) / Double(rate)
                if phase >= 1 {
                    phase -= 1
                    source += 1
                }
            }
            var sum = pitch == nil ? source : 0
            for (number, formant) in formants.enumerated() where pitch != nil {
                let radius = exp(-Double.pi * 90 / Double(rate))
                let value =
                    source + 2 * radius * cos(2 * Double.pi * formant / Double(rate)) * states[number].0
                    - radius * radius * states[number].1
                states[number] = (value, states[number].0)
                sum += value / Double(number + 1)
            }
            sound[start + index] += Float(sum * sin(Double.pi * place))
        }
    }

    static func noise(seconds: Double, level: Float, seed: UInt64) -> [Float] {
        var random = Random(seed)
        return (0..<Int(seconds * Double(rate))).map { _ in
            level * Float(random.between(-1, 1) + random.between(-1, 1) + random.between(-1, 1))
        }
    }

    /// What the microphone hears of `sound`: a first arrival after `delay` samples and reflections that fall by 60 dB in
    /// 250 ms; level −6 dB.
    static func inRoom(_ sound: [Float], delay: Int, seed: UInt64 = 5) -> [Float] {
        var random = Random(seed)
        var taps: [(Int, Float)] = [(delay, 1)]
        for _ in 0..<48 {
            let after = random.between(0.001, 0.2)
            taps.append((delay + Int(after * Double(rate)), Float(random.between(-0.6, 0.6) * exp(-27.6 * after))))
        }
        var heard = [Float](repeating: 0, count: sound.count)
        for (lag, gain) in taps where lag < sound.count {
            for index in lag..<sound.count { heard[index] += gain * sound[index - lag] }
        }
        return atLevel(heard, level(sound) / 2)
    }

    /// The same sound recorded by a clock that is fast by so many parts in a million.
    static func drifting(_ sound: [Float], partsPerMillion: Double) -> [Float] {
        let half = 8
        return (0..<sound.count).map { index in
            let place = Double(index) * (1 + partsPerMillion * 1e-6)
            let whole = Int(place)
            guard whole >= half, whole + half < sound.count else { return 0 }
            // A windowed sinc: straight lines between samples would take the treble away by turns.
            var sum: Float = 0
            let sine = sin(Double.pi * (place - Double(whole)))
            for tap in (1 - half)...half {
                let x = place - Double(whole + tap)
                let sinc = abs(x) < 1e-9 ? 1 : (tap % 2 == 0 ? sine : -sine) / (Double.pi * x)
                sum += sound[whole + tap] * Float(sinc * (0.5 + 0.5 * cos(Double.pi * x / Double(half))))
            }
            return sum
        }
    }

    static func level(_ sound: some Collection<Float>) -> Float {
        (sound.reduce(0) { $0 + $1 * $1 } / Float(max(1, sound.count))).squareRoot()
    }

    static func atLevel(_ sound: [Float], _ wanted: Float) -> [Float] {
        let factor = wanted / max(1e-9, level(sound))
        return sound.map { $0 * factor }
    }

    static func decibels(_ ratio: Float) -> Float { 20 * log10(max(1e-9, ratio)) }

    struct Random {
        private var state: UInt64
        init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
        mutating func between(_ low: Double, _ high: Double) -> Double {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return low + (high - low) * Double(state >> 11) / Double(1 << 53)
        }
    }
}
