import Testing
import VoiceCodecs

@Suite struct G722Tests {
    private func coded(_ samples: [Int16]) -> [UInt8] {
        var encoder = G722Encoder()
        var payload = [UInt8](repeating: 0, count: samples.count / 2)
        unsafe samples.withUnsafeBufferPointer { input in
            unsafe payload.withUnsafeMutableBufferPointer { output in
                guard let from = input.baseAddress, let to = output.baseAddress else { return }
                _ = unsafe encoder.encode(from, count: input.count, into: to)
            }
        }
        return payload
    }

    private func decoded(_ payload: [UInt8]) -> [Int16] {
        var decoder = G722Decoder()
        var samples = [Int16](repeating: 0, count: payload.count * 2)
        unsafe payload.withUnsafeBufferPointer { input in
            unsafe samples.withUnsafeMutableBufferPointer { output in
                guard let from = input.baseAddress, let to = output.baseAddress else { return }
                _ = unsafe decoder.decode(from, count: input.count, into: to)
            }
        }
        return samples
    }

    /// FNV-1a of the octets.
    private func digest(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// A signal of whole numbers only, so that every machine makes the same one: a saw, bursts and a pseudo-random hiss.
    private var signal: [Int16] {
        var seed: UInt32 = 1
        return (0..<16_000).map { index in
            seed = seed &* 1_664_525 &+ 1_013_904_223
            let hiss = Int(Int32(bitPattern: seed) >> 20)
            let saw = (index * 97 % 8000 - 4000) * (index / 4000 % 2 == 0 ? 3 : 1)
            return Int16(max(-32_768, min(32_767, saw + hiss * (index / 2000 % 3))))
        }
    }

    @Test("octets and samples are those of libspandsp 0.0.6 in its 64 kb/s mode")
    func reference() {
        let payload = coded(signal)
        #expect(digest(payload) == 0x9a3b90b0b614a356)
        #expect(digest(decoded(payload).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8 & 0xFF)] }) == 0xaaf496b21439b007)
    }

    @Test("wide speech comes back as it went in, 22 samples later", arguments: [300.0, 1000, 3000, 5000, 6500])
    func wide(hertz: Double) {
        let original = tone(hertz, samples: 8000, rate: 16_000)
        let copy = decoded(coded(original))
        #expect(signalToNoise(Array(original[1000..<7000]), Array(copy[1022..<7022])) > (hertz < 4000 ? 1000 : 30))
    }

    @Test("any octet can come in any order")
    func hostile() {
        var seed: UInt32 = 7
        let payload = (0..<20_000).map { _ -> UInt8 in
            seed = seed &* 1_664_525 &+ 1_013_904_223
            return UInt8(seed >> 24)
        }
        #expect(decoded(payload).count == 40_000)
        #expect(coded((0..<8000).map { $0 % 2 == 0 ? Int16.max : .min }).count == 4000)
    }
}
