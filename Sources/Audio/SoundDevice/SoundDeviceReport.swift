/// What a device tells control.
public enum SoundDeviceReport: Hashable, Sendable {
    /// One sentence for the log: what is silent, and why.
    case silent(String)
    /// One sentence for the log: a level of a mixer that could not be set, and why.
    case mixer(String)
    /// The PCM that is preferred is there again and has taken over from `from`.
    case preferred(SoundDirection, name: String, from: String)
    /// A PCM went away; its direction is silent until it is back.
    case lost(SoundDirection, name: String, reason: String)
    /// A PCM was opened again, perhaps another one of the list.
    case back(SoundDirection, name: String)
    /// The device's thread did not end in time (a sound server hangs): it and its memory are left behind.
    case abandoned
}

/// Why a device cannot be made at all.
public struct SoundDeviceFault: Error, Hashable, Sendable {
    public enum Code: String, Hashable, Sendable {
        case noThread = "no_thread"
    }
    public var code: Code
    public var detail: String

    public init(code: Code, detail: String) {
        self.code = code
        self.detail = detail
    }
}

/// Counters of a device since it was opened; frames are at 48 kHz.
public struct SoundDeviceCounters: Hashable, Sendable {
    /// Frames taken by the PCM (or by the clock of a silent device).
    public var playbackFrames = 0
    public var captureFrames = 0
    public var playbackXruns = 0
    public var captureXruns = 0
    /// Silence played because the playback ring was empty, counted once it has held sound.
    public var playbackUnderrunFrames = 0
    /// Sound thrown away to keep the playback ring short.
    public var playbackDiscardedFrames = 0
    /// Sound thrown away because nobody emptied the capture ring.
    public var captureOverrunFrames = 0
    /// Between the ring and the converter, as the PCM last said, filters included.
    public var playbackDelayFrames = 0
    public var captureDelayFrames = 0
    /// Of these, the resamplers' filters.
    public var playbackFilterFrames = 0
    public var captureFilterFrames = 0
    /// How often a PCM was lost.
    public var losses = 0
    /// The thread has real-time scheduling.
    public var isRealTime = false
}
