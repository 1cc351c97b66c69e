/// What one side's `a=fmtp` asks of Opus packets sent to it.
///
/// - Reference: RFC 7587 §6.1, §7.1.
public struct OpusParameters: Hashable, Sendable {
    /// It can use in-band FEC.
    public var usesInbandFEC = false
    /// It likes silence not to be sent.
    public var usesDTX = false
    /// It likes a constant bit rate.
    public var isConstantRate = false
    /// Bits per second; nil: no bound.
    public var maximumAverageBitrate: Int?
    /// Samples per second; nil: 48 000.
    public var maximumPlaybackRate: Int?

    public init() {}

    /// What we ask for when nothing else is said: in-band FEC.
    public static var wished: OpusParameters {
        var parameters = OpusParameters()
        parameters.usesInbandFEC = true
        return parameters
    }

    /// Unknown parameters and values out of range are passed over.
    init(formatParameters: String?) {
        for parameter in (formatParameters ?? "").split(separator: ";") {
            let pair = parameter.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { continue }
            let name = pair[0].filter { $0 != " " }.lowercased()
            let number = DecimalText.value(pair[1].filter { $0 != " " }, maximum: 1_000_000).map { Int($0) }
            switch (name, number) {
            case ("useinbandfec", let value?): usesInbandFEC = value == 1
            case ("usedtx", let value?): usesDTX = value == 1
            case ("cbr", let value?): isConstantRate = value == 1
            case ("maxaveragebitrate", let value?) where (6000...510_000).contains(value): maximumAverageBitrate = value
            case ("maxplaybackrate", let value?) where (8000...48_000).contains(value): maximumPlaybackRate = value
            default: continue
            }
        }
    }

    /// As they are written behind the payload type; nil: nothing to say.
    var formatParameters: String? {
        var parts: [String] = []
        if let maximumPlaybackRate { parts.append("maxplaybackrate=\(maximumPlaybackRate)") }
        if let maximumAverageBitrate { parts.append("maxaveragebitrate=\(maximumAverageBitrate)") }
        if usesInbandFEC { parts.append("useinbandfec=1") }
        if usesDTX { parts.append("usedtx=1") }
        if isConstantRate { parts.append("cbr=1") }
        return parts.isEmpty ? nil : parts.joined(separator: ";")
    }
}
