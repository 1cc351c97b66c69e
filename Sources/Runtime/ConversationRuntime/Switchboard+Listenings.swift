import CallControl
import CallModel
import EdgeProtocols
import Logging
import Synchronization

/// Which leg's script listens.
extension Switchboard {
    func register(_ listening: ListeningID, for leg: LegID) { tables.withLock { $0.listenings[listening] = leg } }

    func forget(_ listening: ListeningID) { tables.withLock { $0.listenings[listening] = nil } }

    /// The task with its file in the folder of files, or without one when that is full.
    func placed(_ task: ListeningTask) -> ListeningTask {
        guard case .speech(var setting) = task, let name = setting.savePath else { return task }
        if let obstacle = obstacleToRecording() {
            edges.logger.warning("speech is not saved", metadata: ["reason": .string(obstacle)])
            setting.savePath = nil
        } else {
            setting.savePath = path(ofFile: name)
        }
        return .speech(setting)
    }

    func listened(_ id: ListeningID, _ news: ListeningNews) {
        if case .speech(let result) = news, let saved = result.saved {
            tables.withLock { $0.storedBytes += saved.byteCount }
        }
        guard let leg = tables.withLock({ $0.listenings[id] }) else { return }
        conversation(of: leg)?.post(.listened(leg, id, news))
    }
}
