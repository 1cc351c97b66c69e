public import MediaTime

/// A recording while it runs and in the events that tell of it: `recording_uuid`, `recording_id`. A bare UUID.
public struct RecordingID: Identifier {
    public let text: String
    public init(_ text: String) { self.text = text }
    public static func make() -> Self { Self(UUIDText.random()) }
}

/// One speech input or one search for an answering machine: `asr_id`. A bare UUID.
public struct ListeningID: Identifier {
    public let text: String
    public init(_ text: String) { self.text = text }
    public static func make() -> Self { Self(UUIDText.random()) }
}

/// One transcription of a recording: `request_id`. A bare UUID.
public struct TranscriptionID: Identifier {
    public let text: String
    public init(_ text: String) { self.text = text }
    public static func make() -> Self { Self(UUIDText.random()) }
}

/// A stored file, as `/v1/files/{id}` names it: a bare UUID, never that of the recording (voice-webhooks §4).
public struct FileID: Identifier {
    public let text: String
    public init(_ text: String) { self.text = text }
    public static func make() -> Self { Self(UUIDText.random()) }
}

/// A recording that is complete and is being written down. Kept from the transaction that tells of the recording to the one
/// that tells of its transcript, so that a box that ended meanwhile goes on with it at its next start.
public struct TranscriptionRecord: Hashable, Sendable {
    /// `record` or `conversation`, as error events name it.
    public enum Action: String, Hashable, Sendable { case record, conversation }

    public var id: TranscriptionID
    public var application: ApplicationID
    public var conversation: ConversationID
    public var recording: RecordingID
    /// Name of the recording in the folder of files.
    public var sound: String
    /// The transcript.
    public var file: FileID
    /// Its leg, which may be over; nil: a room's.
    public var leg: LegID?
    /// The `transcription` event goes here; nil: to the Application's URL.
    public var eventTarget: WebhookTarget?
    /// BCP-47.
    public var language: String
    public var wantsSentiment: Bool
    /// Of the recording.
    public var started: WallTime
    public var ended: WallTime

    public var action: Action { leg == nil ? .conversation : .record }

    public init(
        id: TranscriptionID, application: ApplicationID, conversation: ConversationID, recording: RecordingID,
        sound: String, file: FileID, leg: LegID?, eventTarget: WebhookTarget?, language: String,
        wantsSentiment: Bool, started: WallTime, ended: WallTime
    ) {
        self.id = id
        self.application = application
        self.conversation = conversation
        self.recording = recording
        self.sound = sound
        self.file = file
        self.leg = leg
        self.eventTarget = eventTarget
        self.language = language
        self.wantsSentiment = wantsSentiment
        self.started = started
        self.ended = ended
    }
}

/// Containers a recording may have.
public enum RecordingFormat: String, Hashable, Sendable, CaseIterable {
    case mp3, wav, ogg

    /// As a stored file has it.
    public var stored: StoredFormat {
        switch self {
        case .mp3: .mp3
        case .wav: .wav
        case .ogg: .ogg
        }
    }
}

/// What a stored file holds: a recording, or (JSON) the transcription of one.
public enum StoredFormat: String, Hashable, Sendable, CaseIterable {
    case mp3, wav, ogg, json

    /// `Content-Type` (voice-api §8).
    public var contentType: String {
        switch self {
        case .mp3: "audio/mpeg"
        case .wav: "audio/wav"
        case .ogg: "audio/ogg"
        case .json: "application/json"
        }
    }
}

/// A file the box keeps for an Application; written in the transaction of the event that tells of it.
public struct FileRecord: Hashable, Sendable {
    public var id: FileID
    public var application: ApplicationID
    public var conversation: ConversationID
    public var recording: RecordingID
    public var format: StoredFormat
    public var byteCount: Int64
    public var started: WallTime
    public var ended: WallTime

    public init(
        id: FileID, application: ApplicationID, conversation: ConversationID, recording: RecordingID,
        format: StoredFormat, byteCount: Int64, started: WallTime, ended: WallTime
    ) {
        self.id = id
        self.application = application
        self.conversation = conversation
        self.recording = recording
        self.format = format
        self.byteCount = byteCount
        self.started = started
        self.ended = ended
    }

    /// Its name in the folder of files.
    public var name: String { Self.name(id, format) }
    public static func name(_ id: FileID, _ format: StoredFormat) -> String { "\(id.text).\(format.rawValue)" }
}
