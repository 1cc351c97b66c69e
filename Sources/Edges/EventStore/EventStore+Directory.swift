public import CallModel
public import EdgeProtocols
import GRDB
import MediaTime
import WireJSON

/// Applications and Users made by API; few and seldom changed, so each change is a transaction of its own.
extension EventStore: DirectoryRecords {
    public func applicationRecords() async throws -> [ApplicationRecord] {
        try await pool.read { db in
            try Row.fetchAll(
                db, sql: "SELECT id, name, document, public_key, created FROM applications ORDER BY created, id"
            ).map { row in
                ApplicationRecord(
                    id: ApplicationID(row[0]), name: row[1], document: try Self.object(row[2]), publicKeyPEM: row[3],
                    created: WallTime(milliseconds: row[4]))
            }
        }
    }

    public func userRecords() async throws -> [UserRecord] {
        try await pool.read { db in
            try Row.fetchAll(
                db, sql: "SELECT id, application, name, document, created FROM users ORDER BY created, id"
            ).map { row in
                UserRecord(
                    id: UserID(row[0]), application: ApplicationID(row[1]), name: row[2],
                    document: try Self.object(row[3]), created: WallTime(milliseconds: row[4]))
            }
        }
    }

    public func put(_ application: ApplicationRecord) async throws {
        let document = String(decoding: JSON.object(application.document).bytes, as: UTF8.self)
        try await pool.write { db in
            try db.execute(
                sql: """
                    INSERT INTO applications (id, name, document, public_key, created) VALUES (?,?,?,?,?)
                    ON CONFLICT (id) DO UPDATE SET name = excluded.name, document = excluded.document,
                        public_key = excluded.public_key
                    """,
                arguments: [
                    application.id.text, application.name, document, application.publicKeyPEM,
                    application.created.milliseconds,
                ])
        }
    }

    public func put(_ user: UserRecord) async throws {
        let document = String(decoding: JSON.object(user.document).bytes, as: UTF8.self)
        try await pool.write { db in
            try db.execute(
                sql: """
                    INSERT INTO users (id, application, name, document, created) VALUES (?,?,?,?,?)
                    ON CONFLICT (id) DO UPDATE SET name = excluded.name, document = excluded.document
                    """,
                arguments: [user.id.text, user.application.text, user.name, document, user.created.milliseconds])
        }
    }

    public func remove(_ application: ApplicationID) async throws {
        try await pool.write { db in
            try db.execute(sql: "DELETE FROM users WHERE application = ?", arguments: [application.text])
            try db.execute(sql: "DELETE FROM applications WHERE id = ?", arguments: [application.text])
        }
    }

    public func remove(_ user: UserID) async throws {
        try await pool.write { db in try db.execute(sql: "DELETE FROM users WHERE id = ?", arguments: [user.text]) }
    }

    private static func object(_ text: String) throws -> JSONObject {
        try JSON(parsing: text.utf8).object ?? JSONObject()
    }
}
