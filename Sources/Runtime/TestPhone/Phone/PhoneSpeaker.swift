import EdgeProtocols
import RTP
import SDP
import VoiceCodecs

/// Turns a clip and digits into RTP packets, one every 20 ms; silence when both are over.
struct PhoneSpeaker: ~Copyable {
    let agreement: MediaAgreement
    private var encoder: PhoneEncoder
    private var samples: [Int16]
    private var position = 0
    private var digits: DigitSender?
    private var sequence: UInt16
    private var timestamp: UInt32
    private let ssrc: UInt32
    private var isFirst = true

    init(_ agreement: MediaAgreement, clip: PhoneClip, digits: String) {
        self.agreement = agreement
        encoder = PhoneEncoder(agreement.codec, clipRate: clip.sampleRate)
        samples = clip.samples(at: encoder.sampleRate)
        if let format = agreement.telephoneEvent {
            self.digits = DigitSender(clockRate: UInt32(format.clockRate))
            for digit in digits.utf8 { _ = self.digits?.enqueue(digit) }
        }
        sequence = UInt16.random(in: 0...UInt16.max)
        timestamp = UInt32.random(in: 0...UInt32.max)
        ssrc = UInt32.random(in: 0...UInt32.max)
    }

    /// Whether something is still to be said or pressed.
    var isBusy: Bool { position < samples.count || digits?.isIdle == false }

    /// Says this after what is being said.
    mutating func speak(_ clip: PhoneClip) {
        samples.removeFirst(min(position, samples.count))
        position = 0
        samples += clip.samples(at: encoder.sampleRate)
    }

    /// Presses these once everything is said.
    mutating func press(_ keys: String) {
        for digit in keys.utf8 { _ = digits?.enqueue(digit) }
    }

    /// The next packet; silence, with nothing used up, while it may not speak yet.
    mutating func next(speaks: Bool) -> [UInt8] {
        defer {
            sequence &+= 1
            timestamp &+= UInt32(agreement.codec.clockRate / 50)
        }
        if speaks, position >= samples.count, let packet = digits?.step(timestamp: timestamp, milliseconds: 20),
            let format = agreement.telephoneEvent
        {
            var payload = [UInt8](repeating: 0, count: TelephoneEvent.byteCount)
            _ = unsafe payload.withUnsafeMutableBytes { unsafe packet.event.write(into: $0) }
            return self.packet(
                format.sendPayloadType, marker: packet.marker, timestamp: packet.timestamp, payload: payload)
        }
        let count = encoder.sampleRate / 50
        var frame = speaks ? Array(samples.dropFirst(position).prefix(count)) : []
        frame += [Int16](repeating: 0, count: count - frame.count)
        if speaks { position += count }
        defer { isFirst = false }
        let payload = encoder.encode(frame)
        return packet(agreement.sendPayloadType, marker: isFirst, timestamp: timestamp, payload: payload)
    }

    private func packet(_ type: UInt8, marker: Bool, timestamp: UInt32, payload: [UInt8]) -> [UInt8] {
        let header = RTPHeader(marker: marker, payloadType: type, sequence: sequence, timestamp: timestamp, ssrc: ssrc)
        var bytes = [UInt8](repeating: 0, count: RTPHeader.byteCount)
        _ = unsafe bytes.withUnsafeMutableBytes { unsafe header.write(into: $0) }
        return bytes + payload
    }
}
