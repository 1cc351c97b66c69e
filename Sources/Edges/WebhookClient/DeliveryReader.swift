import CallModel
import CoreMetrics
import EdgeProtocols
import HTTPFetch
import Logging
import MediaTime
import Metrics
import NIOCore

/// Runs the delivery machine of one stream: reads the log when it grows, sends, keeps time, saves the reader's place.
///
/// - Threading: an actor on a loop of the HTTP client, with its connections: a Conversation's requests go one by one, so
///   each thread woken between a response and the next request would delay all that follow. Nothing here is awaited
///   between an event and its effects.
actor DeliveryReader {
    private static let rowsPerRead = 256
    /// Places are saved in batches: a crash costs duplicates of this time at most, never a row.
    private static let saveInterval = Duration.milliseconds(100)
    /// Timers may be late by this much, so that thousands of them do not wake the machine one by one.
    private static let timerGrain = Duration.milliseconds(5)
    /// An attempt made early is good for this long: then its token, and where it goes, are made anew.
    private static let preparedFor = Duration.seconds(1)

    private let stream: EventStream
    private let journal: any DeliveryJournal
    private let sender: WebhookSender
    private let time: any TimeSource
    private let logger: Logger
    private let commitWait: Duration
    private let loop: any EventLoop
    /// The loop lives as long as the process's group of loops, longer than any reader.
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.executor.asUnownedSerialExecutor() }
    private let commits = CommitClock()
    private var machine: DeliveryMachine
    private var subscription: (any LogSubscription)?
    private var scanTask: Task<Void, Never>?
    private var timerTask: Task<Void, Never>?
    private var armed: MonotonicInstant?
    private var isSaving = false
    private var isStopped = false
    /// Attempts at the rows behind those under way, by position.
    private var prepared: [Int64: (attempt: WebhookSender.Attempt, at: MonotonicInstant)] = [:]
    private var settlers: [LegID: [Settler]] = [:]
    private var nextSettler = 0
    private var drainers: [CheckedContinuation<Void, Never>] = []
    private let queuedGauge: Gauge
    private let parkedGauge: Gauge
    private let flightGauge: Gauge

    /// Someone who waits for the notifications of a leg.
    private struct Settler {
        var id: Int
        /// Every row queued before the wait has been read.
        var hasRead = false
        var continuation: CheckedContinuation<Void, Never>
    }

    init(
        journal: any DeliveryJournal, sender: WebhookSender, settings: DeliverySettings, time: any TimeSource,
        logger: Logger
    ) {
        stream = sender.stream
        loop = sender.fetcher.nextLoop()
        self.journal = journal
        self.sender = sender
        self.time = time
        self.logger = logger
        commitWait = settings.commitWait
        machine = DeliveryMachine(
            settings: settings, earlierRun: journal.newestAtOpen, host: { sender.host(of: $0) })
        let gauge = { (name: String) in Gauge(label: name, dimensions: [("stream", sender.stream.rawValue)]) }
        queuedGauge = gauge("switchhook_webhook_queued_rows")
        parkedGauge = gauge("switchhook_webhook_parked_rows")
        flightGauge = gauge("switchhook_webhook_requests_in_flight")
    }

    /// Goes on where the last run ended.
    func start() async throws {
        let cursors = try await journal.cursors(of: stream.rawValue)
        let parked = try await journal.parked(of: stream.rawValue)
        var owed: [EventRow] = []
        for row in parked where row.attempts == 0 {
            if let found = try await self.row(at: row.position) { owed.append(found) }
        }
        let now = time.now
        machine.restore(scanned: cursors[""] ?? 0)
        for row in owed { machine.restore(owed: row, now) }
        for row in parked where row.attempts > 0 {
            machine.restore(
                position: row.position, application: row.application, attempts: row.attempts,
                age: .milliseconds(row.ageMilliseconds), now)
        }
        for (application, place) in cursors where !application.isEmpty {
            machine.restore(place: place, of: ApplicationID(application))
        }
        step(.tick)
        let (wakes, wake) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        subscription = journal.onCommit { [commits, time] newest in
            commits.note(newest: newest, at: time.now)
            wake.yield()
        }
        wake.yield()
        scanTask = Task { for await _ in wakes { await scan() } }
    }

    /// Waits until the leg's notifications that are queued now have had their first attempt, at most `limit`.
    func letNotificationsOut(of leg: LegID, within limit: Duration) async {
        await withCheckedContinuation { continuation in
            nextSettler += 1
            let id = nextSettler
            settlers[leg, default: []].append(Settler(id: id, continuation: continuation))
            Task { await readUpToNow(leg, id) }
            Task { await endWait(leg, id, commitLimit: min(limit, commitWait), limit: limit) }
        }
    }

    func asked(_ body: [UInt8]) { step(.asked(DeliveryMachine.AskKey(body))) }

    func lag() async throws -> WebhookLag {
        machine.lag(newest: try await journal.newestPosition(), wall: time.wallNow)
    }

    /// Waits until everything committed so far has been delivered or parked, at most until `deadline`; then saves.
    func drain(until deadline: MonotonicInstant) async {
        await scan()
        if !machine.isIdle {
            let limit = deadline - time.now
            let clock = Task {
                try? await Task.sleep(for: limit)
                releaseDrainers()
            }
            await withCheckedContinuation { drainers.append($0) }
            clock.cancel()
        }
        save()
    }

    /// Sends nothing more. Requests under way end by themselves; what they achieve is not recorded.
    func stop() {
        save()
        isStopped = true
        subscription?.cancel()
        scanTask?.cancel()
        timerTask?.cancel()
        releaseDrainers()
        for leg in settlers.keys { release(leg) { _ in true } }
    }

    private func scan() async {
        while !isStopped {
            let after = machine.scanned
            do {
                let newest = try await journal.newestPosition()
                guard newest > after else { return }
                let rows = try await journal.rows(
                    after: after, limit: Self.rowsPerRead, application: nil, conversation: nil, stream: stream)
                let isShort = rows.count < Self.rowsPerRead
                let last = rows.last?.position ?? after
                step(.rows(rows, scanned: isShort ? max(newest, last) : last))
                if isShort { return }
            } catch { await readFailed(error) }
        }
    }

    private func step(_ event: DeliveryMachine.Event) {
        if isStopped { return }
        for effect in machine.handle(event, at: time.now) {
            switch effect {
            case .send(let position, let row, let limit): send(position, row, limit)
            case .catchUp(let application, let position, let limit):
                Task { await catchUp(application, position, limit) }
            case .settled(let leg): release(leg) { $0.hasRead }
            }
        }
        if machine.isIdle {
            prepared.removeAll()
            releaseDrainers()
        }
        arm()
        saveSoon()
    }

    private func send(_ position: Int64, _ row: EventRow?, _ limit: Duration?) {
        let ready = prepared.removeValue(forKey: position)
        let early = ready.flatMap { time.now - $0.at < Self.preparedFor ? $0.attempt : nil }
        // Not at once: a row that fails without waiting would start the next one from within its own call, row after row.
        Task {
            var outcome = DeliveryMachine.Outcome.failed
            do {
                let found = if let row { row } else { try await self.row(at: position) }
                outcome =
                    if let found, let attempt = early ?? prepare(found, limit, isFirst: row != nil && limit == nil) {
                        await sender.send(attempt)
                    } else { .void }
            } catch { await readFailed(error) }
            step(.finished(position, outcome))
        }
        // Behind it on the same loop: while the receiver works on this one.
        Task { prepareNext(after: position) }
    }

    private func prepareNext(after position: Int64) {
        guard let next = machine.following(position), let attempt = prepare(next, nil, isFirst: true) else { return }
        prepared[next.position] = (attempt, time.now)
    }

    private func prepare(_ row: EventRow, _ limit: Duration?, isFirst: Bool) -> WebhookSender.Attempt? {
        sender.prepare(row, limit: limit, committed: isFirst ? commits.instant(of: row.position) : nil, on: loop)
    }

    private func catchUp(_ application: ApplicationID, _ position: Int64, _ limit: Int) async {
        while !isStopped {
            do {
                let rows = try await journal.rows(
                    after: position, limit: limit, application: application, conversation: nil, stream: stream)
                return step(.caughtUp(application, rows, isComplete: rows.count < limit))
            } catch { await readFailed(error) }
        }
    }

    private func row(at position: Int64) async throws -> EventRow? {
        let rows = try await journal.rows(
            after: position - 1, limit: 1, application: nil, conversation: nil, stream: nil)
        return rows.first?.position == position ? rows.first : nil
    }

    private func readFailed(_ error: any Error) async {
        logger.error("log cannot be read", metadata: ["stream": "\(stream.rawValue)", "error": "\(error)"])
        try? await Task.sleep(for: .seconds(1))
    }

    private func readUpToNow(_ leg: LegID, _ id: Int) async {
        do { try await journal.flush() } catch {
            logger.debug("waiting for the log failed", metadata: ["leg": "\(leg)", "error": "\(error)"])
        }
        await scan()
        if machine.unsettled[leg] == nil { return release(leg) { $0.id == id } }
        if let index = settlers[leg]?.firstIndex(where: { $0.id == id }) { settlers[leg]?[index].hasRead = true }
    }

    private func endWait(_ leg: LegID, _ id: Int, commitLimit: Duration, limit: Duration) async {
        try? await Task.sleep(for: commitLimit)
        release(leg) { $0.id == id && !$0.hasRead }
        guard settlers[leg]?.contains(where: { $0.id == id }) == true else { return }
        try? await Task.sleep(for: limit - commitLimit)
        release(leg) { $0.id == id }
    }

    private func release(_ leg: LegID, where matches: (Settler) -> Bool) {
        guard let waiting = settlers[leg] else { return }
        let left = waiting.filter { !matches($0) }
        settlers[leg] = left.isEmpty ? nil : left
        for settler in waiting where matches(settler) { settler.continuation.resume() }
    }

    private func releaseDrainers() {
        for drainer in drainers { drainer.resume() }
        drainers = []
    }

    private func arm() {
        guard let next = machine.timers.next else { return }
        if let armed, armed <= next { return }
        timerTask?.cancel()
        armed = next
        let delay = max(next - time.now, .zero) + Self.timerGrain
        timerTask = Task {
            try? await Task.sleep(for: delay)
            if Task.isCancelled { return }
            armed = nil
            step(.tick)
        }
    }

    private func saveSoon() {
        if isSaving { return }
        isSaving = true
        Task {
            try? await Task.sleep(for: Self.saveInterval)
            save()
            isSaving = false
        }
    }

    private func save() {
        if isStopped { return }
        let changes = machine.takeChanges(time.now)
        queuedGauge.record(machine.queues.values.reduce(0) { $0 + $1.rows.count })
        parkedGauge.record(machine.parked.count)
        flightGauge.record(machine.flights.count)
        if changes.isEmpty { return }
        journal.record(
            reader: stream.rawValue, cursors: changes.cursors, parked: changes.parked, unparked: changes.unparked)
    }
}
