public import CallModel
import CSofiaSIP
public import EdgeProtocols
public import Logging
public import MediaTime
import Synchronization

/// SIP user agent: calls in and out over UDP, TCP and TLS, and the registrations of the trunks.
///
/// - Threading: any thread; every call is queued and run in order on the stack's own thread, `handler` is called on
///   that thread and must only enqueue.
/// - Reference: RFC 3261, 3262 (100rel), 3311 (UPDATE), 3264 (offers pass through as text), 4028 (session timers).
/// - Endings: `.ended`, `.failed` or `.cancelled` is the last event of a dialog; none comes after `refuse` or
///   `hangUp` of an answered call.
/// - Fails with: `SIPFault` from `start`; everything later is an event.
public final class SIPStack: Signalling {
    private enum Phase {
        case idle, running
        case stopping([CheckedContinuation<Void, Never>])
        case stopped
    }

    private let configuration: SIPConfiguration
    private let queue: JobQueue
    private let loop: SIPLoop
    private let numbers: DialogNumbers
    private let phase = Mutex(Phase.idle)

    public init(
        configuration: SIPConfiguration, time: any TimeSource, logger: Logger,
        handler: @escaping @Sendable (SIPEvent) -> Void
    ) {
        self.configuration = configuration
        queue = JobQueue(time: time)
        numbers = DialogNumbers()
        loop = SIPLoop(
            configuration: configuration, queue: queue, numbers: numbers, time: time, logger: logger, handler: handler)
    }

    /// Opens the sockets and starts the thread; returns when the stack listens.
    public func start() throws(SIPFault) {
        let isFirst = phase.withLock { phase in
            guard case .idle = phase else { return false }
            phase = .running
            return true
        }
        guard isFirst else { throw SIPFault(.alreadyStarted, "the SIP stack has been started before") }
        do {
            try loop.start()
        } catch {
            phase.withLock { $0 = .idle }
            throw error
        }
    }

    /// Refuses, cancels and hangs up what is left, un-registers, waits at most 2 s for the peers, ends the thread.
    public func stop() async {
        await withCheckedContinuation { continuation in
            let (isOver, isFirst) = phase.withLock { phase in
                switch phase {
                case .idle, .stopped: return (true, false)
                case .running:
                    phase = .stopping([continuation])
                    return (false, true)
                case .stopping(let waiting):
                    phase = .stopping(waiting + [continuation])
                    return (false, false)
                }
            }
            if isOver { continuation.resume() }
            if isFirst { queue.post { loop in loop.stop { self.threadEnds() } } }
        }
    }

    /// On the SIP thread, as its last act.
    private func threadEnds() {
        let loop = loop
        // The thread cannot join itself.
        Task.detached { [self] in
            loop.join()
            let waiting = phase.withLock { phase in
                guard case .stopping(let waiting) = phase else { return [CheckedContinuation<Void, Never>]() }
                phase = .stopped
                return waiting
            }
            for continuation in waiting { continuation.resume() }
        }
    }

    /// Registers new trunks, un-registers removed ones, uses new credentials and the certificate files as they are
    /// now. Running calls go on.
    public func reload(trunks: [Trunk]) { queue.post { $0.reload(trunks) } }

    /// Closed: new calls get 503 with Retry-After (draining, runtime overload). Running calls go on.
    public func setAdmission(open: Bool, retryAfterSeconds: Int = 5) {
        queue.post { $0.setAdmission(open: open, retryAfterSeconds: retryAfterSeconds) }
    }

    /// The port a transport listens on, 0 when it does not. Valid after `start`.
    public func port(_ transport: SIPTransport) -> UInt16 { loop.shared.withLock { $0.ports[transport] ?? 0 } }

    public var statistics: SIPStatistics { loop.shared.withLock { $0.statistics } }

    public func makeDialog() -> DialogID { numbers.make() }

    public func ring(_ dialog: DialogID, status: Int, sdp: String?) {
        queue.post { $0.ring(dialog, status: status, sdp: sdp) }
    }

    public func answer(_ dialog: DialogID, sdp: String) { queue.post { $0.answer(dialog, sdp: sdp) } }

    public func refuse(_ dialog: DialogID, status: Int, reason: String?, retryAfterSeconds: Int?) {
        queue.post { $0.refuse(dialog, status: status, reason: reason, retryAfterSeconds: retryAfterSeconds) }
    }

    public func invite(_ call: OutgoingInvite) { queue.post { $0.invite(call) } }

    public func cancel(_ dialog: DialogID) { queue.post { $0.cancel(dialog) } }

    public func hangUp(_ dialog: DialogID) { queue.post { $0.hangUp(dialog) } }

    public func reoffer(_ dialog: DialogID, sdp: String) { queue.post { $0.reoffer(dialog, sdp: sdp) } }

    public func answerReoffer(_ dialog: DialogID, sdp: String) { queue.post { $0.answerReoffer(dialog, sdp: sdp) } }

    public func refuseReoffer(_ dialog: DialogID, status: Int) {
        queue.post { $0.refuseReoffer(dialog, status: status) }
    }
}

/// Gives each dialog its number, calls in and out alike.
final class DialogNumbers: Sendable {
    private let next = Atomic<UInt64>(1)
    func make() -> DialogID { DialogID(rawValue: next.add(1, ordering: .relaxed).oldValue) }
}
