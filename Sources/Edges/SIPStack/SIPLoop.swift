import CSofiaSIP
import CallModel
import EdgeProtocols
import Logging
import MediaTime
import Synchronization

/// What lives on the SIP thread: the dialogs by number, the trunks, the view from C's events to ours.
///
/// `@unchecked Sendable`: after `start` hands it to the C stack only the SIP thread touches its stored properties,
/// except `shared`, which is a lock, and constants; `join` runs when that thread has ended.
final class SIPLoop: @unchecked Sendable {
    struct Shared {
        var ports: [SIPTransport: UInt16] = [:]
        var statistics = SIPStatistics()
    }

    let shared = Mutex(Shared())
    let configuration: SIPConfiguration
    let logger: Logger
    let time: any TimeSource
    let handler: @Sendable (SIPEvent) -> Void
    private let queue: JobQueue
    private let numbers: DialogNumbers

    var stack: Handle?
    var dialogs: [UInt64: Handle] = [:]
    var trunks: TrunkTable
    /// Host of From: what peers know us by; IPv6 in brackets.
    var ownHost = ""
    var isStopping = false
    /// Which sockets for calls out over TLS are open: those that check certificates, those that do not.
    var openedTLS: Set<Bool> = []
    private var onThreadEnd: (@Sendable () -> Void)?
    private var isAdmitting = true
    private var isLagging = false
    private var retryAfterSeconds: Int
    private var longestWait = Duration.zero
    private var trimmer = HeapTrimmer()
    private var badMessagesLogged: UInt64 = 0

    init(
        configuration: SIPConfiguration, queue: JobQueue, numbers: DialogNumbers, time: any TimeSource, logger: Logger,
        handler: @escaping @Sendable (SIPEvent) -> Void
    ) {
        self.configuration = configuration
        self.queue = queue
        self.numbers = numbers
        self.time = time
        self.logger = logger
        self.handler = handler
        trunks = TrunkTable(configuration.trunks)
        retryAfterSeconds = configuration.shedRetryAfterSeconds
    }

    // MARK: Start and end

    func start() throws(SIPFault) {
        LibraryLog.install(logger)
        guard !configuration.hosts.isEmpty else { throw SIPFault(.configuration, "SIP has no address to listen on") }
        var folder: CertificateFolder?
        if let tls = configuration.tls {
            folder = try CertificateFolder(tls, authoritiesPath: configuration.authoritiesPath)
        }
        defer { folder?.remove() }
        let stack = try StackStart(configuration, folder: folder?.path).run(context: self)
        self.stack = stack
        ownHost = unsafe String(cString: swh_sip_host(stack.pointer))
        shared.withLock { shared in
            for transport in [SIPTransport.udp, .tcp, .tls] {
                shared.ports[transport] = unsafe swh_sip_port(stack.pointer, transport.c)
            }
        }
        queue.post { $0.openTrunks() }
        queue.open(stack)
    }

    func stop(_ whenThreadEnds: @escaping @Sendable () -> Void) {
        guard let stack else { return }
        onThreadEnd = whenThreadEnds
        isStopping = true
        closeTrunks()
        unsafe swh_sip_stop(stack.pointer, 2000)
    }

    /// After the thread's last event, on another thread.
    func join() {
        queue.close()
        guard let stack else { return }
        unsafe swh_sip_join(stack.pointer)
        self.stack = nil
        // Balances the reference that `StackStart` gave to C.
        unsafe Unmanaged.passUnretained(self).release()
    }

    // MARK: Events

    func handle(_ event: swh_sip_event) {
        switch unsafe event.kind {
        case SWH_SIP_WOKEN: runJobs()
        case SWH_SIP_TICK: tick()
        case SWH_SIP_INVITE: unsafe invited(event)
        case SWH_SIP_CHALLENGE: unsafe challenged(event)
        case SWH_SIP_REGISTERED: unsafe registered(event)
        case SWH_SIP_STOPPED:
            for id in dialogs.keys { handler(.ended(DialogID(rawValue: id), cause: .lost("the SIP stack stopped"))) }
            dialogs = [:]
            onThreadEnd?()
        default: unsafe dialogEvent(event)
        }
    }

    private func invited(_ event: swh_sip_event) {
        guard let handle = unsafe Handle(event.dialog), let invite = unsafe event.invite else { return }
        let dialog = numbers.make()
        unsafe swh_sip_set_id(handle.pointer, dialog.rawValue)
        dialogs[dialog.rawValue] = handle
        unsafe handler(.invite(IncomingInvite(dialog: dialog, event: event, invite: invite.pointee, at: time.now)))
    }

    private func dialogEvent(_ event: swh_sip_event) {
        guard let translated = unsafe SIPEvent(event) else { return }
        switch translated {
        case .cancelled, .failed, .ended: unsafe dialogs[event.id] = nil
        default: break
        }
        handler(translated)
    }

    // MARK: Work of the thread

    private func runJobs() {
        let (jobs, waited) = queue.take()
        for job in jobs { job(self) }
        longestWait = max(longestWait, waited)
        let lags = isLagging ? waited > configuration.maxLag / 2 : waited > configuration.maxLag
        if lags != isLagging {
            isLagging = lags
            logger.warning(
                "SIP thread lag", metadata: ["shedding": "\(lags)", "waited_ms": "\(waited.wholeMilliseconds)"])
            applyAdmission()
        }
    }

    private func tick() {
        guard let stack else { return }
        let counters = unsafe swh_sip_count(stack.pointer)
        let waited = longestWait
        longestWait = .zero
        if isLagging, waited == .zero {
            isLagging = false
            applyAdmission()
        }
        shared.withLock { shared in
            shared.statistics = SIPStatistics(counters, lag: waited)
        }
        if counters.bad_messages > badMessagesLogged {
            logger.warning(
                "malformed SIP messages refused", metadata: ["count": "\(counters.bad_messages - badMessagesLogged)"])
            badMessagesLogged = counters.bad_messages
        }
        if trimmer.shouldTrim(
            transactions: Int(counters.server_transactions + counters.client_transactions), at: time.now)
        {
            swh_sip_trim_heap()
        }
        sendDueRegistrations()
    }

    func setAdmission(open: Bool, retryAfterSeconds: Int) {
        isAdmitting = open
        self.retryAfterSeconds = retryAfterSeconds
        applyAdmission()
    }

    private func applyAdmission() {
        guard let stack else { return }
        unsafe swh_sip_set_admission(
            stack.pointer, isAdmitting && !isLagging ? 1 : 0, UInt32(clamping: retryAfterSeconds))
    }
}
