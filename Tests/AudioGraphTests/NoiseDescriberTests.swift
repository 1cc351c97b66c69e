import Foundation
import Testing
import VoiceCodecs

@testable import AudioGraph

@Suite struct NoiseDescriberTests {
    private struct Heard {
        var sent: [Bool] = []
        /// With the packet that each came in place of.
        var descriptions: [(packet: Int, bytes: [UInt8])] = []
    }

    private func hear(_ sound: [Int16], rate: Int, milliseconds: Int = 20) -> Heard {
        var describer = NoiseDescriber()
        var heard = Heard()
        let count = rate / 1000 * milliseconds
        for start in stride(from: 0, through: sound.count - count, by: count) {
            let verdict = unsafe sound[start..<start + count].withUnsafeBufferPointer { part in
                unsafe part.baseAddress.map { unsafe describer.hear($0, count: count, rate: rate) } ?? .voice
            }
            heard.sent.append(verdict == .voice)
            if verdict != .new { continue }
            var payload = [UInt8](repeating: 0, count: NoiseDescriber.longest)
            let size = unsafe payload.withUnsafeMutableBufferPointer { room in
                unsafe room.baseAddress.map { unsafe describer.write(into: $0) } ?? 0
            }
            heard.descriptions.append((heard.sent.count - 1, Array(payload.prefix(size))))
        }
        return heard
    }

    /// Noise of a level, each sample like the one before by `colour`.
    private func noise(_ decibels: Double, colour: Double = 0, count: Int) -> [Int16] {
        var random = SplitMix(seed: 3)
        let deviation = 32_768 * pow(10, decibels / 20) * (1 - colour * colour).squareRoot()
        var last = 0.0
        return (0..<count).map { _ in
            let white = (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &random) }
            last = colour * last + white * deviation
            return Int16(max(-32_768, min(32_767, last.rounded())))
        }
    }

    private func power(_ samples: some Collection<Int16>) -> Double {
        samples.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(1, samples.count))
    }

    @Test(
        "steady noise is described once a second, level and colour, whatever the packets",
        arguments: [(-40.0, 0.0), (-55, 0.7), (-50, -0.6)], [5, 20, 30, 60])
    func steady(_ noise: (level: Double, colour: Double), milliseconds: Int) throws {
        let sound = self.noise(noise.level, colour: noise.colour, count: 8000 * 10)
        let heard = hear(sound, rate: 8000, milliseconds: milliseconds)
        let first = try #require(heard.descriptions.first)
        #expect((900...1400).contains(first.packet * milliseconds), "the first second is listened to")
        #expect(heard.sent.dropFirst(first.packet).allSatisfy { !$0 })
        #expect((8...11).contains(heard.descriptions.count))
        for (_, bytes) in heard.descriptions {
            #expect(abs(Double(bytes[0]) + noise.level) <= 1)
            let reflection = (Double(bytes[1]) - 127) * 258 / 32_768
            #expect(abs(reflection + noise.colour) < 0.12, "\(reflection)")
        }
    }

    @Test("who gets the description makes noise of the same level and colour", arguments: [0.0, 0.7])
    func roundTrip(colour: Double) throws {
        let sound = noise(-45, colour: colour, count: 32_000)
        let bytes = try #require(hear(sound, rate: 8000).descriptions.last).bytes
        var maker = ComfortNoise()
        unsafe bytes.withUnsafeBufferPointer { part in
            if let start = part.baseAddress { unsafe maker.describe(start, count: part.count) }
        }
        var made = [Int16](repeating: 0, count: 32_000)
        unsafe made.withUnsafeMutableBufferPointer { room in
            if let start = room.baseAddress { unsafe maker.make(32_000, into: start) }
        }
        let settled = Array(made.dropFirst(8000))
        #expect(abs(10 * log10(power(settled) / power(sound))) < 1.5)
        let likeness = zip(settled, settled.dropFirst()).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        #expect(abs(likeness / power(settled) / Double(settled.count) - colour) < 0.1)
    }

    @Test("digital silence is one byte of the lowest level")
    func silence() {
        let heard = hear([Int16](repeating: 0, count: 24_000), rate: 8000)
        #expect(heard.descriptions.count >= 2 && heard.descriptions.allSatisfy { $0.bytes == [127] })
    }

    @Test("of speech in noise what is left out holds nothing but the noise", arguments: [8000, 16_000], [10, 20])
    func speech(rate: Int, milliseconds: Int) throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Fixtures/audio/f198.wav").standardizedFileURL
        let bytes = [UInt8](try Data(contentsOf: path)).dropFirst(44)
        let wide = stride(from: bytes.startIndex, to: bytes.endIndex - 1, by: 2).map {
            Int16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8)
        }
        let voice = rate == 16_000 ? wide : RateConverter.convert(wide, from: 16_000, to: rate) ?? []
        let quiet = noise(-65, count: rate * 2 + voice.count + rate * 3)
        var sound = quiet
        for (index, sample) in voice.enumerated() { sound[rate * 2 + index] += sample }
        let heard = hear(sound, rate: rate, milliseconds: milliseconds)
        let count = rate / 1000 * milliseconds
        let left = heard.sent.indices.filter { !heard.sent[$0] }
        let during = left.filter { $0 * count >= rate * 2 && ($0 + 1) * count <= rate * 2 + voice.count }
        let loudest = during.map { power(sound[$0 * count..<($0 + 1) * count]) }.max() ?? 0
        #expect(loudest < 32_768 * 32_768 * 1e-4, "\(10 * log10(loudest / 32_768 / 32_768)) dBFS")
        let lost = during.reduce(0.0) { $0 + power(sound[$1 * count..<($1 + 1) * count]) * Double(count) }
        #expect(lost < power(voice) * Double(voice.count) * 1e-3)
        #expect(left.count * milliseconds > 3000, "the pauses before and behind it")
    }

    @Test("a tone is no noise, however soft and long", arguments: [425.0, 1400, 3000], [-40.0, -25, -50])
    func tone(frequency: Double, level: Double) {
        let peak = 32_768 * pow(10, level / 20) * 2.0.squareRoot()
        let sound = (0..<40_000).map { Int16(peak * sin(2 * .pi * frequency * Double($0) / 8000)) }
        #expect(hear(sound, rate: 8000).sent.allSatisfy { $0 })
    }

    @Test("noise that gets louder or softer is described anew within a second or two, and loud noise is sent")
    func changes() throws {
        let sound = noise(-60, count: 16_000) + noise(-55, count: 24_000) + noise(-25, count: 24_000)
        let heard = hear(sound, rate: 8000)
        let levels = heard.descriptions.map { Int($0.bytes[0]) }
        #expect(levels.contains { abs($0 - 60) <= 1 } && levels.contains { abs($0 - 55) <= 1 })
        #expect(levels.allSatisfy { $0 > 50 })
        #expect(heard.sent.suffix(140).allSatisfy { $0 })
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
