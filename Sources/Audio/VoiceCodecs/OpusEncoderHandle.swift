import COpus

/// One Opus encoder of libopus: voice, one channel, in-band FEC on, variable bit rate, no DTX.
///
/// - Units: samples at `sampleRate`; RTP timestamps of Opus count 48 000 a second whatever that is.
/// - Reference: RFC 6716, RFC 7587; why complexity 5: design §7.
/// - Threading: control makes it and calls `destroy` once, when no worker uses it any more; one worker at a time calls
///   the rest, which allocate nothing and take no lock.
@safe public struct OpusEncoderHandle {
    private let encoder: OpaquePointer
    /// 8 000, 16 000 or 48 000.
    public let sampleRate: Int32

    /// Nil when libopus refuses a setting or has no memory.
    /// - Parameters:
    ///   - bitrate: bits per second, 6 000 to 510 000.
    ///   - complexity: 0 to 10.
    public init?(sampleRate: Int32, bitrate: Int32 = 24_000, complexity: Int32 = 5) {
        guard let encoder = unsafe swh_opus_encoder_new(sampleRate, bitrate, complexity) else { return nil }
        unsafe self.encoder = encoder
        self.sampleRate = sampleRate
    }

    /// Frees the encoder; the handle and its copies are dead after this.
    public func destroy() { unsafe swh_opus_encoder_free(encoder) }

    /// Encodes one frame of 10, 20, 40 or 60 ms.
    /// - Returns: bytes written, or a negative error of libopus.
    @_noLocks public func encode(
        _ samples: UnsafePointer<Int16>, count: Int, into packet: UnsafeMutablePointer<UInt8>, capacity: Int
    ) -> Int {
        Int(
            unsafe swh_opus_encode(
                encoder, samples, Int32(truncatingIfNeeded: count), packet,
                Int32(truncatingIfNeeded: min(capacity, 4000))))
    }

    /// Tells the encoder how many packets in a hundred get lost: it spends bits on FEC accordingly, none at 0.
    @_noLocks public func setExpectedLoss(percent: Int) {
        _ = unsafe swh_opus_encoder_set_loss(encoder, Int32(truncatingIfNeeded: max(0, min(100, percent))))
    }

    /// - Parameter bitsPerSecond: brought into 6 000 to 510 000.
    @_noLocks public func setBitrate(bitsPerSecond: Int) {
        _ = unsafe swh_opus_encoder_set_bitrate(
            encoder, Int32(truncatingIfNeeded: max(6000, min(510_000, bitsPerSecond))))
    }

    /// Samples that the encoder holds back: part of the mouth-to-ear delay.
    public var lookahead: Int {
        @_noLocks get { Int(unsafe swh_opus_encoder_lookahead(encoder)) }
    }

    /// Forgets what was encoded before, as at the start of a stream.
    @_noLocks public func reset() { _ = unsafe swh_opus_encoder_reset(encoder) }
}
