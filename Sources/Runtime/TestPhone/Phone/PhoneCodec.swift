import EdgeProtocols
import SDP
import VoiceCodecs

/// Encodes 20 ms frames of one call.
struct PhoneEncoder: ~Copyable {
    let sampleRate: Int
    private let codec: VoiceCodec
    private let opus: OpusEncoderHandle?

    /// - Parameter clipRate: of what will be spoken; Opus is encoded at that rate, G.711 at 8 kHz.
    init(_ codec: VoiceCodec, clipRate: Int) {
        self.codec = codec
        opus = codec == .opus ? OpusEncoderHandle(sampleRate: Int32(clipRate)) : nil
        sampleRate = codec == .opus ? clipRate : 8000
    }

    deinit { opus?.destroy() }

    /// - Parameter frame: 20 ms at `sampleRate`.
    func encode(_ frame: [Int16]) -> [UInt8] {
        switch codec {
        case .pcmu: return frame.map { G711.encodeMuLaw($0) }
        case .pcma: return frame.map { G711.encodeALaw($0) }
        case .opus:
            var packet = [UInt8](repeating: 0, count: 1500)
            let count = unsafe opus?.encode(frame, count: frame.count, into: &packet, capacity: packet.count) ?? 0
            return Array(packet.prefix(max(0, count)))
        }
    }
}

/// Puts heard packets where their timestamps say: what a perfect playout buffer would have played.
enum PhoneDecoder {
    /// Longest recording, seconds: a jump of timestamps must not fill the memory.
    private static let longest = 7200

    /// - Returns: 8 kHz for G.711, 48 kHz for Opus; lost packets are silence.
    static func clip(_ packets: [PhoneMedia.Heard.Packet], _ codec: VoiceCodec) -> PCMClip {
        let sampleRate = codec.clockRate
        guard let first = packets.first else { return PCMClip(sampleRate: sampleRate, samples: []) }
        var samples: [Int16] = []
        let decoder = codec == .opus ? OpusDecoderHandle(sampleRate: Int32(sampleRate)) : nil
        defer { decoder?.destroy() }
        for packet in packets {
            let offset = Int(Int32(bitPattern: packet.timestamp &- first.timestamp))
            let frame = decode(packet.payload, codec, decoder)
            guard offset >= 0, offset + frame.count <= longest * sampleRate else { continue }
            if samples.count < offset + frame.count {
                samples += [Int16](repeating: 0, count: offset + frame.count - samples.count)
            }
            samples.replaceSubrange(offset..<offset + frame.count, with: frame)
        }
        return PCMClip(sampleRate: sampleRate, samples: samples)
    }

    static func decode(_ payload: [UInt8], _ codec: VoiceCodec, _ decoder: OpusDecoderHandle?) -> [Int16] {
        switch codec {
        case .pcmu: return payload.map { G711.decodeMuLaw($0) }
        case .pcma: return payload.map { G711.decodeALaw($0) }
        case .opus:
            var frame = [Int16](repeating: 0, count: 5760)
            let count = unsafe decoder?.decode(payload, count: payload.count, into: &frame, capacity: frame.count) ?? 0
            return Array(frame.prefix(max(0, count)))
        }
    }
}
