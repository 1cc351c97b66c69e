/// How the media engine is set up.
public struct MediaEngineConfiguration: Sendable {
    /// Numeric address that RTP sockets are bound to.
    public var bindAddress = "127.0.0.1"
    /// Numeric address written into SDP; nil: `bindAddress`.
    public var advertisedAddress: String?
    public var rtpPorts: ClosedRange<UInt16> = 10_000...19_999
    /// Worker threads; nil: the usable cores less one, at least one.
    public var workers: Int?
    /// Time between two drains of relayed packets while many come, milliseconds, 1 to 10.
    public var relayDrainMilliseconds = 2
    /// A leg in a conversation without RTP for so long is reported; 0: never.
    public var rtpTimeoutSeconds = 60
    /// How long a mix keeps the short steps of a member that has left.
    public var shortStepSeconds = 30.0
    /// How far voices are lowered for those who hear a prompt, 0 to 40; 0: not at all.
    public var duckingDecibels = 0
    /// Ask for SCHED_FIFO.
    public var wantsRealTime = true
    /// Lock memory as it is touched (MCL_ONFAULT).
    public var locksMemory = false
    /// Legs at once; more are refused with `overloaded`.
    public var maximumLegs = 4000
    /// Recordings at once, `limits.recordings`.
    public var maximumRecordings = 200
    /// Speech inputs and machine detections at once, `limits.listenings`.
    public var maximumListenings = 500
    /// One recorded file, `limits.recording_file`, bytes.
    public var recordingFileBytes: Int64 = 1 << 30
    /// Converted prompts kept, in samples.
    public var clipCacheSamples = 4_000_000

    public init() {}
}
