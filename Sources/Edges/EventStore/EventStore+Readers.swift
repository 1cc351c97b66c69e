public import CallModel
import GRDB

extension EventStore {
    /// A row that a reader has stepped over and still owes.
    public typealias ParkedRow = (position: Int64, application: ApplicationID, attempts: Int, ageMilliseconds: Int64)

    /// The places of a reader: key "" is its own, the others are applications that are behind it. Empty at first.
    public func cursors(of reader: String) async throws -> [String: Int64] {
        try await pool.read { db in
            let rows = try Row.fetchAll(
                db, sql: "SELECT application, position FROM cursors WHERE reader = ?", arguments: [reader])
            return Dictionary(uniqueKeysWithValues: rows.map { ($0[0] as String, $0[1] as Int64) })
        }
    }

    /// The rows a reader owes, oldest first.
    public func parked(of reader: String) async throws -> [ParkedRow] {
        try await pool.read { db in
            try Row.fetchAll(
                db, sql: "SELECT position, application, attempts, age FROM parked WHERE reader = ? ORDER BY position",
                arguments: [reader]
            ).map { (position: $0[0], application: ApplicationID($0[1]), attempts: $0[2], ageMilliseconds: $0[3]) }
        }
    }

    /// Queues a reader's progress: it becomes durable in order with the rows, without a commit of its own under load.
    /// A nil position removes an application's place. `flush` waits for it.
    public func record(
        reader: String, cursors: [String: Int64?], parked: [ParkedRow], unparked: [Int64]
    ) {
        record(ReaderProgress(reader: reader, cursors: cursors, parked: parked, unparked: unparked))
    }
}
