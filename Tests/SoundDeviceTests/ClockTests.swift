import Foundation
import Testing

@testable import SoundDevice

@Suite("clocks and resampling of a sound device")
struct ClockTests {
    /// Steps of 10 ms: a card of so many ppm whose timestamps are late by up to a millisecond.
    @Test("a crystal is read within 2 ppm after 10 s, jitter or not", arguments: [-400, -37, 0, 200], [0, 1_000_000])
    func crystal(partsPerMillion: Int, jitterNanoseconds: UInt64) throws {
        var clock = StreamClock(rate: 48_000)
        var random = Noise(seed: 7)
        let rate = 48_000 * (1 + Double(partsPerMillion) / 1e6)
        for step in 1...1000 {
            let seen = UInt64(step) * 10_000_000 + random.next(upTo: jitterNanoseconds)
            // The hardware pointer counts whole frames.
            _ = clock.see(position: (Double(seen) * rate / 1e9).rounded(.down), at: seen)
        }
        let deviation = try #require(clock.deviation)
        #expect(abs(deviation * 1e6 - Double(partsPerMillion)) < 2)
        let position = try #require(clock.position(at: 10_005_000_000))
        #expect(abs(position - 10.005 * rate) < 2)
    }

    @Test("wake-ups that come late do not pull the clock along", arguments: [100, 5000])
    func lateness(microseconds: UInt64) throws {
        var clock = StreamClock(rate: 48_000)
        var random = Noise(seed: 3)
        for step in 1...1600 {
            // The position is that of the period, told late.
            _ = clock.see(
                position: Double(step) * 480,
                at: UInt64(step) * 10_000_000 + random.next(upTo: microseconds * 1000 / 4))
        }
        #expect(abs(try #require(clock.deviation)) < 30e-6)
    }

    @Test("a position that jumps and stays is followed, its rate kept; a single stray is not")
    func jump() throws {
        var clock = StreamClock(rate: 48_000)
        var offset = 0.0
        for step in 1...2000 {
            if step == 1000 { offset = 1440 }
            let stray = step == 500 ? 4800.0 : 0
            _ = clock.see(position: Double(step) * 480 + offset + stray, at: UInt64(step) * 10_000_000)
            if step == 501 { #expect(abs(try #require(clock.position(at: 5_010_000_000)) - 501 * 480) < 1) }
        }
        #expect(abs(try #require(clock.position(at: 20_000_000_000)) - 2000 * 480 - 1440) < 1)
        #expect(abs(try #require(clock.deviation)) < 1e-6)
    }

    @Test("at equal rates samples come out as they went in, 16 samples later")
    func identity() {
        let resampler = Resampling(inputRate: 48_000, outputRate: 48_000)
        let input = (0..<4800).map { Int16(truncatingIfNeeded: $0 * 7919 % 60_000 - 30_000) }
        let output = resampler.run(input)
        #expect(output.count == 4800)
        #expect(Array(output.dropFirst(16)) == Array(input.dropLast(16)))
    }

    @Test(
        "a tone keeps its level and its purity at every rate",
        arguments: [
            (48_000, 8000), (48_000, 16_000), (48_000, 44_100), (48_000, 96_000), (8000, 48_000), (44_100, 48_000),
            (96_000, 48_000),
        ],
        [300.0, 1000, 3000])
    func purity(rates: (Int, Int), frequency: Double) {
        let resampler = Resampling(inputRate: rates.0, outputRate: rates.1)
        let input = (0..<rates.0).map { Int16(16_000 * sin(2 * .pi * frequency * Double($0) / Double(rates.0))) }
        let output = resampler.run(input)
        #expect(abs(output.count - rates.1) <= 64)
        let (level, rest) = Resampling.fit(frequency, in: output.dropFirst(2000).dropLast(100), rate: Double(rates.1))
        #expect(abs(level - 16_000) < 200, "\(level)")
        #expect(rest < 16, "noise of \(rest)")
    }

    @Test("a ratio that moves by 200 ppm leaves nothing but the tone", arguments: [-200.0, 200])
    func moving(partsPerMillion: Double) {
        let resampler = Resampling(inputRate: 48_000, outputRate: 48_000)
        let input = (0..<480_000).map { Int16(16_000 * sin(2 * .pi * 1000 * Double($0) / 48_000)) }
        let output = resampler.run(input) { partsPerMillion * min(1, Double($0) / 100) / 1e6 }
        let frequency = 1000 * (1 + partsPerMillion / 1e6)
        let (level, rest) = Resampling.fit(frequency, in: output.suffix(48_000), rate: 48_000)
        #expect(abs(level - 16_000) < 20)
        #expect(rest < 4)
        // No step in between: each sample is where the two before it were heading.
        let turn = 2 * cos(2 * Double.pi / 48)
        var roughest = 0.0
        for index in 200..<output.count {
            let heading = turn * Double(output[index - 1]) - Double(output[index - 2])
            roughest = max(roughest, abs(Double(output[index]) - heading))
        }
        #expect(roughest < 8)
    }

    @Test("what is left out of a pause, or put in, leaves no step", arguments: [-150, -20, 60, 170])
    func splice(surplus: Int) {
        var block = (0..<480).map { Int16(300 * sin(Double($0) * 0.05)) } + [Int16](repeating: 0, count: 480)
        let count = unsafe block.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return 0 }
            return unsafe surplus > 0
                ? QuietSplice.shorten(base, count: 480, by: surplus)
                : QuietSplice.lengthen(base, count: 480, by: -surplus)
        }
        #expect(count == 480 - surplus)
        let steps = zip(block.prefix(count), block.prefix(count).dropFirst()).map { abs(Int($1) - Int($0)) }
        #expect((steps.max() ?? 0) < 25)
    }
}

/// A resampler fed in blocks of 10 ms.
@safe private final class Resampling {
    private var resampler: DriftResampler

    init(inputRate: Int, outputRate: Int) {
        resampler = DriftResampler.allocate(inputRate: inputRate, outputRate: outputRate)
    }

    deinit { resampler.deallocate() }

    func run(_ input: [Int16], correction: (Int) -> Double = { _ in 0 }) -> [Int16] {
        var output: [Int16] = []
        let size = resampler.inputRate / 100
        var room = [Int16](repeating: 0, count: resampler.outputRate / 100 + 64)
        for (index, start) in stride(from: 0, to: input.count - size + 1, by: size).enumerated() {
            resampler.steer(correction(index))
            let block = Array(input[start..<start + size])
            let made = unsafe resampler.run(block, count: size, into: &room, capacity: room.count)
            output += room.prefix(made)
        }
        return output
    }

    /// Amplitude of a frequency, and the root mean square of everything else.
    static func fit(_ frequency: Double, in samples: ArraySlice<Int16>, rate: Double) -> (Double, Double) {
        var (cc, ss, cs, xc, xs) = (0.0, 0.0, 0.0, 0.0, 0.0)
        for (index, sample) in samples.enumerated() {
            let angle = 2 * Double.pi * frequency * Double(index) / rate
            let (c, s) = (cos(angle), sin(angle))
            cc += c * c
            ss += s * s
            cs += c * s
            xc += Double(sample) * c
            xs += Double(sample) * s
        }
        let determinant = cc * ss - cs * cs
        let (a, b) = ((xc * ss - xs * cs) / determinant, (xs * cc - xc * cs) / determinant)
        var rest = 0.0
        for (index, sample) in samples.enumerated() {
            let angle = 2 * Double.pi * frequency * Double(index) / rate
            let error = Double(sample) - a * cos(angle) - b * sin(angle)
            rest += error * error
        }
        return ((a * a + b * b).squareRoot(), (rest / Double(samples.count)).squareRoot())
    }
}

/// The same numbers in every run.
struct Noise {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next(upTo bound: UInt64) -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return bound == 0 ? 0 : (state >> 20) % bound
    }
}
