/// The codecs of a voice leg.
///
/// - Units: rates per second.
/// - Reference: RFC 3551 §6 (static payload types), RFC 7587 §4.1 (Opus always has an RTP clock of 48 000).
/// - Threading: a value; allocates nothing, takes no lock.
public enum CodecKind: UInt8, Hashable, Sendable, CaseIterable {
    case pcmu
    case pcma
    case opus

    /// RTP clock rate.
    public var clockRate: UInt32 {
        @_noLocks get {
            switch self {
            case .pcmu, .pcma: 8000
            case .opus: 48_000
            }
        }
    }

    /// Static RTP payload type; nil: a dynamic one is negotiated.
    public var staticPayloadType: UInt8? {
        @_noLocks get {
            switch self {
            case .pcmu: 0
            case .pcma: 8
            case .opus: nil
            }
        }
    }

    /// RTP clock ticks in a millisecond.
    public var ticksPerMillisecond: UInt32 {
        @_noLocks get { clockRate / 1000 }
    }

    /// Name in `a=rtpmap`, lower case.
    public var name: String {
        switch self {
        case .pcmu: "pcmu"
        case .pcma: "pcma"
        case .opus: "opus"
        }
    }
}
