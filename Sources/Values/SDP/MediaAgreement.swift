/// What an offer and its answer settled for the audio stream, from our side.
public struct MediaAgreement: Hashable, Sendable {
    public var codec: VoiceCodec
    /// Payload type that we send, and the one that the peer sends.
    public var sendPayloadType: UInt8
    public var receivePayloadType: UInt8
    /// Nil: the peer takes no telephone-events.
    public var telephoneEvent: TelephoneEventFormat?
    /// Payload types of comfort noise; nil: the peer knows none.
    public var comfortNoise: ComfortNoiseFormat?
    /// Payload types of RFC 2198 around the codec; nil: one side does not want it.
    public var redundancy: RedundancyFormat?
    /// Packet time that we send: 5, 10, 20, 30 (not with Opus), 40 or 60.
    public var ptimeMilliseconds: Int
    /// The peer's `a=maxptime`.
    public var maximumPtimeMilliseconds: Int?
    /// Meaningful for Opus only.
    public var opus: OpusParameters
    /// Where the peer wants RTP; nil while it holds the call the old way (`c=` 0.0.0.0 or ::).
    public var remote: MediaAddress?
    /// Where the peer wants RTCP; nil as `remote`.
    public var remoteRTCP: MediaAddress?
    /// RTP and RTCP share one port on both sides.
    public var multiplexesRTCP: Bool
    /// Our own: `receives` tells whether the peer sends.
    public var direction: MediaDirection
    /// Nil: plain RTP.
    public var srtp: SRTPAgreement?

    /// The peer holds the call: it does not want to hear us.
    public var isHeld: Bool { !direction.sends }
}

/// Payload types of RFC 4733 events; the clock rate may differ from the codec's when the peer has no other.
public struct TelephoneEventFormat: Hashable, Sendable {
    public var sendPayloadType: UInt8
    public var receivePayloadType: UInt8
    public var clockRate: Int
}

/// Payload types of RFC 3389 comfort noise, at the codec's clock rate.
public struct ComfortNoiseFormat: Hashable, Sendable {
    public var sendPayloadType: UInt8
    public var receivePayloadType: UInt8
}

/// Payload types of RFC 2198 whose blocks are of the agreed codec.
public struct RedundancyFormat: Hashable, Sendable {
    public var sendPayloadType: UInt8
    public var receivePayloadType: UInt8

    public init(sendPayloadType: UInt8, receivePayloadType: UInt8) {
        self.sendPayloadType = sendPayloadType
        self.receivePayloadType = receivePayloadType
    }
}

public struct MediaAddress: Hashable, Sendable {
    /// Numeric IPv4 or IPv6 address.
    public var host: String
    public var port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }
}

/// The suite and both keys of a protected stream.
public struct SRTPAgreement: Hashable, Sendable {
    public var suite: SRTPSuite
    /// Of the `a=crypto` line that was chosen.
    public var tag: UInt32
    /// Protects what we send.
    public var localKey: SRTPMasterKey
    /// Protects what the peer sends.
    public var remoteKey: SRTPMasterKey
}

/// Why an offer or an answer leads to no media.
public struct OfferRefusal: Error, Hashable, Sendable {
    public enum Code: String, Hashable, Sendable {
        /// Not in the form that offer and answer must have.
        case malformed
        case noCommonCodec = "no_common_codec"
        case srtpPolicy = "srtp_policy"
    }
    public var code: Code
    public var detail: String

    init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }
}
