/// The codecs of a voice leg.
///
/// - Units: rates per second.
/// - Reference: RFC 3551 §4.5, §6 (G.722 has an RTP clock of 8 000 though it carries 16 000 samples; L16 in network
///   order), RFC 7587 §4.1 (Opus always has an RTP clock of 48 000).
/// - Threading: a value; allocates nothing, takes no lock.
public enum CodecKind: UInt8, Hashable, Sendable, CaseIterable {
    case pcmu
    case pcma
    case opus
    case g722
    /// Linear samples, one channel, at 8 000, 16 000 and 48 000.
    case l16Narrow
    case l16Wide
    case l16Full
    /// Opus whose encoder and decoder run at 8 000 and 16 000 samples: on the wire the same as `opus`.
    case opusNarrow
    case opusWide

    /// RTP clock rate.
    public var clockRate: UInt32 {
        @_noLocks get {
            switch self {
            case .pcmu, .pcma, .g722, .l16Narrow: 8000
            case .l16Wide: 16_000
            case .opus, .opusNarrow, .opusWide, .l16Full: 48_000
            }
        }
    }

    /// Rate of the samples that go into the encoder and come out of the decoder.
    public var sampleRate: Int {
        @_noLocks get {
            switch self {
            case .pcmu, .pcma, .l16Narrow, .opusNarrow: 8000
            case .g722, .l16Wide, .opusWide: 16_000
            case .opus, .l16Full: 48_000
            }
        }
    }

    /// Samples that so many ticks of the RTP clock stand for.
    @_noLocks public func samples(ofTicks ticks: Int) -> Int { ticks &* sampleRate / Int(clockRate) }

    /// Whole ticks of the RTP clock in so many samples.
    @_noLocks public func ticks(ofSamples samples: Int) -> Int { samples &* Int(clockRate) / sampleRate }

    /// Opus at the lowest of its rates that loses nothing of sound at `rate`.
    @_noLocks public static func opus(for rate: Int) -> CodecKind {
        rate <= 8000 ? .opusNarrow : rate <= 16_000 ? .opusWide : .opus
    }

    /// More than a telephone's 8 000 samples a second.
    public var isWide: Bool {
        @_noLocks get { sampleRate > 8000 }
    }

    /// One of the rates of Opus.
    public var isOpus: Bool {
        @_noLocks get {
            switch self {
            case .opus, .opusNarrow, .opusWide: true
            case .pcmu, .pcma, .g722, .l16Narrow, .l16Wide, .l16Full: false
            }
        }
    }

    /// Payload bytes of `samples` samples; nil for Opus, whose packets tell their length themselves.
    @_noLocks public func byteCount(ofSamples samples: Int) -> Int? {
        switch self {
        case .pcmu, .pcma: samples
        case .g722: samples / 2
        case .l16Narrow, .l16Wide, .l16Full: samples &* 2
        case .opus, .opusNarrow, .opusWide: nil
        }
    }

    /// Ticks of the RTP clock in a payload; 0 when it is broken.
    @_noLocks public func ticks(ofPayload payload: UnsafePointer<UInt8>, count: Int) -> Int {
        switch self {
        case .pcmu, .pcma, .g722: count
        case .l16Narrow, .l16Wide, .l16Full: count / 2
        case .opus, .opusNarrow, .opusWide: max(0, unsafe OpusDecoderHandle.tickCount(of: payload, count: count))
        }
    }

    /// Static RTP payload type; nil: a dynamic one is negotiated.
    public var staticPayloadType: UInt8? {
        @_noLocks get {
            switch self {
            case .pcmu: 0
            case .pcma: 8
            case .g722: 9
            case .opus, .opusNarrow, .opusWide, .l16Narrow, .l16Wide, .l16Full: nil
            }
        }
    }

    /// RTP clock ticks in a millisecond.
    public var ticksPerMillisecond: UInt32 {
        @_noLocks get { clockRate / 1000 }
    }

    /// Packets may be of any length, and one may be cut off where it stands.
    public var hasAnyLength: Bool {
        @_noLocks get { !isOpus }
    }

    /// A packet can be decoded without the ones before it.
    public var isMemoryless: Bool {
        @_noLocks get {
            switch self {
            case .pcmu, .pcma, .l16Narrow, .l16Wide, .l16Full: true
            case .g722, .opus, .opusNarrow, .opusWide: false
            }
        }
    }

    /// The same on the wire.
    // Synthesised equality is out of reach of the real-time check in other modules.
    @_noLocks public func isSame(as other: CodecKind) -> Bool {
        switch (self, other) {
        case (.pcmu, .pcmu), (.pcma, .pcma), (.g722, .g722), (.l16Narrow, .l16Narrow),
            (.l16Wide, .l16Wide), (.l16Full, .l16Full):
            true
        default: isOpus && other.isOpus
        }
    }

    /// Name in `a=rtpmap`, lower case.
    public var name: String {
        switch self {
        case .pcmu: "pcmu"
        case .pcma: "pcma"
        case .opus, .opusNarrow, .opusWide: "opus"
        case .g722: "g722"
        case .l16Narrow, .l16Wide, .l16Full: "l16"
        }
    }
}
