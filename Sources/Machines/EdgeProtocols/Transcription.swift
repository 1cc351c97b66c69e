public import CallModel

/// A recording that is to be written down.
public struct TranscriptionOrder: Hashable, Sendable {
    /// `request_id` of its transcript and events.
    public var id: TranscriptionID
    /// Path of the recording, which is complete.
    public var recording: String
    /// Path of the transcript, which is made.
    public var path: String
    /// BCP-47.
    public var language: String
    /// The engine is asked how each sentence is meant, too.
    public var wantsSentiment: Bool

    public init(id: TranscriptionID, recording: String, path: String, language: String, wantsSentiment: Bool) {
        self.id = id
        self.recording = recording
        self.path = path
        self.language = language
        self.wantsSentiment = wantsSentiment
    }
}

/// What became of a transcription: a file that is complete on disk, or a reason in words for the Application.
public struct TranscriptionResult: Hashable, Sendable {
    /// Zero: there is no file.
    public var byteCount: Int64
    public var failure: String?
    public init(byteCount: Int64, failure: String? = nil) {
        self.byteCount = byteCount
        self.failure = failure
    }
}

/// Writes recordings down, off every real-time thread and below the calls in priority.
public protocol Transcribing: Sendable {
    /// Never waits.
    /// - Parameter done: called once, on any thread; never where the box ends first, which takes the order up again at its
    ///   next start.
    func transcribe(_ order: TranscriptionOrder, done: @escaping @Sendable (TranscriptionResult) -> Void)
}
