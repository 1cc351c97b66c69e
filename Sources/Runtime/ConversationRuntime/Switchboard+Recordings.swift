import CallControl
public import CallModel
import EdgeProtocols
import Synchronization

/// Which conversation a recording belongs to, and whether there is room for one.
extension Switchboard {
    func register(_ recording: RecordingID, of source: RecordingSource, with conversation: ConversationActor) {
        var entry = RecordingEntry(conversation: conversation)
        if case .leg(let leg) = source { entry.leg = leg }
        tables.withLock { $0.recordings[recording] = entry }
    }

    /// Why nothing can be recorded now, in words for the Application.
    func obstacleToRecording() -> String? {
        tables.withLock { tables in
            tables.storedBytes < tables.settings.filesBytes
                ? nil : "limits.recording_disk is reached: \(tables.settings.filesBytes) bytes"
        }
    }

    func path(ofFile name: String) -> String { tables.withLock { $0.settings.filesFolder } + "/" + name }

    /// Bytes of all files in the folder, as counted by whoever deletes them.
    public func filesCounted(_ bytes: Int64) { tables.withLock { $0.storedBytes = bytes } }

    /// A file more is in the folder.
    func stored(_ bytes: Int64) { tables.withLock { $0.storedBytes += bytes } }

    public var recordedBytes: Int64 { tables.withLock { $0.storedBytes } }

    /// Goes on with what a former run had not written down; after `knowRooms`, so that a room that lives on tells of it.
    public func resume(_ pending: TranscriptionRecord, conversation stored: ConversationRecord?) {
        home(of: pending, stored).post(.transcribeAgain(pending))
    }

    private func home(of pending: TranscriptionRecord, _ stored: ConversationRecord?) -> ConversationActor {
        if let living = conversation(pending.conversation) { return living }
        if let stored, stored.state != .deleted, !stored.isTransient,
            let room = room(stored.name, application: stored.application), room.id == stored.id
        {
            return room
        }
        let machine = ConversationMachine(
            ended: pending.conversation, application: application(pending.application), stored: stored)
        return ConversationActor(machine: machine, switchboard: self, edges: edges)
    }

    func recordingSilent(_ id: RecordingID) {
        guard let entry = tables.withLock({ $0.recordings[id] }), let leg = entry.leg else { return }
        home(of: entry).post(.recordingSilent(leg, id))
    }

    func recordingEnded(_ id: RecordingID, _ result: RecordingResult) {
        let entry = tables.withLock { tables in
            tables.storedBytes += result.byteCount
            return tables.recordings.removeValue(forKey: id)
        }
        guard let entry else { return }
        home(of: entry).post(.recordingEnded(entry.leg, id, result))
    }

    private func home(of entry: RecordingEntry) -> ConversationActor {
        entry.leg.flatMap { conversation(of: $0) } ?? entry.conversation
    }
}
