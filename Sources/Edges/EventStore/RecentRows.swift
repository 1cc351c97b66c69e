import CallModel
import Synchronization

/// The newest committed rows kept in memory, so that readers that keep up never touch the disk.
///
/// - Bound: 4 096 rows and 2 MiB of bodies.
/// - Threading: any thread; the writer appends in commit order. Positions have no gaps, so place = position − first.
final class RecentRows: Sendable {
    private static let rowLimit = 4096
    private static let byteLimit = 2 << 20

    private struct State {
        var rows: [EventRow] = []
        /// Index of the oldest row still kept; the part before it is cut off now and then.
        var head = 0
        var bytes = 0
        var newest: Int64
    }
    private let state: Mutex<State>

    /// - Parameter newest: position of the newest row on disk.
    init(newest: Int64) { state = Mutex(State(newest: newest)) }

    var newest: Int64 { state.withLock { $0.newest } }

    func append(_ committed: [EventRow]) {
        guard let last = committed.last else { return }
        state.withLock { state in
            state.rows.append(contentsOf: committed)
            for row in committed { state.bytes += row.body.count }
            state.newest = last.position
            while state.rows.count - state.head > Self.rowLimit || state.bytes > Self.byteLimit,
                state.head < state.rows.count
            {
                state.bytes -= state.rows[state.head].body.count
                state.head += 1
            }
            if state.head > Self.rowLimit {
                state.rows.removeFirst(state.head)
                state.head = 0
            }
        }
    }

    /// Matching rows after `position`, or nil when some of them are only on disk.
    func rows(after position: Int64, limit: Int, where matches: (EventRow) -> Bool) -> [EventRow]? {
        state.withLock { state in
            if position >= state.newest { return [] }
            guard state.head < state.rows.count else { return nil }
            let first = state.rows[state.head].position
            guard position >= first - 1 else { return nil }
            var found: [EventRow] = []
            for row in state.rows[(state.head + Int(position + 1 - first))...] where matches(row) {
                found.append(row)
                if found.count == limit { break }
            }
            return found
        }
    }
}
