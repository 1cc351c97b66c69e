import VoiceCodecs

/// A gliding tone with overtones at half scale: voiced enough for a speech codec.
func voice(samples count: Int, rate: Int) -> [Int16] {
    var phase = 0.0
    return (0..<count).map { index in
        let time = Double(index) / Double(rate)
        let fundamental = 140 + 40 * sine(2 * time)
        phase += fundamental / Double(rate)
        let value = (1...8).reduce(0.0) { $0 + sine(phase * Double($1)) / Double($1) }
        return Int16(max(-1, min(1, value / 3)) * 16_000)
    }
}

func tone(_ hertz: Double, samples count: Int, rate: Int, amplitude: Double = 10_000) -> [Int16] {
    (0..<count).map { Int16(amplitude * sine(hertz * Double($0) / Double(rate))) }
}

/// Sine of whole turns, by a fifth-order fit that is good to −60 dB: no Foundation needed.
func sine(_ turns: Double) -> Double {
    var x = turns - turns.rounded()
    if x > 0.25 { x = 0.5 - x } else if x < -0.25 { x = -0.5 - x }
    let z = x * 2 * Double.pi
    let square = z * z
    return z * (1 - square / 6 * (1 - square / 20 * (1 - square / 42)))
}

func energy(_ samples: some Sequence<Int16>) -> Double { samples.reduce(0) { $0 + Double($1) * Double($1) } }

/// Ratio of signal to error powers, both as given; compare with 10^(dB/10).
func signalToNoise(_ original: [Int16], _ copy: [Int16]) -> Double {
    var noise = 1.0
    for (a, b) in zip(original, copy) { noise += (Double(a) - Double(b)) * (Double(a) - Double(b)) }
    return energy(original) / noise
}

/// Normalised correlation at the best shift in `0...maximumShift`.
func bestCorrelation(_ original: [Int16], _ copy: [Int16], maximumShift: Int) -> Double {
    (0...maximumShift).map { shift in
        let count = min(original.count, copy.count - shift)
        var product = 0.0
        for index in 0..<count { product += Double(original[index]) * Double(copy[index + shift]) }
        let scale = (energy(original.prefix(count)) * energy(copy[shift..<shift + count])).squareRoot()
        return scale == 0 ? 0 : product / scale
    }.max() ?? 0
}
