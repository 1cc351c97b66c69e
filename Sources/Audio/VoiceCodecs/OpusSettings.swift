/// How an Opus encoder is to work.
///
/// - Reference: RFC 7587 §3, §6; libopus `opus_encoder_ctl`.
public struct OpusSettings: Hashable, Sendable {
    public enum Application: Int32, Hashable, Sendable, CaseIterable {
        case voice = 2048
        case audio = 2049
        /// No look-ahead beyond 2.5 ms; in-band FEC is not to be had then.
        case lowDelay = 2051
    }
    public var application = Application.voice
    /// Bits per second, 6 000 to 510 000.
    public var bitrate = 24_000
    /// 0 to 10; design §7 says why 5.
    public var complexity = 5
    public var usesInbandFEC = true
    /// Sends next to nothing while nobody speaks.
    public var usesDTX = false
    public var isConstantRate = false

    public init() {}
}
