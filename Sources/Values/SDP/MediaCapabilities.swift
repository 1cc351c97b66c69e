/// What one side of a call can do and is allowed to.
public struct MediaCapabilities: Hashable, Sendable {
    /// Use of SRTP (contract README 15).
    public enum Protection: String, Hashable, Sendable, CaseIterable {
        /// Plain RTP only.
        case off
        /// SRTP when the peer wants it. Our offer is RTP/AVP with keys in it: best effort, either answer will do.
        case offered
        /// SRTP only (RTP/SAVP).
        case required
    }

    /// In order of preference; what is not listed is neither offered nor accepted.
    public var codecs: [VoiceCodec]
    public var telephoneEvents: Bool
    /// We make the noise that a silent peer describes (RFC 3389).
    public var comfortNoise: Bool
    /// Our offers name comfort noise: we describe our own. What a session has agreed to is kept in any case.
    public var offersComfortNoise: Bool
    /// We send and take older payloads again in newer packets (RFC 2198), with Opus and G.711.
    public var redundancy: Bool
    /// What we like to receive: 5, 10, 20, 30, 40 or 60.
    public var ptimeMilliseconds: Int
    /// What we ask of Opus packets sent to us.
    public var opus: OpusParameters
    public var protection: Protection
    /// In order of preference.
    public var suites: [SRTPSuite]
    /// SDES keys may be put on this leg's signalling path (TLS, or allowed by the configuration).
    public var mayExchangeKeys: Bool

    public init(
        codecs: [VoiceCodec] = [.opus, .pcma, .pcmu], telephoneEvents: Bool = true, comfortNoise: Bool = false,
        offersComfortNoise: Bool = false, redundancy: Bool = false, ptimeMilliseconds: Int = 20,
        opus: OpusParameters = .wished, protection: Protection = .off,
        suites: [SRTPSuite] = [.aeadAES128GCM, .aesCM128SHA1Tag80, .aesCM128SHA1Tag32],
        mayExchangeKeys: Bool = false
    ) {
        self.codecs = codecs
        self.telephoneEvents = telephoneEvents
        self.comfortNoise = comfortNoise
        self.offersComfortNoise = offersComfortNoise
        self.redundancy = redundancy
        self.ptimeMilliseconds = ptimeMilliseconds
        self.opus = opus
        self.protection = protection
        self.suites = suites
        self.mayExchangeKeys = mayExchangeKeys
    }
}

/// Where our media is, and which description of the session this is.
public struct LocalMedia: Hashable, Sendable {
    /// Numeric IPv4 or IPv6 address.
    public var address: String
    /// RTP port; RTCP is on the next one unless both share it.
    public var port: UInt16
    /// The same in all descriptions of a session (`o=`).
    public var sessionID: UInt64
    /// One more with each change of the description.
    public var version: UInt64

    public init(address: String, port: UInt16, sessionID: UInt64, version: UInt64) {
        self.address = address
        self.port = port
        self.sessionID = sessionID
        self.version = version
    }
}
