import CallControl
import CallModel
import ConfigFile
import ControlAPI
import ConversationRuntime
import EdgeProtocols
import EventStore
import HTTPFetch
import Logging
import MediaEngine
import MediaTime
import PromptAudio
import SIPStack
import ServiceLifecycle
import SocketLegs
import SpeechRecognition
import Synchronization
import Tokens
import WebhookClient
import WireJSON

/// Every long-lived part of a running daemon, made and stopped in the order in which they depend on each other.
final class Box: Sendable {
    let logger: Logger
    let store: EventStore
    let delivery: WebhookDelivery
    let media: MediaEngine
    let sockets: SocketLegs
    let sip: SIPStack
    let switchboard: Switchboard
    private let transcriber: Transcriber
    private let files: FileFolder
    private let fetcher: HTTPFetcher
    private let secrets: Secrets
    private let keeper: DirectoryKeeper
    private let load: Daemon.Loader
    private let configuration: Mutex<SwitchhookConfiguration>
    private let gauges: GaugeReporter
    private let readiness: Readiness
    private let server: ServerTask
    private let housekeeping = Mutex<Task<Void, Never>?>(nil)
    private let resting = Mutex<Task<Void, Never>?>(nil)

    init(_ configuration: SwitchhookConfiguration, load: @escaping Daemon.Loader, registry: PrometheusRegistry) throws {
        let logger = Logger(label: "switchhook")
        let time = SystemTimeSource()
        let inbox = EdgeInbox()
        let owners = OwnerLookup()
        let sessions = ClientSessions()
        self.logger = logger
        self.load = load
        self.configuration = Mutex(configuration)
        store = try EventStore(
            path: configuration.store.path, queueRows: configuration.limits.storeQueueRows, logger: logger)
        files = FileFolder(path: configuration.filesFolder, store: store, logger: logger)
        secrets = try Secrets(stateFolder: configuration.store.path)
        fetcher = HTTPFetcher(try configuration.fetcher())
        delivery = WebhookDelivery(
            journal: store, fetcher: fetcher, settings: configuration.delivery, time: time, logger: logger,
            directory: { owners.owner(of: $0) })
        let scripts = ScriptClient(
            fetcher: fetcher, account: { owners.account }, delivery: delivery, time: time,
            issuer: configuration.webhooks.issuer, logger: logger)
        let prompts = PromptLibrary(
            folder: configuration.folder, defaultLanguage: configuration.speech.language,
            synthesizer: configuration.speech.synthesizer.map { $0.split(separator: " ").map(String.init) },
            limits: configuration.promptLimits, time: time, log: logger,
            fetch: PromptFetching.fetch(
                with: fetcher, maximumBytes: configuration.limits.promptFileBytes,
                time: configuration.limits.promptFileTime))
        let directory = try configuration.completeDirectory(secrets)
        media = try MediaEngine(
            configuration: configuration.mediaEngine, time: time, logger: logger,
            recogniser: SpeechRecogniser(settings: configuration.recognition, log: logger)
        ) { inbox.take($0) }
        sip = SIPStack(configuration: configuration.sipStack(trunks: directory.trunks), time: time, logger: logger) {
            inbox.take($0)
        }
        transcriber = Transcriber(
            recogniser: SpeechRecogniser(settings: configuration.transcription, log: logger),
            limit: configuration.limits.transcriptions, log: logger)
        let issuer = configuration.webhooks.issuer
        sockets = try SocketLegs(
            media: media, fetcher: fetcher, logger: logger,
            sign: { id in
                owners.owner(of: id).map { application, account in
                    WebhookSignature.bearer(
                        secret: application.signatureSecret ?? account.signatureSecret, apiKey: account.apiKey,
                        applicationID: id, issuer: issuer, body: [], now: time.wallNow)
                }
            }, report: { inbox.take($1, of: $0) })
        switchboard = Switchboard(
            directory: directory, settings: configuration.runtime,
            edges: RuntimeEdges(
                signalling: sip, media: media, sockets: sockets, log: store, prompts: prompts,
                transcriber: transcriber, scripts: scripts, clients: sessions, time: time, logger: logger))
        keeper = DirectoryKeeper(
            records: store, secrets: secrets, configured: directory, settings: configuration.runtime)
        owners.connect(switchboard)
        inbox.connect(switchboard)
        gauges = GaugeReporter(
            switchboard: switchboard, delivery: delivery, media: media, transcriber: transcriber)
        readiness = Readiness(store: store, switchboard: switchboard)
        server = ServerTask(logger: logger)
        let reference = Weak<Box>()
        let (readiness, gauges) = (readiness, gauges)
        let started = time.wallNow
        let hooks = ControlHooks(
            health: { readiness.report() },
            metrics: {
                gauges.refresh()
                return registry.text()
            },
            reload: { await reference.object?.reload() ?? .refused([]) },
            details: {
                [
                    "started": .string(started.iso8601), "sip": .string("\(configuration.sip.listen)"),
                    "http": .string("\(configuration.http.listen)"), "state": .string(configuration.store.path),
                ]
            })
        let control = ControlServer(
            configuration: configuration.controlAPI, log: store, commands: switchboard, status: switchboard,
            editing: keeper, tokens: Callers(switchboard: switchboard), hooks: hooks, logger: logger,
            onReady: { [server] _ in server.listening() })
        sessions.connect(control)
        server.use(control)
        reference.object = self
    }

    /// Closes what a former run left open, then opens the doors: media, SIP, HTTP.
    func start() async throws {
        try await keeper.start(switchboard)
        switchboard.filesCounted(try await files.open())
        try await closeRemains()
        switchboard.knowRooms(try await store.livingConversations())
        try await delivery.start()
        try media.start()
        try await sockets.start()
        try sip.start()
        try await server.start()
        try await resumeTranscriptions()
        gauges.start()
        housekeeping.withLock { $0 = Task { [weak self] in await Self.keepHouse { self } } }
        resting.withLock { $0 = Task { [weak self] in await Self.restWhenQuiet { self } } }
        readiness.open()
    }

    private func closeRemains() async throws {
        var byConversation: [ConversationID: [LegRecord]] = [:]
        for leg in try await store.openLegs() { byConversation[leg.conversation, default: []].append(leg) }
        var remains: [Restart.Remains] = []
        for (id, legs) in byConversation.sorted(by: { $0.key.text < $1.key.text }) {
            remains.append(
                Restart.Remains(
                    conversation: try await store.conversation(id), legs: legs,
                    members: try await store.members(of: id)))
        }
        if remains.isEmpty { return }
        logger.notice("closing legs of a former run", metadata: ["conversations": "\(remains.count)"])
        try await switchboard.closeRemains(remains)
    }

    private func resumeTranscriptions() async throws {
        let pending = try await store.transcriptions()
        if pending.isEmpty { return }
        logger.notice("writing down recordings of a former run", metadata: ["recordings": "\(pending.count)"])
        for one in pending {
            switchboard.resume(one, conversation: try await store.conversation(one.conversation))
        }
    }

    /// Takes over numbers, applications, users, trunks, webhooks and the log level; a bad file changes nothing.
    @discardableResult
    func reload() async -> ReloadOutcome {
        do {
            let next = try load()
            let current = configuration.withLock { $0 }
            let merged = current.reloaded(with: next)
            let directory = try merged.completeDirectory(secrets)
            let changes = current.changes(to: next)
            try keeper.use(directory, merged.runtime)
            configuration.withLock { $0 = merged }
            sip.reload(trunks: directory.trunks)
            LogLevel.current = merged.log.level.logger
            logger.notice(
                "configuration reloaded", metadata: ["changed": "\(changes.map(\.path).joined(separator: ", "))"])
            return .applied(changes.map(\.path))
        } catch let faults as ConfigFaults {
            for fault in faults.faults {
                logger.error("configuration not reloaded, nothing has changed", metadata: ["fault": "\(fault)"])
            }
            return .refused(faults.faults.map { ("\($0.origin): \($0.path)", $0.reason) })
        } catch {
            logger.error("configuration not reloaded, nothing has changed", metadata: ["fault": "\(error)"])
            return .refused([("", "\(error)")])
        }
    }

    /// When calls have come and all have gone, the store's page caches go back to the system, once.
    private static func restWhenQuiet(_ box: () -> Box?) async {
        var wasBusy = false
        while let box = box() {
            let isBusy = box.switchboard.snapshot().calls > 0
            if wasBusy, !isBusy { box.store.releaseMemory() }
            wasBusy = isBusy
            do { try await Task.sleep(for: .seconds(20)) } catch { return }
        }
    }

    /// Once an hour: rows older than `store.retention` go, and finished legs as their Applications have it.
    private static func keepHouse(_ box: () -> Box?) async {
        while let box = box() {
            let kept = box.configuration.withLock { $0.store.retention }
            let now = SystemTimeSource().wallNow
            let limit = WallTime(milliseconds: now.milliseconds - kept.wholeMilliseconds)
            let legs = box.switchboard.directory.applications.mapValues { $0.legsKeptSince(at: now) }
            do {
                let pruned = try await box.store.prune(before: limit, legs: legs)
                if pruned > 0 { box.logger.info("log pruned", metadata: ["rows": "\(pruned)"]) }
            } catch {
                box.logger.error("log cannot be pruned", metadata: ["error": "\(error)"])
            }
            await box.pruneFiles()
            do { try await Task.sleep(for: .seconds(3600)) } catch { return }
        }
    }

    private func pruneFiles() async {
        let kept = configuration.withLock { $0.store.recordingRetention }
        let limit = SystemTimeSource().wallNow.milliseconds - kept.wholeMilliseconds
        do {
            switchboard.filesCounted(try await files.prune(before: WallTime(milliseconds: limit)))
        } catch {
            logger.error("recordings cannot be pruned", metadata: ["error": "\(error)"])
        }
    }

    /// Drains calls, flushes deliveries, then closes the doors in the reverse order.
    func stop() async {
        let limit = configuration.withLock { $0.drainTimeout }
        logger.notice("draining", metadata: ["timeout": "\(limit)"])
        readiness.close()
        await switchboard.drain(timeout: limit)
        transcriber.stop()
        do {
            try await delivery.drain(until: SystemTimeSource().now + .seconds(5))
        } catch {
            logger.error("deliveries stay queued", metadata: ["error": "\(error)"])
        }
        await delivery.stop()
        await sip.stop()
        media.stop()
        await sockets.stop()
        gauges.stop()
        housekeeping.withLock { $0?.cancel() }
        resting.withLock { $0?.cancel() }
        await server.stop()
        await fetcher.shutdown()
        do {
            try await store.close()
        } catch {
            logger.error("store did not close cleanly", metadata: ["error": "\(error)"])
        }
        logger.notice("ended")
    }
}

/// Reads Application and account of the moment; connected once the switchboard exists.
final class OwnerLookup: Sendable {
    private let switchboard = Mutex<Switchboard?>(nil)
    func connect(_ switchboard: Switchboard) { self.switchboard.withLock { $0 = switchboard } }
    private var directory: Directory? { switchboard.withLock { $0 }?.directory }
    func owner(of id: ApplicationID) -> (Application, Account)? {
        guard let directory, let application = directory.applications[id] else { return nil }
        return (application, directory.account)
    }
    var account: Account {
        directory?.account ?? Account(apiKey: "", apiSecret: "", signatureSecret: "")
    }
}

/// A reference that does not keep its object.
final class Weak<Object: AnyObject & Sendable>: Sendable {
    private struct Reference: Sendable { weak var object: Object? }
    private let reference = Mutex(Reference(object: nil))
    var object: Object? {
        get { reference.withLock { $0.object } }
        set { reference.withLock { $0.object = newValue } }
    }
}
