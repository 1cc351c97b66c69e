import COpus

/// One Opus encoder of libopus: one channel, set up by `OpusSettings`.
///
/// - Units: samples at `sampleRate`; RTP timestamps of Opus count 48 000 a second whatever that is.
/// - Reference: RFC 6716, RFC 7587.
/// - Threading: control makes it and calls `destroy` once, when no worker uses it any more; one worker at a time calls
///   the rest, which allocate nothing and take no lock.
@safe public struct OpusEncoderHandle {
    private let encoder: OpaquePointer
    /// 8 000, 16 000 or 48 000.
    public let sampleRate: Int32
    private let complexity: Int32

    /// Nil when libopus refuses a setting or has no memory.
    public init?(sampleRate: Int32, settings: OpusSettings = OpusSettings()) {
        let made = unsafe swh_opus_encoder_new(
            sampleRate, settings.application.rawValue, Int32(settings.bitrate), Int32(settings.complexity),
            settings.usesInbandFEC ? 1 : 0, settings.usesDTX ? 1 : 0, settings.isConstantRate ? 1 : 0)
        guard let encoder = unsafe made else { return nil }
        unsafe self.encoder = encoder
        self.sampleRate = sampleRate
        complexity = Int32(settings.complexity)
    }

    /// Frees the encoder; the handle and its copies are dead after this.
    public func destroy() { unsafe swh_opus_encoder_free(encoder) }

    /// Encodes one frame of 5, 10, 20, 40 or 60 ms.
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

    /// Works with less effort than it was made for, or no longer so: from the next packet on.
    /// - Parameter most: complexity, 0 to 10; at 10 it has its own again.
    @_noLocks public func limitComplexity(to most: Int) {
        _ = unsafe swh_opus_encoder_set_complexity(encoder, min(complexity, Int32(truncatingIfNeeded: max(0, most))))
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
