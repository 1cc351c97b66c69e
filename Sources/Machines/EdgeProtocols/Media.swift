public import CallModel
public import MediaTime

/// How a SIP leg's media is negotiated.
public struct MediaPolicy: Hashable, Sendable {
    /// Codec names in order of preference: `opus`, `g722`, `pcmu`, `pcma`, `l16/8000`, `l16/16000`, `l16/48000`.
    public var codecs: [String]
    public var srtp: SRTPPolicy
    public var lock: MediaLock
    /// SDES keys may be put on this leg's signalling path (TLS, or allowed by `security.srtp_without_tls`).
    public var mayExchangeKeys: Bool
    /// AEAD_AES_128_GCM offered too.
    public var offerGCM: Bool
    /// Preferred packet time, milliseconds: 5, 10, 20, 30 (not with Opus), 40 or 60.
    public var ptimeMilliseconds: Int
    public var opus: OpusPolicy
    /// Listen for keys in the sound of peers that have no telephone-events; their calls are mixed, never relayed.
    public var hearsKeys = false
    public var redundancy = RedundancyPolicy.off
    /// Describe the noise of a silence (RFC 3389) in place of sending it, to peers that agree, and offer that.
    public var describesNoise = false

    public init(
        codecs: [String] = ["opus", "g722", "pcma", "pcmu"], srtp: SRTPPolicy = .off,
        lock: MediaLock = .signallingAddress,
        mayExchangeKeys: Bool = false, offerGCM: Bool = true, ptimeMilliseconds: Int = 20,
        opus: OpusPolicy = OpusPolicy()
    ) {
        self.codecs = codecs
        self.srtp = srtp
        self.lock = lock
        self.mayExchangeKeys = mayExchangeKeys
        self.offerGCM = offerGCM
        self.ptimeMilliseconds = ptimeMilliseconds
        self.opus = opus
    }
}

/// When older payloads are sent again in newer packets (RFC 2198) to a peer that agrees.
public enum RedundancyPolicy: String, Hashable, Sendable, CaseIterable {
    /// Neither offered nor agreed.
    case off
    /// While the peer reports loss: costs nothing on a good network, three times the rate on a bad one.
    case onLoss = "on-loss"
    case always
}

/// How Opus is sent; the peer may ask for less.
///
/// - Reference: RFC 7587 §3, §6.1.
public struct OpusPolicy: Hashable, Sendable {
    public enum Application: String, Hashable, Sendable, CaseIterable {
        case voice, audio
        /// Without look-ahead: 4 ms less delay, no in-band FEC.
        case lowDelay = "low-delay"
    }
    public var application = Application.voice
    /// Bits per second, 6 000 to 510 000.
    public var bitrate = 24_000
    /// 0 to 10; at 8 000 samples a second 5 at most.
    public var complexity = 9
    public var usesInbandFEC = true
    public var usesDTX = false
    public var isConstantRate = false

    public init() {}
}

/// Why media cannot be set up; the slug goes into logs, `sipStatus` to the peer.
public struct MediaRefusal: Error, Hashable, Sendable {
    public enum Code: String, Hashable, Sendable {
        case malformedSDP = "malformed_sdp"
        case noCommonCodec = "no_common_codec"
        case srtpPolicy = "srtp_policy"
        case noPorts = "no_rtp_ports"
        case unknownLeg = "unknown_leg"
        case device = "device"
        case overloaded = "overloaded"
    }
    public var code: Code
    public var detail: String
    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }
    /// 400 malformed, 488 not acceptable, 503 no resources.
    public var sipStatus: Int {
        switch code {
        case .malformedSDP: 400
        case .noCommonCodec, .srtpPolicy: 488
        case .noPorts, .device, .overloaded: 503
        case .unknownLeg: 500
        }
    }
}

/// PCM ready to be played: mono, immutable, shared by every call that plays it.
public final class PCMClip: Sendable {
    /// Samples per second: 8 000, 16 000 or 48 000.
    public let sampleRate: Int
    public let samples: [Int16]
    public init(sampleRate: Int, samples: [Int16]) {
        self.sampleRate = sampleRate
        self.samples = samples
    }
    public var duration: Duration { .nanoseconds(Int64(samples.count) * 1_000_000_000 / Int64(sampleRate)) }
}

/// Who hears a prompt.
public enum PlayTarget: Hashable, Sendable {
    /// This leg alone.
    case leg(LegID)
    /// Every member of the conversation.
    case conversation(ConversationID)
}

/// Counters of a leg's media at its end (sip:hangup `quality` and `bandwidth`).
public struct MediaStatistics: Hashable, Sendable {
    public var packetsReceived = 0
    public var packetsSent = 0
    public var bytesReceived = 0
    public var bytesSent = 0
    public var packetsLost = 0
    public var packetsLate = 0
    /// Interarrival jitter, milliseconds.
    public var jitterMilliseconds = 0.0
    public var jitterMinimumMilliseconds = 0.0
    public var jitterMaximumMilliseconds = 0.0
    public var roundTripMilliseconds: Double?
    public var concealedSamples = 0
    public var codec = ""
    public init() {}
}

/// What the media engine tells the runtime.
public enum MediaReport: Sendable {
    /// First valid packet (or first captured period) of a leg.
    case firstAudio(LegID, at: MonotonicInstant)
    /// A telephone-event has begun; its `digit` follows.
    case keyDown(LegID)
    /// One report a key press, when it ends.
    case digit(LegID, digit: Character, durationMilliseconds: Int)
    /// Played to its end (or stopped: then no report follows).
    case playDone(PlayID)
    /// A member of a conversation where that is told begins to speak so that others hear it, or ends.
    case speaking(LegID, Bool)
    /// No RTP for the configured time, without hold.
    case rtpTimeout(LegID)
    /// The recording has heard no speech for its time; told once.
    case recordingSilent(RecordingID)
    /// One for each recording, when its file is complete.
    case recordingEnded(RecordingID, RecordingResult)
    case listened(ListeningID, ListeningNews)
    /// The leg's sound device went away, one direction of it or both, or came back whole.
    case deviceLost(LegID, device: String, reason: String)
    case deviceBack(LegID, device: String)
}

/// The media engine as the runtime drives it.
///
/// - Threading: any thread, in the order of one caller; may bind sockets and allocate, never waits for the network.
/// - Rule: control allocates, real-time code uses, control frees (design §2).
public protocol MediaControl: Sendable {
    /// Makes a leg's media from a peer's offer and returns our answer. Asked again for the same leg it gives the same
    /// answer (183 and 200 carry one answer).
    func accept(_ leg: LegID, offer: String, policy: MediaPolicy, signallingAddress: NetworkAddress)
        throws(MediaRefusal) -> String
    /// Makes a leg's media and returns our offer.
    func offer(_ leg: LegID, policy: MediaPolicy) throws(MediaRefusal) -> String
    /// Applies the peer's answer (early or final; a later answer of a forked call replaces an earlier one).
    func applyAnswer(_ leg: LegID, answer: String, signallingAddress: NetworkAddress?) throws(MediaRefusal)
    /// Answers a re-offer of the peer (hold, address change, codec change); `offer` nil makes a new offer of ours.
    func renegotiate(_ leg: LegID, offer: String?) throws(MediaRefusal) -> String
    /// Opens the sound device as a leg's media. May block: call it off the conversation's path.
    func openDevice(_ leg: LegID, device: DeviceSetting) throws(MediaRefusal)
    /// Makes a leg whose sound an edge carries.
    func openPort(_ leg: LegID, _ port: AudioPort) throws(MediaRefusal)
    /// Puts a leg into the mix of a conversation, or moves it there from another one without a lost packet.
    func attach(_ leg: LegID, to conversation: ConversationID, audio: MemberAudio)
    /// Changes who hears whom.
    func update(_ leg: LegID, audio: MemberAudio)
    /// Takes a leg out of its mix; its sockets stay (it hears silence and prompts of its own).
    func detach(_ leg: LegID)
    /// Plays a clip `loop` times (0: until stopped) at `gainDecibels`.
    func play(_ clip: PCMClip, as id: PlayID, to target: PlayTarget, loop: Int, gainDecibels: Double)
    func stopPlaying(_ id: PlayID)
    /// Records to a file; sound is mixed as long as it lasts. Whatever becomes of it, one `recordingEnded` follows.
    func startRecording(_ id: RecordingID, of source: RecordingSource, setting: RecordingSetting)
    /// Ends a recording; its file is completed and `recordingEnded` told.
    func stopRecording(_ id: RecordingID)
    /// Listens to what a leg says; a speech input waits until `armListening` before its time runs.
    func startListening(_ id: ListeningID, to leg: LegID, task: ListeningTask)
    /// The prompts are over: from now on the time to begin speaking runs.
    func armListening(_ id: ListeningID)
    /// Nothing is told of it any more.
    func stopListening(_ id: ListeningID)
    /// Tells who speaks in a conversation, by `speaking` reports, or no more; its sound is mixed as long as that lasts.
    func tellSpeaking(in conversation: ConversationID, isOn: Bool)
    /// RFC 4733 events, or tones to a peer without them: 100 ms on, 100 ms gap; `p` is a pause of 500 ms.
    func sendDigits(_ leg: LegID, _ digits: String)
    func statistics(_ leg: LegID) -> MediaStatistics
    /// Ends a leg's media and returns its last counters. Unknown legs give empty counters.
    @discardableResult func close(_ leg: LegID) -> MediaStatistics
}

/// What to play.
public enum PromptSource: Hashable, Sendable {
    /// `talk`: plain text, or SSML when wrapped in `<speak>`.
    case speech(text: String, language: String, style: Int)
    /// http or https URL of a WAV, MP3 or OGG file.
    case url(String)
    case file(String)
    case tone(ToneKind)
}

public enum ToneKind: String, Hashable, Sendable {
    /// Heard by a caller whose far end rings (E.180-like cadence).
    case ringback
    /// Ring of the box's own speaker.
    case ring
    case busy
    case beep
}

/// Why a prompt cannot be played; `reason` is shown to the Application.
public struct PromptFault: Error, Hashable, Sendable {
    public var reason: String
    public init(_ reason: String) { self.reason = reason }
}

/// Turns prompts into PCM, off every real-time thread; results are cached under a bound.
public protocol PromptLoading: Sendable {
    func load(_ source: PromptSource) async throws(PromptFault) -> PCMClip
}
