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
    /// 0 to 10. Below 8 the voice layer searches less and speech that survives losses by FEC suffers.
    public var complexity = 9
    public var usesInbandFEC = true
    /// Sends next to nothing while nobody speaks.
    public var usesDTX = false
    public var isConstantRate = false

    public init() {}

    /// What of a wished complexity is spent at a sample rate: telephone calls, which are many, get 5 at most (design
    /// §7).
    public static func complexity(_ wish: Int, atRate rate: Int) -> Int { rate > 8000 ? wish : min(wish, 5) }
}
