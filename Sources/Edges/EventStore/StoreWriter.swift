import CallModel
import CoreMetrics
import EdgeProtocols
import GRDB
import Logging
import MediaTime
import Synchronization

/// The one writer: gathers what comes during a commit and commits it as the next transaction, as soon as it is free, or
/// under load after the rest that `CommitPace` gives it.
///
/// - Threading: `submit` from any thread, never blocks on the disk; commits run on the writer's own thread.
/// - Order: positions are given in the order of `submit`; a batch is never split over two transactions.
/// - Fails with: nothing is lost when a commit fails: its work goes back to the front and is tried again, at most
///   2 s later; only waiters are told.
final class StoreWriter: Sendable {
    typealias Waiter = CheckedContinuation<[EventRow], any Error>

    enum Work {
        case batch(LogBatch, Waiter?)
        case progress(ReaderProgress)
        case barrier(Waiter)

        var rows: Int {
            switch self {
            case .batch(let batch, _): batch.events.count
            case .progress, .barrier: 0
            }
        }
        var waiter: Waiter? {
            switch self {
            case .batch(_, let waiter): waiter
            case .barrier(let waiter): waiter
            case .progress: nil
            }
        }
    }

    private struct Pending {
        var work: [Work] = []
        /// Those of a running commit included.
        var rows = 0
        var isScheduled = false
        var isClosed = false
        var failure: String?
        var failedAttempts = 0
        var droppedRows = 0
    }

    /// Touched on the writer's thread only.
    private struct Ledger {
        var newest: Int64
        var ids = IDLedger()
        var pace = CommitPace()
    }

    private static let rowsPerCommit = 4096
    private let pool: DatabasePool
    private let queueLimit: Int
    private let pending = Mutex(Pending())
    private let ledger: Mutex<Ledger>
    private let metrics = StoreMetrics()
    private let logger: Logger
    private let time = SystemTimeSource()
    private let committed: @Sendable ([EventRow]) -> Void
    private let thread = StoreThread()

    /// - Parameter committed: called after each commit on the writer's thread, with the rows in order.
    init(
        pool: DatabasePool, newest: Int64, queueLimit: Int, logger: Logger,
        committed: @escaping @Sendable ([EventRow]) -> Void
    ) {
        self.pool = pool
        self.queueLimit = queueLimit
        self.logger = logger
        self.committed = committed
        ledger = Mutex(Ledger(newest: newest))
        thread.start { [weak self] in self?.commitNext() }
    }

    deinit { thread.stop() }

    var health: StoreHealth {
        pending.withLock {
            StoreHealth(
                state: $0.failure.map { .failed(reason: $0) } ?? .good, queuedRows: $0.rows, droppedRows: $0.droppedRows
            )
        }
    }

    func submit(_ work: Work) {
        enum Answer { case queued, schedule, refused(StoreFault, firstDrop: Bool) }
        let answer: Answer = pending.withLock { pending in
            let refusal: StoreFault? =
                if pending.isClosed {
                    StoreFault(.closed, "the store is closed")
                } else if work.rows > 0, pending.rows + work.rows > queueLimit {
                    StoreFault(.queueFull, "\(pending.rows) rows wait for the disk: limits.store_queue_rows is reached")
                } else { nil }
            if let refusal {
                pending.droppedRows += work.rows
                return .refused(refusal, firstDrop: pending.droppedRows == work.rows)
            }
            pending.work.append(work)
            pending.rows += work.rows
            if pending.isScheduled { return .queued }
            pending.isScheduled = true
            return .schedule
        }
        switch answer {
        case .queued: break
        case .schedule: thread.wake()
        case .refused(let fault, let firstDrop):
            metrics.dropped.increment(by: work.rows)
            if firstDrop, work.rows > 0 { logger.critical("rows dropped", metadata: ["reason": "\(fault)"]) }
            work.waiter?.resume(throwing: fault)
        }
    }

    /// Refuses further work; what is queued still commits.
    func close() { pending.withLock { $0.isClosed = true } }

    /// One commit of what waits: how long to rest before the next one; nil when nothing waited.
    private func commitNext() -> Duration? {
        let work = take()
        if work.isEmpty { return nil }
        return pool.writeWithoutTransaction { db in commit(work, to: db) }
    }

    private func commit(_ work: [Work], to db: Database) -> Duration? {
        let started = time.now
        do {
            let (rows, answers) = try ledger.withLock { ledger in
                do { return try write(work, to: db, ledger: &ledger) } catch {
                    ledger.ids = IDLedger()
                    throw error
                }
            }
            metrics.commit.recordNanoseconds((time.now - started).wholeNanoseconds)
            metrics.commits.increment()
            metrics.rows.increment(by: rows.count)
            recovered()
            committed(rows)
            for (waiter, range) in answers { waiter.resume(returning: Array(rows[range])) }
            let left = pending.withLock { pending in
                pending.rows -= rows.count
                return pending.rows
            }
            metrics.queued.record(left)
            return ledger.withLock { $0.pace.rest(after: time.now) }
        } catch { return failed(work, error) }
    }

    private func take() -> [Work] {
        pending.withLock { pending in
            // Until then who submits need not wake the thread: it comes back here after each commit and its rest.
            if pending.work.isEmpty { pending.isScheduled = false }
            var rows = 0
            let count = pending.work.firstIndex { item in
                rows += item.rows
                return rows > Self.rowsPerCommit && rows > item.rows
            }
            guard let count else {
                defer { pending.work = [] }
                return pending.work
            }
            let taken = Array(pending.work[..<count])
            pending.work.removeFirst(count)
            return taken
        }
    }

    private func write(
        _ work: [Work], to db: Database, ledger: inout Ledger
    ) throws -> (rows: [EventRow], answers: [(Waiter, Range<Int>)]) {
        var rows: [EventRow] = []
        var answers: [(Waiter, Range<Int>)] = []
        // Records are states, not events: of one commit only the last of each counts.
        var legs: [LegID: LegRecord] = [:]
        var members: [MemberID: MemberRecord] = [:]
        var conversations: [ConversationID: ConversationRecord] = [:]
        try db.inTransaction(.immediate) {
            let writing = try RecordWriting(db)
            for item in work {
                let start = rows.count
                switch item {
                case .batch(let batch, _):
                    for var row in batch.events {
                        row.position = ledger.newest + Int64(rows.count) + 1
                        if let fault = try ledger.ids.fault(of: row, stored: { try Self.newestID(of: $0, db) }) {
                            report(hole: fault, row)
                        }
                        try writing.insert(row)
                        rows.append(row)
                    }
                    for leg in batch.legs { legs[leg.id] = leg }
                    for member in batch.members { members[member.id] = member }
                    for conversation in batch.conversations { conversations[conversation.id] = conversation }
                    for file in batch.files { try writing.insert(file) }
                    for transcription in batch.transcriptions { try writing.insert(transcription) }
                    for id in batch.transcribed { try writing.remove(id) }
                case .progress(let progress): try progress.write(to: db)
                case .barrier: break
                }
                if let waiter = item.waiter { answers.append((waiter, start..<rows.count)) }
            }
            for leg in legs.values { try writing.upsert(leg) }
            for member in members.values { try writing.upsert(member) }
            for conversation in conversations.values {
                try writing.upsert(conversation)
                if conversation.state == .deleted { ledger.ids.forget(conversation.id) }
            }
            return .commit
        }
        ledger.newest += Int64(rows.count)
        return (rows, answers)
    }

    private static func newestID(of conversation: ConversationID, _ db: Database) throws -> Int {
        let statement = try db.cachedStatement(
            sql: "SELECT max(id) FROM events WHERE conversation = ? AND id IS NOT NULL")
        return try Int.fetchOne(statement, arguments: [conversation.text]) ?? 0
    }

    private func report(hole: String, _ row: EventRow) {
        metrics.holes.increment()
        logger.error(
            "event id out of order",
            metadata: ["conversation": "\(row.conversation?.text ?? "")", "type": "\(row.type)", "fault": "\(hole)"])
    }

    private func recovered() {
        let was = pending.withLock { pending in
            defer {
                pending.failure = nil
                pending.failedAttempts = 0
            }
            return pending.failure
        }
        if let was { logger.notice("store writes again", metadata: ["fault": "\(was)"]) }
    }

    /// Keeps the work; how long to wait before it is tried again, nil once the store is closed.
    private func failed(_ work: [Work], _ error: any Error) -> Duration? {
        let fault = StoreFault(.writeFailed, "the log cannot be written: \(error)")
        let kept = work.compactMap { item -> Work? in
            switch item {
            case .batch(let batch, _): .batch(batch, nil)
            case .progress: item
            case .barrier: nil
            }
        }
        let (attempts, isNew, isClosed) = pending.withLock { pending in
            pending.work.insert(contentsOf: kept, at: 0)
            pending.failedAttempts += 1
            defer { pending.failure = "\(error)" }
            return (pending.failedAttempts, pending.failure == nil, pending.isClosed)
        }
        metrics.failures.increment()
        if isNew { logger.critical("store cannot write, rows are kept in memory", metadata: ["error": "\(error)"]) }
        for item in work { item.waiter?.resume(throwing: fault) }
        return isClosed ? nil : .milliseconds(min(2000, 50 << min(attempts, 6)))
    }
}
