public import CallModel

/// What a recording hears.
public enum RecordingSource: Hashable, Sendable {
    /// What a leg says and what it hears, wherever it moves (media-and-legs §4 "recording").
    case leg(LegID)
    /// Every un-muted input of a conversation and the prompts played to all of it.
    case conversation(ConversationID)
}

/// How a recording is made.
public struct RecordingSetting: Hashable, Sendable {
    public var format: RecordingFormat
    /// 1: everything in one. 2: the leg, and what it hears. More: the leg, then one channel for each party in the order
    /// they speak first; those beyond, and prompts, share the last. At most 32 (MP3: 2).
    public var channels: Int
    /// Told of by `MediaReport.recordingSilent` after so many seconds without speech; nil: never.
    public var silenceSeconds: Double?
    /// Path of the file, which is made or emptied.
    public var path: String

    public init(format: RecordingFormat, channels: Int, silenceSeconds: Double? = nil, path: String) {
        self.format = format
        self.channels = channels
        self.silenceSeconds = silenceSeconds
        self.path = path
    }
}

/// A recording that is over: its file is complete on disk.
public struct RecordingResult: Hashable, Sendable {
    public var byteCount: Int64
    /// Of sound.
    public var milliseconds: Int
    /// Why it ended before it was asked to, in words for the Application; what came before is in the file.
    public var failure: String?
    public init(byteCount: Int64, milliseconds: Int, failure: String? = nil) {
        self.byteCount = byteCount
        self.milliseconds = milliseconds
        self.failure = failure
    }
}
