public import CallModel
import GRDB
public import MediaTime

extension EventStore {
    /// Rows looked at in one transaction, so that commits of calls never wait long.
    private static let pruneStep = 2000

    /// Deletes what is older than `limit` and nobody needs: not the newest row, no row that a reader has not passed or
    /// still owes, nothing of a conversation that lives. Returns the number of rows deleted.
    ///
    /// - Parameter legs: where the limit of an Application's finished legs is another one.
    @discardableResult
    public func prune(before limit: WallTime, legs: [ApplicationID: WallTime] = [:]) async throws -> Int {
        var deleted = 0
        var from: Int64 = 0
        while true {
            let after = from
            let step = try await pool.write { db in try Self.pruneEvents(after: after, before: limit, db) }
            deleted += step.deleted
            guard let next = step.next else { break }
            from = next
        }
        try await pool.write { db in try Self.pruneRecords(before: limit, legs: legs, db) }
        return deleted
    }

    private static func pruneEvents(
        after position: Int64, before limit: WallTime, _ db: Database
    ) throws -> (deleted: Int, next: Int64?) {
        // Readers that were never started have no cursor and keep nothing back.
        let passed = try Int64.fetchOne(db, sql: "SELECT min(position) FROM cursors")
        let newest = try Int64.fetchOne(db, sql: "SELECT max(position) FROM events") ?? 0
        let bound = min(passed ?? newest, newest - 1)
        let window = try Int64.fetchAll(
            db, sql: "SELECT position FROM events WHERE position > ? AND position <= ? ORDER BY position LIMIT ?",
            arguments: [position, bound, pruneStep])
        guard let first = window.first, let last = window.last else { return (0, nil) }
        try db.execute(
            sql: """
                DELETE FROM events WHERE position BETWEEN ? AND ? AND instant < ?
                    AND position NOT IN (SELECT position FROM parked)
                    AND NOT EXISTS (SELECT 1 FROM conversations
                        WHERE conversations.id = events.conversation AND conversations.state <> 'DELETED')
                """, arguments: [first, last, limit.milliseconds])
        // Positions follow time: once a whole step is younger than the limit, so is the rest.
        let changes = db.changesCount
        let isYoung = try isYounger(last, limit, db)
        let isDone = window.count < pruneStep || (changes == 0 && isYoung)
        return (changes, isDone ? nil : last)
    }

    private static func isYounger(_ position: Int64, _ limit: WallTime, _ db: Database) throws -> Bool {
        let instant = try Int64.fetchOne(
            db, sql: "SELECT instant FROM events WHERE position = ?", arguments: [position])
        return (instant ?? .min) >= limit.milliseconds
    }

    private static func pruneRecords(
        before limit: WallTime, legs: [ApplicationID: WallTime], _ db: Database
    ) throws {
        let old: StatementArguments = [limit.milliseconds]
        let ended = "DELETE FROM legs WHERE open = 0 AND coalesce(ended, started) < ?"
        for (application, limit) in legs {
            try db.execute(
                sql: ended + " AND application = ?", arguments: [limit.milliseconds, application.text])
        }
        let known = Array(repeating: "?", count: legs.count).joined(separator: ",")
        try db.execute(
            sql: ended + " AND application NOT IN (\(known))",
            arguments: old + StatementArguments(legs.keys.map(\.text))
        )
        try db.execute(
            sql: """
                DELETE FROM members WHERE conversation IN
                    (SELECT id FROM conversations WHERE state = 'DELETED' AND destroyed < ?)
                """, arguments: old)
        try db.execute(sql: "DELETE FROM conversations WHERE state = 'DELETED' AND destroyed < ?", arguments: old)
    }
}
