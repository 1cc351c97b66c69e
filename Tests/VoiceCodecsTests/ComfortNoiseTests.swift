import Testing
import VoiceCodecs

@Suite struct ComfortNoiseTests {
    private func made(_ payload: [UInt8], samples: Int = 16_000) -> [Int16] {
        var noise = ComfortNoise()
        unsafe payload.withUnsafeBufferPointer { bytes in
            if let start = bytes.baseAddress { unsafe noise.describe(start, count: bytes.count) }
        }
        var output = [Int16](repeating: 1, count: samples)
        unsafe output.withUnsafeMutableBufferPointer { room in
            if let start = room.baseAddress { unsafe noise.make(samples, into: start) }
        }
        return output
    }

    @Test(
        "noise is as loud as the peer says, whatever its colour", arguments: [30, 40, 55],
        [[], [190], [100, 160, 127]])
    func level(level: UInt8, colour: [UInt8]) {
        let sound = made([level] + colour).dropFirst(4000)
        let power = energy(sound) / Double(sound.count)
        let expected = 32_768.0 * 32_768 * [30: 1e-3, 40: 1e-4, 55: 3.162e-6][Int(level), default: 0]
        #expect(power > expected * 0.7 && power < expected * 1.4)
    }

    @Test("reflection coefficients shape it")
    func colour() {
        func likeness(_ samples: [Int16]) -> Double {
            zip(samples, samples.dropFirst()).reduce(0) { $0 + Double($1.0) * Double($1.1) } / energy(samples)
        }
        #expect(abs(likeness(made([35]))) < 0.05)
        // k1 = -0.75: neighbours are alike; +0.75: opposite.
        #expect(abs(likeness(made([35, 31])) - 0.75) < 0.08)
        #expect(abs(likeness(made([35, 223])) + 0.75) < 0.08)
    }

    @Test("nothing described is silence, and hostile descriptions stay in bounds")
    func bounds() {
        #expect(made([]).allSatisfy { $0 == 0 })
        let wild = made([0] + [UInt8](repeating: 255, count: 40))
        #expect(wild.count == 16_000)
        #expect(made([127]).allSatisfy { abs(Int($0)) <= 1 })
    }
}
