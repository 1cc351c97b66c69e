import CallModel
import GRDB
import GRDBSQLite
import MediaTime

/// Binds and runs one prepared statement without GRDB's value boxing: the log's hot path.
///
/// - Threading: the writer's queue only.
@safe struct RowBinder: ~Copyable {
    private let handle: OpaquePointer
    private var index: CInt = 0

    init(_ statement: Statement) {
        unsafe handle = statement.sqliteStatement
        unsafe sqlite3_reset(handle)
    }

    mutating func bind(_ value: Int64) {
        index += 1
        unsafe sqlite3_bind_int64(handle, index, value)
    }

    mutating func bind(_ value: Int64?) {
        if let value { bind(value) } else { bindNull() }
    }

    mutating func bind(_ time: WallTime?) { bind(time?.milliseconds) }

    mutating func bind(_ flag: Bool) { bind(flag ? 1 : 0) }

    mutating func bind(_ text: String) {
        index += 1
        var text = text
        text.withUTF8 { bytes in
            // A nil pointer would bind NULL.
            guard let base = bytes.baseAddress, !bytes.isEmpty else {
                _ = unsafe sqlite3_bind_text(handle, index, "", 0, transient)
                return
            }
            _ = unsafe sqlite3_bind_text(
                handle, index, UnsafeRawPointer(base).assumingMemoryBound(to: CChar.self), CInt(bytes.count), transient)
        }
    }

    mutating func bind(_ text: String?) {
        if let text { bind(text) } else { bindNull() }
    }

    mutating func bind(blob: [UInt8]) {
        index += 1
        unsafe blob.withUnsafeBytes { bytes in
            _ =
                unsafe bytes.isEmpty
                ? sqlite3_bind_zeroblob(handle, index, 0)
                : sqlite3_bind_blob64(handle, index, bytes.baseAddress, UInt64(bytes.count), transient)
        }
    }

    private mutating func bindNull() {
        index += 1
        unsafe sqlite3_bind_null(handle, index)
    }

    /// Runs the statement to its end.
    consuming func run() throws {
        let code = unsafe sqlite3_step(handle)
        unsafe sqlite3_reset(handle)
        guard code == SQLITE_DONE || code == SQLITE_ROW else {
            throw DatabaseError(
                resultCode: ResultCode(rawValue: code),
                message: unsafe sqlite3_db_handle(handle).flatMap { unsafe sqlite3_errmsg($0) }
                    .map { unsafe String(cString: $0) })
        }
    }

    private var transient: sqlite3_destructor_type? {
        unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    }
}
