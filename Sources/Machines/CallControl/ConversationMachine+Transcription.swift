import CallModel
import EdgeProtocols
import MediaTime
import NCCO
import WireJSON

/// `transcription` of `record` and `conversation` (ncco §3.1, §3.2; voice-webhooks §4 "transcription"; events.md
/// `audio:transcribe:done`).
extension ConversationMachine {
    /// A recording is complete and told: it is written down if that was asked for.
    mutating func transcribe(_ recording: Recording, _ leg: LegID?, from started: WallTime) {
        guard let wish = recording.transcription else { return }
        let pending = TranscriptionRecord(
            id: .make(), application: application, conversation: id, recording: recording.id,
            sound: FileRecord.name(recording.file, recording.format.stored), file: .make(), leg: leg,
            eventTarget: wish.event ?? recording.event, language: wish.spokenLanguage,
            wantsSentiment: wish.sentimentAnalysis, started: started, ended: lastInstant)
        step.batch.transcriptions.append(pending)
        transcribe(pending)
    }

    /// Has a recording written down whose order is on disk already, or in this transaction.
    mutating func transcribe(_ pending: TranscriptionRecord) {
        transcriptions[pending.id] = pending
        emit(
            .transcribe(
                TranscriptionOrder(
                    id: pending.id, recording: pending.sound, path: FileRecord.name(pending.file, .json),
                    language: pending.language, wantsSentiment: pending.wantsSentiment)))
    }

    /// The `transcription` webhook, its twin of the RTC stream and the file's row, in one transaction. The call, and the
    /// conversation with it, is often over by then: its log is closed, and the event has no id.
    mutating func transcribed(_ id: TranscriptionID, _ result: TranscriptionResult, _ world: World) {
        guard let pending = transcriptions.removeValue(forKey: id) else { return }
        step.batch.transcribed.append(id)
        let hasFile = result.failure == nil && result.byteCount > 0
        let url = "\(world.settings.recordingBase)/v1/files/\(pending.file.text)"
        rtc(
            "audio:transcribe:done", listed: !isOver,
            body: [
                "request_id": .string(id.text), "recording_id": .string(pending.recording.text),
                "transcription_url": hasFile ? .string(url) : .null, "error": JSON(result.failure),
            ], clients: false)
        guard hasFile else {
            transcriptionRow(
                "error",
                [
                    "reason": .string(
                        "\(pending.action.rawValue) transcription: \(result.failure ?? "nothing was written")"),
                    "conversation_uuid": .string(self.id.text), "timestamp": .string(lastInstant.iso8601),
                ], pending.leg, nil)
            note(.warning, "a recording could not be transcribed", pending.leg, result.failure ?? "")
            return
        }
        step.batch.files.append(
            FileRecord(
                id: pending.file, application: application, conversation: self.id, recording: pending.recording,
                format: .json, byteCount: result.byteCount, started: pending.started, ended: pending.ended))
        transcriptionRow(
            "transcription",
            [
                "conversation_uuid": .string(self.id.text), "type": "record",
                "recording_uuid": .string(pending.recording.text), "status": "transcribed",
                "transcription_url": .string(url),
            ], pending.leg, pending.eventTarget)
    }

    /// In the order of its leg's events, though the leg may be over: the recording is told first.
    private mutating func transcriptionRow(
        _ type: String, _ fields: JSONObject, _ leg: LegID?, _ destination: WebhookTarget?
    ) {
        step.batch.events.append(
            EventRow(
                application: application, conversation: id, stream: .voice, id: nil, type: type, instant: lastInstant,
                body: JSON.object(fields).bytes, destination: destination, delivery: .webhook, leg: leg))
    }
}

extension Transcription {
    /// BCP-47; as for `input` American English unless another one is named (ncco §3.6).
    var spokenLanguage: String { language ?? "en-US" }

    /// As `audio:record` tells it.
    var settings: JSONObject {
        ["language": .string(spokenLanguage), "sentiment_analysis": .bool(sentimentAnalysis)]
    }
}
