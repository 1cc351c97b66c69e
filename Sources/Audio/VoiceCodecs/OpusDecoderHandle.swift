import COpus

/// One Opus decoder of libopus: one channel, any Opus packet.
///
/// - Units: samples at `sampleRate`.
/// - Reference: RFC 6716 §4; FEC: RFC 7587 §3.3.
/// - Threading: control makes it and calls `destroy` once, when no worker uses it any more; one worker at a time calls
///   the rest, which allocate nothing and take no lock.
@safe public struct OpusDecoderHandle {
    private let decoder: OpaquePointer
    /// 8 000, 16 000 or 48 000.
    public let sampleRate: Int32

    /// Nil when libopus refuses the rate or has no memory.
    public init?(sampleRate: Int32) {
        guard let decoder = unsafe swh_opus_decoder_new(sampleRate) else { return nil }
        unsafe self.decoder = decoder
        self.sampleRate = sampleRate
    }

    /// Frees the decoder; the handle and its copies are dead after this.
    public func destroy() { unsafe swh_opus_decoder_free(decoder) }

    /// Decodes one packet.
    /// - Parameter capacity: room in samples; 120 ms suffice for any packet.
    /// - Returns: samples written, or a negative error (broken packet): conceal then.
    @_noLocks public func decode(
        _ packet: UnsafePointer<UInt8>, count: Int, into samples: UnsafeMutablePointer<Int16>, capacity: Int
    ) -> Int {
        guard count > 0 else { return -1 }  // libopus takes an empty packet for a lost one
        return Int(
            unsafe swh_opus_decode(
                decoder, packet, Int32(truncatingIfNeeded: count), samples,
                Int32(truncatingIfNeeded: capacity), 0))
    }

    /// Makes the lost frame before `next` from the FEC that `next` carries (concealment when it carries none). Decode
    /// `next` itself afterwards.
    /// - Parameter count: length of the lost frame in samples, a multiple of 2.5 ms.
    /// - Returns: samples written, or a negative error.
    @_noLocks public func recover(
        from next: UnsafePointer<UInt8>, packetCount: Int, into samples: UnsafeMutablePointer<Int16>, count: Int
    ) -> Int {
        guard packetCount > 0 else { return -1 }
        return Int(
            unsafe swh_opus_decode(
                decoder, next, Int32(truncatingIfNeeded: packetCount), samples,
                Int32(truncatingIfNeeded: count), 1))
    }

    /// Makes up `count` samples for what was lost (a multiple of 2.5 ms).
    /// - Returns: samples written, or a negative error.
    @_noLocks public func conceal(into samples: UnsafeMutablePointer<Int16>, count: Int) -> Int {
        Int(unsafe swh_opus_decode(decoder, nil, 0, samples, Int32(truncatingIfNeeded: count), 0))
    }

    /// Samples that a packet holds, without decoding it; negative when it is broken.
    @_noLocks public func sampleCount(of packet: UnsafePointer<UInt8>, count: Int) -> Int {
        guard count > 0 else { return -1 }
        return Int(unsafe swh_opus_packet_samples(packet, Int32(truncatingIfNeeded: count), sampleRate))
    }

    /// Ticks of the RTP clock (48 000 a second) that a packet holds; negative when it is broken.
    @_noLocks public static func tickCount(of packet: UnsafePointer<UInt8>, count: Int) -> Int {
        guard count > 0 else { return -1 }
        return Int(unsafe swh_opus_packet_samples(packet, Int32(truncatingIfNeeded: count), 48_000))
    }

    /// The packet carries the one before it again (in-band FEC).
    ///
    /// - Reference: RFC 6716 §4.2.3, §4.2.4 (a voiced bit for each 20 ms, then the FEC bit, at the head of the first frame).
    @_noLocks public static func carriesRecovery(_ packet: UnsafePointer<UInt8>, count: Int) -> Bool {
        if count < 2 { return false }
        let contents = unsafe packet[0]
        let configuration = contents >> 3
        // Configurations from 16 on are without the voice layer; several frames of unequal length hide the bit.
        if configuration >= 16 || contents & 3 > 1 { return false }
        let length = configuration & 3
        let frames: UInt8 = configuration >= 12 ? 1 : length == 3 ? 3 : length == 2 ? 2 : 1
        let head = unsafe packet[1]
        if head >> (7 &- frames) & 1 != 0 { return true }
        return contents & 4 != 0 && head >> (6 &- 2 &* frames) & 1 != 0
    }

    /// Forgets what was decoded before, as at the start of a stream.
    @_noLocks public func reset() { _ = unsafe swh_opus_decoder_reset(decoder) }
}
