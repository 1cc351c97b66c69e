import CallModel
import EdgeProtocols
import MediaTime

/// Which notification of one stream goes out when: order per Conversation, limits per host, the durable schedule.
///
/// A pure value: rows, answers and time go in, requests and reads come out.
///
/// - Order: one row of a Conversation at a time, Conversations in parallel. A row that fails holds its Conversation
///   for 3 attempts or 7 s, then it is parked and tried alongside (contract README 9).
/// - Lanes: each Application has a bounded window of rows in memory. When it is full the Application falls behind:
///   its further rows are left in the log and read again later, while the others go on.
/// - Asked rows (README 10): the call's own path sends them. Until it says so they are owed like parked rows with no
///   attempt, so that after a crash the next run finds them and delivers them as notifications.
/// - Place: everything up to `scanned` is done, or parked, or after the place of its lane.
/// - Reference: contract README 9 to 11, rtc-webhooks.md.
struct DeliveryMachine {
    enum Event {
        /// Rows after `scanned`, and how far the log has been read with them.
        case rows([EventRow], scanned: Int64)
        /// Answer to `catchUp`; `isComplete` when there were fewer rows than the limit.
        case caughtUp(ApplicationID, [EventRow], isComplete: Bool)
        case finished(Int64, Outcome)
        /// The call's own path is through with a request.
        case asked(AskKey)
        case tick
    }

    enum Outcome: Hashable, Sendable {
        case delivered
        /// Failed in a way that no later attempt mends.
        case refused
        case failed
        /// The row is no more, or its Application wants it no longer.
        case void
    }

    enum Effect {
        /// `row` nil: to be read from the log. `limit` nil: the webhook's own time limits.
        case send(Int64, EventRow?, limit: Duration?)
        case catchUp(ApplicationID, after: Int64, limit: Int)
        /// No notification of the leg waits for its first attempt any more.
        case settled(LegID)
    }

    /// Names a request of the call's own path by its bytes: they hold its leg, its conversation and its instant.
    struct AskKey: Hashable, Sendable {
        private let hash: Int
        init(_ body: [UInt8]) { hash = body.hashValue }
    }

    /// The rows of one Application.
    struct Lane {
        /// Newest row looked at.
        var taken: Int64
        /// Rows after this one are still to be read from the log.
        var behind: Int64?
        /// `scanned` when the running read was asked for.
        var readingSince: Int64?
        var order = Fifo<Int64>()
        var unfinished: Set<Int64> = []
        var parked = 0
        var retriesInFlight = 0
        var dueRetries = Fifo<Int64>()
        var savedPlace: Int64?
    }

    struct Queue {
        var rows = Fifo<EventRow>()
        /// Attempts at the first row.
        var attempts = 0
        var heldSince: MonotonicInstant?
        var isWaitingForHost = false
    }

    struct Host {
        var inFlight = 0
        var waiting = Fifo<String>()
    }

    enum Flight {
        case held(queue: String, host: String)
        case retry
    }

    struct Parked {
        var application: ApplicationID
        var attempts: Int
        var since: MonotonicInstant
        /// Spent trying before `since`, by earlier runs.
        var earlierAge = Duration.zero
        /// Set while the call's own path owns the row.
        var asked: AskKey?
    }

    enum Timer {
        case hold(queue: String, Int64)
        case again(queue: String, Int64)
        case retry(Int64)
        case askedExpiry(Int64)
        case creditExpiry(AskKey)
    }

    let settings: DeliverySettings
    /// Rows up to here were written by an earlier run of the program.
    let earlierRun: Int64
    /// Host that takes the row now; nil when nobody wants it.
    let host: @Sendable (EventRow) -> String?

    var scanned: Int64 = 0
    var lanes: [ApplicationID: Lane] = [:]
    var queues: [String: Queue] = [:]
    var hosts: [String: Host] = [:]
    var flights: [Int64: Flight] = [:]
    var parked: [Int64: Parked] = [:]
    var askedRows: [AskKey: [Int64]] = [:]
    /// Requests that were through before their row was read.
    var askedCredits: [AskKey: Int] = [:]
    var unsettled: [LegID: Int] = [:]
    var timers = TimerHeap<Timer>()
    var effects: [Effect] = []
    var progress = Progress()
    var dropped = 0
    var givenUp = 0

    init(settings: DeliverySettings, earlierRun: Int64, host: @escaping @Sendable (EventRow) -> String?) {
        self.settings = settings
        self.earlierRun = earlierRun
        self.host = host
    }

    mutating func handle(_ event: Event, at now: MonotonicInstant) -> [Effect] {
        switch event {
        case .rows(let rows, let newScanned): offer(rows, newScanned, now)
        case .caughtUp(let application, let rows, let isComplete): caughtUp(application, rows, isComplete, now)
        case .finished(let position, let outcome): finished(position, outcome, now)
        case .asked(let key): asked(key, now)
        case .tick: break
        }
        while let timer = timers.popDue(now) { fire(timer, now) }
        defer { effects = [] }
        return effects
    }

    /// Nothing waits for a first delivery.
    var isIdle: Bool { queues.isEmpty && lanes.values.allSatisfy { $0.behind == nil } }

    private mutating func offer(_ rows: [EventRow], _ newScanned: Int64, _ now: MonotonicInstant) {
        for row in rows where row.position > scanned {
            var lane = lanes[row.application] ?? Lane(taken: scanned)
            if lane.behind == nil, lane.unfinished.count >= settings.window { lane.behind = row.position - 1 }
            lanes[row.application] = lane
            if lane.behind == nil { accept(row, now) }
        }
        scanned = max(scanned, newScanned)
    }

    mutating func readOn(_ application: ApplicationID) {
        guard let lane = lanes[application], let behind = lane.behind, lane.readingSince == nil,
            lane.unfinished.count <= settings.window / 2
        else { return }
        lanes[application]?.readingSince = scanned
        effects.append(.catchUp(application, after: behind, limit: max(1, settings.window / 2)))
    }

    private mutating func caughtUp(
        _ application: ApplicationID, _ rows: [EventRow], _ isComplete: Bool, _ now: MonotonicInstant
    ) {
        guard let lane = lanes[application], let behind = lane.behind, let since = lane.readingSince else { return }
        for row in rows where row.position > (lanes[application]?.taken ?? 0) { accept(row, now) }
        var reached = max(behind, rows.last?.position ?? 0)
        if isComplete { reached = max(reached, since) }
        lanes[application]?.readingSince = nil
        lanes[application]?.behind = isComplete && scanned <= reached ? nil : reached
        readOn(application)
    }

    private mutating func accept(_ row: EventRow, _ now: MonotonicInstant) {
        lanes[row.application]?.taken = row.position
        switch row.delivery {
        case .none: return
        case .asked where row.position > earlierRun: owe(row, now)
        case .asked, .webhook:
            guard host(row) != nil else { return }
            lanes[row.application]?.order.append(row.position)
            lanes[row.application]?.unfinished.insert(row.position)
            enqueue(row, now)
        }
    }

    private mutating func fire(_ timer: Timer, _ now: MonotonicInstant) {
        switch timer {
        case .hold(let queue, let position):
            if queues[queue]?.rows.first?.position == position { park(queue, now) }
        case .again(let queue, let position):
            if queues[queue]?.rows.first?.position == position { start(queue, now) }
        case .retry(let position): retryIsDue(position)
        case .askedExpiry(let position): askedExpired(position)
        case .creditExpiry(let key): creditExpired(key)
        }
    }
}
