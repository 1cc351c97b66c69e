import EdgeProtocols
import SDP
import VoiceCodecs

/// Encodes 20 ms frames of one call.
struct PhoneEncoder: ~Copyable {
    let sampleRate: Int
    private let codec: VoiceCodec
    private let opus: OpusEncoderHandle?
    private var wide = G722Encoder()

    /// - Parameter clipRate: of what will be spoken; Opus is encoded at that rate, others at their own.
    init(_ codec: VoiceCodec, clipRate: Int) {
        self.codec = codec
        opus = codec == .opus ? OpusEncoderHandle(sampleRate: Int32(clipRate)) : nil
        sampleRate = codec == .opus ? clipRate : codec.sampleRate
    }

    deinit { opus?.destroy() }

    /// - Parameter frame: 20 ms at `sampleRate`.
    mutating func encode(_ frame: [Int16]) -> [UInt8] {
        switch codec {
        case .g722:
            var payload = [UInt8](repeating: 0, count: frame.count / 2)
            let count = unsafe wide.encode(frame, count: frame.count, into: &payload)
            return Array(payload.prefix(count))
        case .l16Narrow, .l16Wide, .l16Full:
            return frame.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] }
        case .pcmu: return frame.map { G711.encodeMuLaw($0) }
        case .pcma: return frame.map { G711.encodeALaw($0) }
        case .opus:
            var packet = [UInt8](repeating: 0, count: 1500)
            let count = unsafe opus?.encode(frame, count: frame.count, into: &packet, capacity: packet.count) ?? 0
            return Array(packet.prefix(max(0, count)))
        }
    }
}

/// Decodes the packets of one call.
struct PhoneDecoder: ~Copyable {
    /// Longest recording, seconds: a jump of timestamps must not fill the memory.
    private static let longest = 7200

    /// 8 kHz for G.711, 16 kHz for G.722, 48 kHz for Opus, L16 at its rate.
    let sampleRate: Int
    private let codec: VoiceCodec
    private let opus: OpusDecoderHandle?
    private var wide = G722Decoder()

    init(_ codec: VoiceCodec) {
        self.codec = codec
        sampleRate = codec.sampleRate
        opus = codec == .opus ? OpusDecoderHandle(sampleRate: Int32(codec.sampleRate)) : nil
    }

    deinit { opus?.destroy() }

    /// Samples from a packet's timestamp to a later one's.
    func samples(from first: UInt32, to timestamp: UInt32) -> Int {
        Int(Int32(bitPattern: timestamp &- first)) * (sampleRate / codec.clockRate)
    }

    mutating func decode(_ payload: [UInt8]) -> [Int16] {
        switch codec {
        case .g722:
            var frame = [Int16](repeating: 0, count: payload.count * 2)
            _ = unsafe wide.decode(payload, count: payload.count, into: &frame)
            return frame
        case .l16Narrow, .l16Wide, .l16Full:
            var frame = [Int16](repeating: 0, count: payload.count / 2)
            unsafe L16.decode(payload, count: frame.count, into: &frame)
            return frame
        case .pcmu: return payload.map { G711.decodeMuLaw($0) }
        case .pcma: return payload.map { G711.decodeALaw($0) }
        case .opus:
            var frame = [Int16](repeating: 0, count: 5760)
            let count = unsafe opus?.decode(payload, count: payload.count, into: &frame, capacity: frame.count) ?? 0
            return Array(frame.prefix(max(0, count)))
        }
    }

    /// Puts heard packets where their timestamps say: what a perfect playout buffer would have played; lost packets
    /// are silence.
    static func clip(_ packets: [PhoneMedia.Heard.Packet], _ codec: VoiceCodec) -> PCMClip {
        var decoder = PhoneDecoder(codec)
        guard let first = packets.first else { return PCMClip(sampleRate: decoder.sampleRate, samples: []) }
        var samples: [Int16] = []
        for packet in packets {
            let offset = decoder.samples(from: first.timestamp, to: packet.timestamp)
            let frame = decoder.decode(packet.payload)
            guard offset >= 0, offset + frame.count <= longest * decoder.sampleRate else { continue }
            if samples.count < offset + frame.count {
                samples += [Int16](repeating: 0, count: offset + frame.count - samples.count)
            }
            samples.replaceSubrange(offset..<offset + frame.count, with: frame)
        }
        return PCMClip(sampleRate: decoder.sampleRate, samples: samples)
    }
}

extension VoiceCodec {
    /// Rate of the samples that it carries.
    fileprivate var sampleRate: Int { self == .g722 ? 16_000 : clockRate }
}
