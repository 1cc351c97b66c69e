public import CallModel
import GRDB
public import MediaTime

/// What the log knows of stored files; the files themselves lie in a folder beside it.
extension EventStore {
    public func file(_ id: FileID) async throws -> FileRecord? {
        try await pool.read { db in
            let row = try Row.fetchOne(
                db, sql: "SELECT \(RecordReading.fileColumns) FROM files WHERE id = ?", arguments: [id.text])
            return try row.map(RecordReading.file)
        }
    }

    /// Every file, the oldest first.
    public func files() async throws -> [FileRecord] {
        try await pool.read { db in
            try Row.fetchAll(db, sql: "SELECT \(RecordReading.fileColumns) FROM files ORDER BY ended, id")
                .map(RecordReading.file)
        }
    }

    /// What was being written down when the log was closed, the oldest first.
    public func transcriptions() async throws -> [TranscriptionRecord] {
        try await pool.read { db in
            try Row.fetchAll(
                db, sql: "SELECT \(RecordReading.transcriptionColumns) FROM transcriptions ORDER BY ended, id"
            ).map(RecordReading.transcription)
        }
    }

    /// Bytes of all files together.
    public func fileBytes() async throws -> Int64 {
        try await pool.read { db in try Int64.fetchOne(db, sql: "SELECT coalesce(sum(byte_count), 0) FROM files") ?? 0 }
    }

    /// Forgets the files that ended before `limit` and returns them, so that they can be deleted.
    public func forgetFiles(before limit: WallTime) async throws -> [FileRecord] {
        try await pool.write { db in
            let old = try Row.fetchAll(
                db, sql: "SELECT \(RecordReading.fileColumns) FROM files WHERE ended < ?",
                arguments: [limit.milliseconds]
            ).map(RecordReading.file)
            try db.execute(sql: "DELETE FROM files WHERE ended < ?", arguments: [limit.milliseconds])
            return old
        }
    }
}
