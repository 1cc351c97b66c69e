import Testing
import VoiceCodecs

/// One encoder and one decoder on arrays, freed with the object.
private final class Pair {
    let encoder: OpusEncoderHandle
    let decoder: OpusDecoderHandle
    init(encode: Int, decode: Int, complexity: Int = OpusSettings().complexity) throws {
        var settings = OpusSettings()
        settings.complexity = complexity
        encoder = try #require(OpusEncoderHandle(sampleRate: Int32(encode), settings: settings))
        decoder = try #require(OpusDecoderHandle(sampleRate: Int32(decode)))
    }
    deinit {
        encoder.destroy()
        decoder.destroy()
    }

    func encode(_ frame: ArraySlice<Int16>) -> [UInt8] {
        var packet = [UInt8](repeating: 0, count: 1500)
        let count = unsafe frame.withUnsafeBufferPointer { samples in
            unsafe packet.withUnsafeMutableBufferPointer { room in
                guard let from = samples.baseAddress, let to = room.baseAddress else { return 0 }
                return unsafe encoder.encode(from, count: samples.count, into: to, capacity: room.count)
            }
        }
        return Array(packet.prefix(max(0, count)))
    }

    private func filled(
        capacity: Int, _ body: (UnsafeMutablePointer<Int16>) -> Int
    ) -> (count: Int, samples: [Int16]) {
        var samples = [Int16](repeating: 0, count: capacity)
        let count = unsafe samples.withUnsafeMutableBufferPointer { room in
            guard let target = room.baseAddress else { return 0 }
            return unsafe body(target)
        }
        return (count, Array(samples.prefix(max(0, count))))
    }

    func decode(_ packet: [UInt8]) -> (count: Int, samples: [Int16]) {
        let capacity = Int(decoder.sampleRate) * 120 / 1000
        return unsafe filled(capacity: capacity) { target in
            unsafe packet.withUnsafeBufferPointer { bytes in
                guard let from = bytes.baseAddress else { return -1 }
                return unsafe decoder.decode(from, count: bytes.count, into: target, capacity: capacity)
            }
        }
    }

    func recover(from packet: [UInt8], count: Int) -> (count: Int, samples: [Int16]) {
        unsafe filled(capacity: count) { target in
            unsafe packet.withUnsafeBufferPointer { bytes in
                guard let from = bytes.baseAddress else { return -1 }
                return unsafe decoder.recover(from: from, packetCount: bytes.count, into: target, count: count)
            }
        }
    }

    func conceal(count: Int) -> (count: Int, samples: [Int16]) {
        unsafe filled(capacity: count) { unsafe decoder.conceal(into: $0, count: count) }
    }

    func sampleCount(of packet: [UInt8]) -> Int {
        unsafe packet.withUnsafeBufferPointer { bytes in
            guard let from = bytes.baseAddress else { return -1 }
            return unsafe decoder.sampleCount(of: from, count: bytes.count)
        }
    }
}

@Suite("Opus")
struct OpusTests {
    @Test("speech comes back at every rate", arguments: [8000, 16_000, 48_000], [8000, 16_000, 48_000])
    func roundTrip(encode: Int, decode: Int) throws {
        let pair = try Pair(encode: encode, decode: decode)
        let frame = encode / 50
        let original = voice(samples: encode, rate: encode)
        var heard: [Int16] = []
        for start in stride(from: 0, to: encode, by: frame) {
            let packet = pair.encode(original[start..<start + frame])
            #expect(packet.count > 3 && packet.count < 400)
            #expect(pair.sampleCount(of: packet) == decode / 50)
            let (count, samples) = pair.decode(packet)
            #expect(count == decode / 50)
            heard += samples
        }
        let reference = voice(samples: decode, rate: decode)
        #expect(bestCorrelation(Array(reference.prefix(decode / 5)), heard, maximumShift: decode / 100) > 0.8)
        #expect(pair.encoder.lookahead > 0)
    }

    @Test(
        "an encoder limited to less effort works as one made for it; the limit never asks for more, and can be taken back",
        arguments: [(5, [0], 0), (5, [2, 0], 0), (5, [7], 5), (2, [10], 2), (5, [0, 10], 5)])
    func limitedEffort(own: Int, limits: [Int], like: Int) throws {
        let limited = try Pair(encode: 8000, decode: 8000, complexity: own)
        let other = try Pair(encode: 8000, decode: 8000, complexity: like)
        for limit in limits { limited.encoder.limitComplexity(to: limit) }
        let speech = voice(samples: 8000, rate: 8000)
        for start in stride(from: 0, to: 8000, by: 160) {
            let frame = speech[start..<start + 160]
            #expect(limited.encode(frame) == other.encode(frame))
        }
    }

    @Test("frames of every packet time are encoded", arguments: [10, 20, 40, 60])
    func packetTimes(milliseconds: Int) throws {
        let pair = try Pair(encode: 16_000, decode: 48_000)
        let samples = voice(samples: 16 * milliseconds, rate: 16_000)
        #expect(pair.decode(pair.encode(samples[...])).count == 48 * milliseconds)
    }

    @Test(
        "telephone sound is encoded with no more than complexity 5",
        arguments: [(9, 8000, 5), (3, 8000, 3), (9, 16_000, 9), (10, 48_000, 10)])
    func complexity(wish: Int, rate: Int, spent: Int) {
        #expect(OpusSettings.complexity(wish, atRate: rate) == spent)
    }

    @Test("a frame that no packet can hold is refused")
    func wrongFrame() throws {
        let pair = try Pair(encode: 8000, decode: 8000)
        #expect(pair.encode([Int16](repeating: 0, count: 123)[...]).isEmpty)
    }

    @Test("a lost frame is made from the FEC of the next one, better than by concealment")
    func forwardErrorCorrection() throws {
        func similarity(usingFEC: Bool) throws -> Double {
            let pair = try Pair(encode: 16_000, decode: 16_000)
            pair.encoder.setExpectedLoss(percent: 25)
            let original = voice(samples: 16_000 * 2, rate: 16_000)
            let packets = stride(from: 0, to: original.count, by: 320).map { pair.encode(original[$0..<$0 + 320]) }
            let whole = try Pair(encode: 16_000, decode: 16_000)
            var product = 0.0
            var reference: [Int16] = []
            var made: [Int16] = []
            for index in packets.indices {
                let truth = whole.decode(packets[index]).samples
                if index % 5 == 3 {
                    let (count, samples) =
                        usingFEC ? pair.recover(from: packets[index + 1], count: 320) : pair.conceal(count: 320)
                    #expect(count == 320)
                    made += samples
                    reference += truth
                } else {
                    _ = pair.decode(packets[index])
                }
            }
            for (a, b) in zip(reference, made) { product += Double(a) * Double(b) }
            return product / (energy(reference) * energy(made)).squareRoot()
        }
        let withFEC = try similarity(usingFEC: true)
        let without = try similarity(usingFEC: false)
        // 0.83 at the default complexity, 9.
        #expect(withFEC > 0.8)
        #expect(withFEC > without)
    }

    @Test("concealment gives whole frames that fade out", arguments: [8000, 48_000])
    func concealment(rate: Int) throws {
        let pair = try Pair(encode: rate, decode: rate)
        let frame = rate / 50
        let original = voice(samples: frame * 20, rate: rate)
        for start in stride(from: 0, to: original.count, by: frame) {
            _ = pair.decode(pair.encode(original[start..<start + frame]))
        }
        let first = pair.conceal(count: frame)
        #expect(first.count == frame && energy(first.samples) > 0)
        var last = first
        for _ in 0..<50 { last = pair.conceal(count: frame) }
        #expect(last.count == frame && energy(last.samples) < energy(first.samples) / 10)
    }

    @Test("broken packets are refused and the decoder goes on")
    func broken() throws {
        let pair = try Pair(encode: 48_000, decode: 48_000)
        #expect(pair.decode([]).count < 0)
        #expect(pair.sampleCount(of: []) < 0)
        #expect(pair.decode([0xFF]).count < 0)
        var state: UInt64 = 7
        for _ in 0..<2000 {
            let packet = (0..<Int(state >> 58)).map { _ -> UInt8 in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 33)
            }
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            #expect(pair.decode(packet).count <= 5760)
        }
        pair.decoder.reset()
        let samples = voice(samples: 960, rate: 48_000)
        #expect(pair.decode(pair.encode(samples[...])).count == 960)
    }

    @Test("a rate that Opus has not is refused")
    func wrongRate() {
        #expect(OpusEncoderHandle(sampleRate: 44_100) == nil)
        #expect(OpusDecoderHandle(sampleRate: 44_100) == nil)
    }
}

/// Compiles only while every call of this module that a media worker makes passes the real-time check from outside.
@_noLocks private func workerTranscodes(
    _ kind: CodecKind, _ encoder: OpusEncoderHandle, _ decoder: OpusDecoderHandle,
    _ packet: UnsafeMutablePointer<UInt8>,
    _ samples: UnsafeMutablePointer<Int16>
) -> Int {
    let count = 20 * kind.sampleRate / 1000
    switch kind {
    case .g722:
        var (g722, wide, noise) = (G722Encoder(), G722Decoder(), ComfortNoise())
        let bytes = unsafe g722.encode(samples, count: count, into: packet)
        unsafe noise.describe(packet, count: bytes)
        unsafe noise.make(count, into: samples)
        return unsafe wide.decode(packet, count: bytes, into: samples)
    case .l16Narrow, .l16Wide, .l16Full:
        let half = kind.hasAnyLength && kind.isSame(as: .l16Full) ? count / 2 : count
        unsafe L16.encode(samples, count: half, into: packet)
        unsafe L16.decode(packet, count: half, into: samples)
        return count
    case .pcmu:
        unsafe G711.encodeMuLaw(samples, count: count, into: packet)
        unsafe G711.decodeMuLaw(packet, count: count, into: samples)
        return count
    case .pcma:
        unsafe G711.encodeALaw(samples, count: count, into: packet)
        unsafe G711.decodeALaw(packet, count: count, into: samples)
        return count
    case .opus, .opusNarrow, .opusWide:
        encoder.setExpectedLoss(percent: 5)
        encoder.setBitrate(bitsPerSecond: 16_000)
        let bytes = unsafe encoder.encode(samples, count: count, into: packet, capacity: 1200)
        guard bytes > 0 else { return bytes }
        _ = unsafe decoder.recover(from: packet, packetCount: bytes, into: samples, count: count)
        _ = unsafe decoder.conceal(into: samples, count: count)
        return unsafe decoder.decode(packet, count: bytes, into: samples, capacity: count)
    }
}

@Suite("Real-time use")
struct RealTimeUseTests {
    @Test("a worker may call all of it", arguments: CodecKind.allCases)
    func worker(kind: CodecKind) throws {
        let encoder = try #require(OpusEncoderHandle(sampleRate: Int32(kind.sampleRate)))
        let decoder = try #require(OpusDecoderHandle(sampleRate: Int32(kind.sampleRate)))
        defer {
            encoder.destroy()
            decoder.destroy()
        }
        var packet = [UInt8](repeating: 0, count: 1200)
        var samples = [Int16](repeating: 0, count: 960)
        let count = unsafe packet.withUnsafeMutableBufferPointer { bytes in
            unsafe samples.withUnsafeMutableBufferPointer { room in
                guard let to = bytes.baseAddress, let from = room.baseAddress else { return 0 }
                return unsafe workerTranscodes(kind, encoder, decoder, to, from)
            }
        }
        #expect(count == kind.sampleRate / 50)
    }
}
