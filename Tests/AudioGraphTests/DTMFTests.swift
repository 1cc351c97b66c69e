import AudioGraph
import Foundation
import Testing

@Suite struct DTMFTests {
    static let keys = "123A456B789C*0#D"
    private static let rows = [697.0, 770, 852, 941]
    private static let columns = [1209.0, 1336, 1477, 1633]

    private func detected(_ samples: [Int16], rate: Int = 8000) -> [(Character, Int)] {
        var detector = DTMFDetector(rate: rate)
        var found: [(Character, Int)] = []
        for start in stride(from: 0, to: samples.count, by: rate / 50) {
            let piece = Array(samples[start..<min(samples.count, start + rate / 50)])
            unsafe piece.withUnsafeBufferPointer { buffer in
                guard let base = buffer.baseAddress, let key = unsafe detector.hear(base, count: buffer.count) else {
                    return
                }
                found.append((Character(UnicodeScalar(key.digit)), key.milliseconds))
            }
        }
        return found
    }

    /// One key by the book, `shift` in parts of the frequency.
    private func pressed(
        _ key: Int, milliseconds: Int, rate: Int = 8000, low: Double = 5000, high: Double = 5000, shift: Double = 0
    ) -> [Int16] {
        let (f, g) = (Self.rows[key / 4] * (1 + shift), Self.columns[key % 4] * (1 + shift))
        return (0..<milliseconds * rate / 1000).map { index in
            let turn = 2 * Double.pi * Double(index) / Double(rate)
            return Int16(low * sin(f * turn) + high * sin(g * turn))
        }
    }

    private func silence(_ milliseconds: Int, rate: Int = 8000) -> [Int16] {
        [Int16](repeating: 0, count: milliseconds * rate / 1000)
    }

    @Test("every key is heard once at every rate, with its length", arguments: [8000, 16_000, 48_000])
    func keys(rate: Int) {
        var sound = silence(33, rate: rate)
        for key in 0..<16 { sound += pressed(key, milliseconds: 80, rate: rate) + silence(60, rate: rate) }
        let found = detected(sound, rate: rate)
        #expect(String(found.map { $0.0 }) == Self.keys)
        #expect(found.allSatisfy { (50...100).contains($0.1) })
    }

    @Test(
        "40 ms are a key wherever they fall, 20 ms are none; a key pressed twice is two",
        arguments: [0, 3, 7, 11])
    func lengths(offset: Int) {
        let lead = silence(30 + offset)
        #expect(detected(lead + pressed(5, milliseconds: 42) + silence(60)).count == 1)
        #expect(detected(lead + pressed(5, milliseconds: 20) + silence(60)).isEmpty)
        let twice = pressed(5, milliseconds: 60) + silence(50) + pressed(5, milliseconds: 60) + silence(60)
        #expect(String(detected(lead + twice).map { $0.0 }) == "55")
        // A dropout of 8 ms within a key is no second key.
        let broken = pressed(5, milliseconds: 60) + silence(8) + pressed(5, milliseconds: 60) + silence(60)
        #expect(detected(lead + broken).count == 1)
    }

    @Test("frequencies 1.5 % off and tones 6 dB apart are keys, 3.5 % off are none")
    func tolerances() {
        for shift in [-0.015, 0.015] {
            #expect(detected(silence(20) + pressed(9, milliseconds: 100, shift: shift) + silence(60)).count == 1)
        }
        for shift in [-0.035, 0.035] {
            #expect(detected(silence(20) + pressed(9, milliseconds: 100, shift: shift) + silence(60)).isEmpty)
        }
        #expect(detected(silence(20) + pressed(9, milliseconds: 100, low: 8000, high: 4000) + silence(60)).count == 1)
        #expect(detected(silence(20) + pressed(9, milliseconds: 100, low: 3000, high: 9000) + silence(60)).isEmpty)
        #expect(detected(silence(20) + pressed(9, milliseconds: 100, low: 300, high: 300) + silence(60)).count == 1)
    }

    @Test("speech presses no key (talk-off)")
    func talkOff() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/audio/f198.wav")
        let bytes = [UInt8](try Data(contentsOf: path)).dropFirst(44)
        let speech = stride(from: bytes.startIndex, to: bytes.endIndex - 1, by: 2).map {
            Int16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8)
        }
        #expect(detected(speech, rate: 16_000).isEmpty)
        // Played a third faster and slower the voice passes other frequencies.
        #expect(detected(speech, rate: 8000).isEmpty)
        for ratio in [12_000, 20_000, 22_000] {
            #expect(detected(RateConverter.convert(speech, from: 16_000, to: ratio) ?? [], rate: 16_000).isEmpty)
        }
    }

    @Test("what the generator sends the detector hears, pauses included", arguments: [8000, 16_000, 48_000])
    func generated(rate: Int) {
        var generator = DTMFGenerator()
        for digit in "19p*#0A".utf8 {
            let isTaken = generator.enqueue(digit)
            #expect(isTaken)
        }
        let isTaken = generator.enqueue(UInt8(ascii: "x"))
        #expect(!isTaken)
        var sound: [Int16] = []
        while !generator.isIdle {
            var step = [Int16](repeating: 0, count: rate / 50)
            unsafe step.withUnsafeMutableBufferPointer { room in
                if let base = room.baseAddress { unsafe generator.render(into: base, count: room.count, rate: rate) }
            }
            sound += step
        }
        #expect(abs(Double(sound.count) / Double(rate) - 1.7) < 0.03)
        let found = detected(sound, rate: rate)
        #expect(String(found.map { $0.0 }) == "19*#0A")
        #expect(found.allSatisfy { (75...103).contains($0.1) })
    }
}
