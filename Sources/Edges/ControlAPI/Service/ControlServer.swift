public import CallModel
import LiveLink
public import EdgeProtocols
import HTTPTypes
import Glibc
import HummingbirdCore
import HummingbirdTLS
public import Logging
public import MediaTime
import NIOCore
import NIOPosix
import NIOSSL
public import ServiceLifecycle
import Synchronization

/// The HTTP side of the box: REST, client sessions, health, metrics and console on one port, and the same with the
/// `/control` routes on a unix domain socket.
///
/// - Threading: `run` once; requests run on the Swift pool, sockets on the event loops of the process.
/// - Fails with: `ControlServerError` when an address or a certificate cannot be used.
public final class ControlServer: Service {
    /// Where the server listens.
    public struct Addresses: Hashable, Sendable {
        public var host: String
        public var port: Int
        public var controlSocket: String?
    }

    private let configuration: ControlAPIConfiguration
    private let tokens: any CallerVerifying
    private let clock: any TimeSource
    private let logger: Logger
    private let onReady: @Sendable (Addresses) -> Void
    private let hub: LiveHub
    private let account: @Sendable () -> Account
    private let publicRoutes: [Route]
    private let controlRoutes: [Route]

    public init(
        configuration: ControlAPIConfiguration, log: any LogQueries, commands: any CallCommands,
        status: any RuntimeStatus, editing: any DirectoryEditing, tokens: any CallerVerifying, hooks: ControlHooks,
        clock: any TimeSource = SystemTimeSource(), logger: Logger,
        onReady: @escaping @Sendable (Addresses) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.tokens = tokens
        self.clock = clock
        self.logger = logger
        self.onReady = onReady
        account = { status.directory.account }
        hub = LiveHub(
            log: log, commands: commands, sessionLimit: configuration.sessionLimit,
            userLimit: configuration.sessionsPerUser)
        let streams = EventStreams(
            gate: LiveGate(tokens: tokens, hub: hub, clock: clock), timing: LiveTiming(configuration), clock: clock,
            logger: logger)
        let rates = RequestRates(
            calls: configuration.callsPerSecond, requests: configuration.requestsPerSecond, clock: clock)
        let calls = CallRoutes(
            log: log, commands: commands, status: status, pageLimit: configuration.pageLimit, rates: rates)
        publicRoutes =
            calls.routes + CallOrders(commands: commands, rates: rates).routes
            + KnockingRoutes(commands: commands, rates: rates).routes
            + FileRoutes(log: log, folder: configuration.filesFolder).routes
            + ConversationRoutes(log: log, pageLimit: configuration.pageLimit).routes + streams.routes
            + ServiceRoutes(status: status, hooks: hooks).routes
            + UserRoutes(log: log, status: status, editing: editing, hub: hub, pageLimit: configuration.pageLimit)
            .routes
            + ApplicationRoutes(status: status, editing: editing, pageLimit: configuration.pageLimit).routes
        controlRoutes =
            ControlRoutes(log: log, commands: commands, status: status, hooks: hooks, hub: hub).routes
    }

    public func run() async throws {
        let security = try ServerCertificate.configuration(configuration)
        let ready = ReadyCount(expected: configuration.controlSocket == nil ? 1 : 2, onReady: onReady)
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { listeners in
                if let path = configuration.controlSocket {
                    try await ControlSocketFile.prepare(path)
                    let server = try listener(
                        .unixDomainSocket(path: path), routes: publicRoutes + controlRoutes, security: nil
                    ) { [logger] _ in
                        ControlSocketFile.open(path, logger: logger)
                        ready.listening(controlSocket: path)
                    }
                    listeners.addTask { try await Self.run(server, at: path) }
                }
                let host = configuration.host
                let port = configuration.port
                let server = try listener(.hostname(host, port: port), routes: publicRoutes, security: security) {
                    channel in
                    ready.listening(host: host, port: channel.localAddress?.port ?? port)
                }
                listeners.addTask {
                    try await Self.run(server, at: host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)")
                }
                // One that fails takes the other with it.
                while try await listeners.next() != nil {}
            }
        } onGracefulShutdown: {
            self.hub.shutdown()
        }
        if let path = configuration.controlSocket { ControlSocketFile.remove(path) }
    }

    private func listener(
        _ address: BindAddress, routes: [Route], security: TLSConfiguration?,
        onRunning: @escaping @Sendable (any Channel) async -> Void
    ) throws -> any Service {
        let responder = APIResponder(
            routes: RouteTable(routes), tokens: tokens, account: account, publicBaseURL: configuration.publicBaseURL,
            scheme: security == nil ? "http" : "https", bodyLimit: configuration.bodyLimitBytes,
            bodyTimeout: configuration.bodyTimeout, clock: clock, logger: logger)
        let sessions = WebSocketSessions(
            gate: LiveGate(tokens: tokens, hub: hub, clock: clock), timing: LiveTiming(configuration), clock: clock,
            logger: logger)
        let channel = LiveUpgradeChannel(
            responder: { request, writer, channel in try await responder.respond(request, writer, channel) },
            live: sessions, idleTimeout: configuration.idleTimeout)
        // The library announces each socket; that is said once, by us, when all are open.
        var quiet = logger
        quiet.logLevel = max(.warning, logger.logLevel)
        let settings = ServerConfiguration(
            address: address,
            availableConnectionsDelegate: MaximumAvailableConnections(configuration.connectionLimit, logger: quiet))
        let group = MultiThreadedEventLoopGroup.singleton
        guard let security else {
            return channel.server(
                configuration: settings, onServerRunning: onRunning, eventLoopGroup: group, logger: quiet)
        }
        return try TLSChannel(channel, tlsConfiguration: security).server(
            configuration: settings, onServerRunning: onRunning, eventLoopGroup: group, logger: quiet)
    }

    private static func run(_ server: any Service, at address: String) async throws {
        do { try await server.run() } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw ControlServerError(
                .addressInUse,
                "HTTP cannot listen on \(address): the address is in use. Stop the other program or change http.port")
        } catch let error as IOError {
            throw ControlServerError(.cannotBind, "HTTP cannot listen on \(address): \(error)")
        } catch let error as SocketAddressError {
            throw ControlServerError(.cannotBind, "HTTP cannot listen on \(address): \(error)")
        }
    }
}

extension ControlServer: ClientTelling {
    public func tell(_ event: EventRow) { hub.tell(event) }
}

/// Gathers the addresses and tells them once all listeners are open.
private final class ReadyCount: Sendable {
    private let onReady: @Sendable (ControlServer.Addresses) -> Void
    private let state: Mutex<(missing: Int, addresses: ControlServer.Addresses)>

    init(expected: Int, onReady: @escaping @Sendable (ControlServer.Addresses) -> Void) {
        self.onReady = onReady
        state = Mutex((expected, ControlServer.Addresses(host: "", port: 0)))
    }

    func listening(host: String, port: Int) {
        finish { addresses in
            addresses.host = host
            addresses.port = port
        }
    }

    func listening(controlSocket: String) { finish { $0.controlSocket = controlSocket } }

    private func finish(_ change: (inout ControlServer.Addresses) -> Void) {
        let complete = state.withLock { state -> ControlServer.Addresses? in
            change(&state.addresses)
            state.missing -= 1
            return state.missing == 0 ? state.addresses : nil
        }
        if let complete { onReady(complete) }
    }
}
