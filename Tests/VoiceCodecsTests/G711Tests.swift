import Testing
import VoiceCodecs

private enum Law: CaseIterable {
    case mu, a
    func decode(_ byte: UInt8) -> Int16 { self == .mu ? G711.decodeMuLaw(byte) : G711.decodeALaw(byte) }
    func encode(_ sample: Int16) -> UInt8 { self == .mu ? G711.encodeMuLaw(sample) : G711.encodeALaw(sample) }
    func decode(_ payload: [UInt8]) -> [Int16] {
        var samples = [Int16](repeating: 0, count: payload.count)
        unsafe payload.withUnsafeBufferPointer { from in
            unsafe samples.withUnsafeMutableBufferPointer { to in
                guard let source = from.baseAddress, let target = to.baseAddress else { return }
                switch self {
                case .mu: unsafe G711.decodeMuLaw(source, count: from.count, into: target)
                case .a: unsafe G711.decodeALaw(source, count: from.count, into: target)
                }
            }
        }
        return samples
    }
    func encode(_ samples: [Int16]) -> [UInt8] {
        var payload = [UInt8](repeating: 0, count: samples.count)
        unsafe samples.withUnsafeBufferPointer { from in
            unsafe payload.withUnsafeMutableBufferPointer { to in
                guard let source = from.baseAddress, let target = to.baseAddress else { return }
                switch self {
                case .mu: unsafe G711.encodeMuLaw(source, count: from.count, into: target)
                case .a: unsafe G711.encodeALaw(source, count: from.count, into: target)
                }
            }
        }
        return payload
    }
}

/// FNV-1a, to compare whole tables with those of another implementation.
private func fingerprint(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
}

private func littleEndian(_ samples: [Int16]) -> [UInt8] {
    samples.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
}

@Suite("G.711")
struct G711Tests {
    // Both tables, and the A-law encoding of every 16-bit value, as CPython's audioop module gives them.
    @Test("every code decodes to the value of the reference")
    func decodeTables() {
        #expect(fingerprint(littleEndian(Law.mu.decode(Array(0...255)))) == 0xB91E_65D6_8481_A1A8)
        #expect(fingerprint(littleEndian(Law.a.decode(Array(0...255)))) == 0x693A_40CA_62A3_D2A5)
    }

    @Test("every sample has the A-law code of the reference")
    func aLawEncoding() {
        #expect(fingerprint(Law.a.encode(Array(Int16.min...Int16.max))) == 0xF030_666E_B780_CF25)
    }

    @Test("every sample comes back within half a step, in order", arguments: Law.allCases)
    fileprivate func quantisation(law: Law) {
        let samples = Array(Int16.min...Int16.max)
        let copies = law.decode(law.encode(samples))
        var wrong = 0
        for (sample, copy) in zip(samples, copies) {
            let step = max(8, (Int(sample).magnitude + 132) / 32 + 1)
            if (Int(copy) - Int(sample)).magnitude > step { wrong += 1 }
        }
        #expect(wrong == 0)
        #expect(copies == copies.sorted())
    }

    @Test("all 256 codes survive decoding and encoding", arguments: Law.allCases)
    fileprivate func idempotent(law: Law) {
        for code in UInt8.min...UInt8.max {
            let value = law.decode(code)
            #expect(law.decode(law.encode(value)) == value)
            // mu-law has a negative zero, which linear PCM has not.
            if law == .a || code != 0x7F { #expect(law.encode(value) == code) }
        }
    }

    @Test("known codes", arguments: [(UInt8(0xFF), Int16(0)), (0x7F, 0), (0x80, 32_124), (0x00, -32_124), (0xF0, 120)])
    func muLaw(code: UInt8, value: Int16) { #expect(G711.decodeMuLaw(code) == value) }

    @Test("known A-law codes", arguments: [(UInt8(0xD5), Int16(8)), (0x55, -8), (0xAA, 32_256), (0x2A, -32_256)])
    func aLaw(code: UInt8, value: Int16) { #expect(G711.decodeALaw(code) == value) }

    @Test("a tone keeps 37 dB over its quantisation noise", arguments: Law.allCases)
    fileprivate func noise(law: Law) {
        let original = tone(1004, samples: 8000, rate: 8000)
        #expect(signalToNoise(original, law.decode(law.encode(original))) > 5000)
    }
}
