/// A codec that can be negotiated; the raw value is its encoding name in lower case.
///
/// - Reference: RFC 3551 §6, RFC 7587 §7.
public enum VoiceCodec: String, Hashable, Sendable, CaseIterable {
    case opus
    case pcmu
    case pcma

    /// RTP clock rate.
    public var clockRate: Int { self == .opus ? 48_000 : 8000 }

    /// Static payload type; Opus has none and gets `111` in our offers.
    var offeredPayloadType: UInt8 {
        switch self {
        case .opus: 111
        case .pcmu: 0
        case .pcma: 8
        }
    }

    /// Value of `a=rtpmap` behind the payload type.
    var rtpMap: String {
        switch self {
        case .opus: "opus/48000/2"
        case .pcmu: "PCMU/8000"
        case .pcma: "PCMA/8000"
        }
    }
}

/// What the peer's `a=fmtp` asks of Opus packets sent to it.
///
/// - Reference: RFC 7587 §6.1, §7.1.
public struct OpusParameters: Hashable, Sendable {
    /// It can use in-band FEC.
    public var usesInbandFEC = false
    /// Bits per second; nil: no bound.
    public var maximumAverageBitrate: Int?
    /// Samples per second; nil: 48 000.
    public var maximumPlaybackRate: Int?

    public init() {}

    /// Unknown parameters and values out of range are passed over.
    init(formatParameters: String?) {
        for parameter in (formatParameters ?? "").split(separator: ";") {
            let pair = parameter.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { continue }
            let name = pair[0].filter { $0 != " " }.lowercased()
            let number = DecimalText.value(pair[1].filter { $0 != " " }, maximum: 1_000_000).map { Int($0) }
            switch (name, number) {
            case ("useinbandfec", let value?): usesInbandFEC = value == 1
            case ("maxaveragebitrate", let value?) where (6000...510_000).contains(value): maximumAverageBitrate = value
            case ("maxplaybackrate", let value?) where (8000...48_000).contains(value): maximumPlaybackRate = value
            default: continue
            }
        }
    }
}
