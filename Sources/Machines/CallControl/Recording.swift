import CallModel
import EdgeProtocols
import MediaTime
import NCCO

/// A member wants its room recorded.
struct RoomRecordingWish: Hashable, Sendable {
    var event: WebhookTarget?
    var transcription: Transcription?
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
