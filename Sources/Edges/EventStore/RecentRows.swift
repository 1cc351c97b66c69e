import CallModel
import Synchronization

/// The newest committed rows kept in memory, so that readers that keep up never touch the disk.
///
/// - Bound: 512 rows and 256 KiB of bodies: a seventh of a second at 250 calls a second.
/// - Threading: any thread; the writer appends in commit order. Positions have no gaps.
final class RecentRows: Sendable {
    private static let rowLimit: Int64 = 512
    private static let byteLimit = 256 << 10

    private struct State {
        /// A ring by position, as long as it was ever needed; nil: the bodies were too many.
        var rows: [EventRow?] = []
        /// Position of the first row ever kept, and of the oldest one still kept.
        var base: Int64 = 0
        var oldest: Int64 = 0
        var bytes = 0
        var newest: Int64

        func place(_ position: Int64) -> Int { Int((position - base) % RecentRows.rowLimit) }

        mutating func append(_ row: EventRow) {
            if rows.isEmpty {
                base = row.position
                oldest = row.position
            }
            let place = place(row.position)
            if place == rows.count {
                rows.append(row)
            } else {
                bytes -= rows[place]?.body.count ?? 0
                rows[place] = row
            }
            bytes += row.body.count
            newest = row.position
            oldest = max(oldest, newest - RecentRows.rowLimit + 1)
            while bytes > RecentRows.byteLimit && oldest <= newest {
                let place = self.place(oldest)
                bytes -= rows[place]?.body.count ?? 0
                rows[place] = nil
                oldest += 1
            }
        }
    }
    private let state: Mutex<State>

    /// - Parameter newest: position of the newest row on disk.
    init(newest: Int64) { state = Mutex(State(newest: newest)) }

    var newest: Int64 { state.withLock { $0.newest } }

    func append(_ committed: [EventRow]) {
        state.withLock { state in
            for row in committed { state.append(row) }
        }
    }

    /// Matching rows after `position`, or nil when some of them are only on disk.
    func rows(after position: Int64, limit: Int, where matches: (EventRow) -> Bool) -> [EventRow]? {
        state.withLock { state in
            if position >= state.newest { return [] }
            guard !state.rows.isEmpty, position >= state.oldest - 1 else { return nil }
            var found: [EventRow] = []
            for wanted in (position + 1)...state.newest {
                guard let row = state.rows[state.place(wanted)], matches(row) else { continue }
                found.append(row)
                if found.count == limit { break }
            }
            return found
        }
    }
}
