import CallModel
package import EdgeProtocols
import Synchronization

/// A stretch of the log, already turned into messages.
package struct LivePage: Sendable {
    package var rows: [LiveRow]
    /// Everything up to here has been looked at.
    package var end: Int64
}

/// Reads the log for all sessions: those that stand at one position share one query and one encoding.
///
/// - Threading: any thread.
/// - Bounds: the last four pages of at most `pageRows` rows are kept, none when nobody reads.
package final class LogTail: Sendable {
    private struct Kept {
        var position: Int64
        var page: Task<LivePage, any Error>
    }

    package let signal = CommitSignal()
    private let log: any LogQueries
    private let pageRows: Int
    private let kept = Mutex<[Kept]>([])
    private let subscription = Mutex<(any LogSubscription)?>(nil)

    package init(log: any LogQueries, pageRows: Int = 256) {
        self.log = log
        self.pageRows = pageRows
    }

    /// Subscribes to commits on the first call; returns the newest position.
    package func start() async throws -> Int64 {
        subscription.withLock { subscription in
            if subscription == nil {
                subscription = log.onCommit { [signal] position in signal.advance(to: position) }
            }
        }
        // The subscription tells of later commits only.
        signal.advance(to: try await log.newestPosition())
        return signal.newest
    }

    package func stop() {
        signal.close()
        subscription.withLock { subscription in
            subscription?.cancel()
            subscription = nil
        }
    }

    /// The rows after `position` that clients may see, of all applications. Fails as the log fails.
    package func page(after position: Int64) async throws -> LivePage {
        let task = kept.withLock { kept in
            if let found = kept.first(where: { $0.position == position }) { return found.page }
            let task = Task { try await self.read(after: position) }
            if kept.count == 4 { kept.removeFirst() }
            kept.append(Kept(position: position, page: task))
            return task
        }
        do {
            let page = try await task.value
            // Nothing new yet is true for the moment only.
            if page.end == position { forget(position) }
            return page
        } catch {
            forget(position)
            throw error
        }
    }

    package func forgetAll() { kept.withLock { $0 = [] } }

    private func forget(_ position: Int64) { kept.withLock { $0.removeAll { $0.position == position } } }

    private func read(after position: Int64) async throws -> LivePage {
        let newest = signal.newest
        let rows = try await log.rows(
            after: position, limit: pageRows, application: nil, conversation: nil, stream: .rtc)
        let last = rows.last?.position ?? position
        // A page that is not full has seen everything that was committed when it was asked for.
        let end = rows.count < pageRows ? max(last, newest, position) : last
        return LivePage(rows: rows.compactMap(LiveRow.init), end: end)
    }
}
