public import CallModel
public import EdgeProtocols
import Foundation
import GRDB
public import Logging
import MediaTime
import Synchronization

/// The log on disk: SQLite in WAL mode, `synchronous=FULL`, one writer, many readers.
///
/// - Threading: any thread. `append` only queues. Reads run on connections of their own.
/// - Fails with: `StoreFault` at opening; database errors from queries.
/// - Reference: design §4a; a process that is killed loses what was not committed, never a committed row (the WAL is
///   replayed by SQLite at the next opening).
public final class EventStore: EventLog, LogQueries {
    /// Position of the newest row when the log was opened: rows after it are of this run.
    public let newestAtOpen: Int64

    let pool: DatabasePool
    let recent: RecentRows
    private let queueRows: Int
    private let lock: StoreLock
    private let writer: StoreWriter
    private let subscribers: Subscribers

    /// Opens or makes the log `switchhook.sqlite` in a folder, brings its schema up to date and locks the folder.
    ///
    /// - Parameter path: the state folder; it is made when missing.
    /// - Parameter queueRows: rows kept in memory while the disk refuses, `limits.store_queue_rows`.
    public init(path: String, queueRows: Int = 200_000, logger: Logger) throws(StoreFault) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
        } catch {
            throw StoreFault(.noFolder, "state folder \(path) is missing and cannot be made: \(Self.words(error))")
        }
        lock = try StoreLock(folder: path)
        let file = path + "/switchhook.sqlite"
        do {
            pool = try Self.openPool(file)
            newestAtOpen = try pool.read { db in try Int64.fetchOne(db, sql: "SELECT max(position) FROM events") } ?? 0
        } catch let fault as StoreFault {
            throw fault
        } catch let error as DatabaseError {
            throw Self.fault(of: error, file)
        } catch { throw StoreFault(.cannotOpen, "\(file) cannot be opened: \(error)") }
        self.queueRows = queueRows
        let recent = RecentRows(newest: newestAtOpen)
        let subscribers = Subscribers()
        self.recent = recent
        self.subscribers = subscribers
        writer = StoreWriter(pool: pool, newest: newestAtOpen, queueLimit: queueRows, logger: logger) { rows in
            recent.append(rows)
            subscribers.tell(recent.newest)
        }
    }

    public var health: StoreHealth { writer.health }

    public var fault: String? {
        let health = health
        if case .failed(let reason) = health.state { return reason }
        // The writer is behind by more than a burst: what runs needs the other half of the queue.
        return health.queuedRows > queueRows / 2 ? "\(health.queuedRows) rows wait for the disk" : nil
    }

    public func append(_ batch: LogBatch) {
        if batch.isEmpty { return }
        writer.submit(.batch(batch, nil))
    }

    public func appendDurably(_ batch: LogBatch) async throws -> [EventRow] {
        try await withCheckedThrowingContinuation { writer.submit(.batch(batch, $0)) }
    }

    public func flush() async throws {
        _ = try await withCheckedThrowingContinuation { writer.submit(.barrier($0)) }
    }

    public func onCommit(_ handler: @escaping @Sendable (Int64) -> Void) -> any LogSubscription {
        subscribers.add(handler)
    }

    /// Gives page caches back; for quiet moments.
    public func releaseMemory() { pool.releaseMemory() }

    /// Commits what is queued and closes the files. Later appends are refused.
    public func close() async throws {
        defer {
            writer.close()
            lock.release()
        }
        try await flush()
        try pool.close()
    }

    /// Queues a reader's progress; it commits with the rows, in order (`flush` waits for it).
    func record(_ progress: ReaderProgress) { writer.submit(.progress(progress)) }

    private static func openPool(_ file: String) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.label = "switchhook.store"
        configuration.maximumReaderCount = 3
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA synchronous = FULL")
            try db.execute(sql: "PRAGMA journal_size_limit = 67108864")
            // Pages: 16 MiB. A page that many commits touch goes from the journal into the file once a checkpoint.
            try db.execute(sql: "PRAGMA wal_autocheckpoint = 4000")
            // KiB: rows are appended, and what is read again the system has in its own cache.
            try db.execute(sql: "PRAGMA cache_size = \(db.configuration.readonly ? -64 : -256)")
        }
        let pool = try DatabasePool(path: file, configuration: configuration)
        let migrator = Schema.migrator()
        guard try pool.read(migrator.hasBeenSuperseded) == false else {
            throw StoreFault(
                .newerSchema,
                "\(file) was written by a newer version of switchhook: run that version, or move the file away")
        }
        try migrator.migrate(pool)
        return pool
    }

    private static func fault(of error: DatabaseError, _ file: String) -> StoreFault {
        switch error.resultCode {
        case .SQLITE_NOTADB, .SQLITE_CORRUPT:
            StoreFault(.notADatabase, "\(file) is not a database of switchhook: move it away or set store.path")
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_CANTOPEN:
            StoreFault(.notWritable, "\(file) is not writable: \(error.message ?? "")")
        default: StoreFault(.cannotOpen, "\(file) cannot be opened: \(error)")
        }
    }

    private static func words(_ error: any Error) -> String {
        let cocoa = error as NSError
        guard let cause = cocoa.userInfo[NSUnderlyingErrorKey] as? NSError else { return cocoa.localizedDescription }
        return StoreLock.reason(CInt(cause.code))
    }
}
