import CallModel
import EdgeProtocols
import MediaTime
import NCCO

/// A member wants its room recorded.
struct RoomRecordingWish: Hashable, Sendable {
    var event: WebhookTarget?
    var transcription: Transcription?
}

/// A recording that is complete and is being written down.
struct PendingTranscription: Sendable {
    let recording: RecordingID
    /// The transcript.
    let file: FileID
    /// Its leg, which may be over; nil: a room's.
    let leg: LegID?
    /// `record` or `conversation`, as error events name it.
    let action: String
    /// The `transcription` event goes here.
    let event: WebhookTarget?
    let started: WallTime
    let ended: WallTime
}

/// One recording of a leg or of a named room, from its action to its `record` event.
struct Recording: Sendable {
    enum Phase: Hashable, Sendable {
        /// Its beep is being played.
        case beeping(PlayID)
        case running
        /// Its file is being completed.
        case closing
    }

    let id: RecordingID
    let file: FileID
    let source: RecordingSource
    let format: RecordingFormat
    let channels: Int
    let silenceSeconds: Double?
    let endOnKey: Character?
    let timeOutSeconds: Int?
    /// The `record` event goes here.
    let event: WebhookTarget?
    /// It is written down when it is complete.
    var transcription: Transcription?
    /// Id of its `audio:record`.
    var eventID = 0
    var phase = Phase.running
    var started: WallTime?
}
