import CallControl
import CallModel
import EdgeProtocols

/// Recordings, what is written down of them, and what is listened for.
extension ConversationActor {
    func record(_ id: RecordingID, _ source: RecordingSource, _ setting: RecordingSetting) {
        switchboard.register(id, of: source, with: self)
        if let obstacle = switchboard.obstacleToRecording() {
            switchboard.handle(
                .recordingEnded(id, RecordingResult(byteCount: 0, milliseconds: 0, failure: obstacle)))
            return
        }
        var setting = setting
        setting.path = switchboard.path(ofFile: setting.path)
        edges.media.startRecording(id, of: source, setting: setting)
    }

    /// The conversation may end before the answer comes; it is kept for that.
    func transcribe(_ order: TranscriptionOrder) {
        if let obstacle = switchboard.obstacleToRecording() {
            post(.transcribed(order.id, TranscriptionResult(byteCount: 0, failure: obstacle)))
            return
        }
        var placed = order
        placed.recording = switchboard.path(ofFile: order.recording)
        placed.path = switchboard.path(ofFile: order.path)
        edges.transcriber.transcribe(placed) { [switchboard] result in
            switchboard.stored(result.byteCount)
            self.post(.transcribed(order.id, result))
        }
    }

    func listen(_ id: ListeningID, to target: LegID, for owner: LegID, _ task: ListeningTask) {
        switchboard.register(id, for: owner)
        edges.media.startListening(id, to: target, task: switchboard.placed(task))
    }
}
