/// A codec that can be negotiated; the raw value is its encoding name in lower case, with the clock rate where that is
/// not fixed.
///
/// - Reference: RFC 3551 §4.5, §6, RFC 7587 §7.
public enum VoiceCodec: String, Hashable, Sendable, CaseIterable {
    case opus
    case pcmu
    case pcma
    case g722
    /// Linear samples, one channel.
    case l16Narrow = "l16/8000"
    case l16Wide = "l16/16000"
    case l16Full = "l16/48000"

    /// Nil when there is no such codec here.
    /// - Parameter channels: as in `a=rtpmap`; 1 when it names none.
    init?(encodingName name: String, clockRate: Int, channels: Int) {
        let found = Self.allCases.first { $0.encodingName == name && $0.clockRate == clockRate }
        guard let found, found == .opus || channels == 1 else { return nil }
        self = found
    }

    /// Name in `a=rtpmap`, lower case.
    var encodingName: String {
        switch self {
        case .l16Narrow, .l16Wide, .l16Full: "l16"
        case .opus, .pcmu, .pcma, .g722: rawValue
        }
    }

    /// RTP clock rate; that of G.722 is 8 000 although it carries 16 000 samples a second.
    public var clockRate: Int {
        switch self {
        case .opus, .l16Full: 48_000
        case .l16Wide: 16_000
        case .pcmu, .pcma, .g722, .l16Narrow: 8000
        }
    }

    /// Sent and taken inside RFC 2198: what phones and browsers do.
    var hasRedundancy: Bool { self == .opus || self == .pcmu || self == .pcma }

    /// Static payload type, or the dynamic one that our offers prefer.
    var offeredPayloadType: UInt8 {
        switch self {
        case .opus: 111
        case .pcmu: 0
        case .pcma: 8
        case .g722: 9
        case .l16Narrow: 112
        case .l16Wide: 113
        case .l16Full: 114
        }
    }

    /// Milliseconds that a packet may hold, shortest first. Linear samples at 48 000 fill a datagram in 10 ms.
    var packetTimes: [Int] {
        switch self {
        case .opus: [5, 10, 20, 40, 60]
        case .pcmu, .pcma, .g722: [5, 10, 20, 30, 40, 60]
        case .l16Narrow: [5, 10, 20, 30, 40, 60]
        case .l16Wide: [5, 10, 20, 30, 40]
        case .l16Full: [5, 10]
        }
    }

    /// Value of `a=rtpmap` behind the payload type.
    var rtpMap: String {
        switch self {
        case .opus: "opus/48000/2"
        case .pcmu: "PCMU/8000"
        case .pcma: "PCMA/8000"
        case .g722: "G722/8000"
        case .l16Narrow: "L16/8000"
        case .l16Wide: "L16/16000"
        case .l16Full: "L16/48000"
        }
    }
}
