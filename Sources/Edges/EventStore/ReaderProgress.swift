import CallModel
import GRDB

/// How far a reader has come since it last said so; written in one transaction, so that place and debts agree.
struct ReaderProgress: Sendable {
    var reader: String
    /// By application; `nil` removes the row. The key "" is the reader's own place.
    var cursors: [String: Int64?]
    var parked: [EventStore.ParkedRow]
    var unparked: [Int64]

    func write(to db: Database) throws {
        let setCursor = try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO cursors (reader, application, position) VALUES (?,?,?)")
        let dropCursor = try db.cachedStatement(sql: "DELETE FROM cursors WHERE reader = ? AND application = ?")
        for (application, position) in cursors {
            var binder = RowBinder(position == nil ? dropCursor : setCursor)
            binder.bind(reader)
            binder.bind(application)
            if let position { binder.bind(position) }
            try binder.run()
        }
        let park = try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO parked (reader, position, application, attempts, age) VALUES (?,?,?,?,?)")
        for row in parked {
            var binder = RowBinder(park)
            binder.bind(reader)
            binder.bind(row.position)
            binder.bind(row.application.text)
            binder.bind(Int64(row.attempts))
            binder.bind(row.ageMilliseconds)
            try binder.run()
        }
        let unpark = try db.cachedStatement(sql: "DELETE FROM parked WHERE reader = ? AND position = ?")
        for position in unparked {
            var binder = RowBinder(unpark)
            binder.bind(reader)
            binder.bind(position)
            try binder.run()
        }
    }
}
