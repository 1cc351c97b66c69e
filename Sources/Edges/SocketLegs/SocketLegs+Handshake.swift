import CallModel
import EdgeProtocols
import HTTPFetch
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import Synchronization

/// One TLS context for all legs: reading the trusted roots takes longer than a handshake.
struct TLSContexts {
    private var made: NIOSSLContext?

    mutating func context(trustRootsFile: String?) throws -> NIOSSLContext {
        if let made { return made }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.applicationProtocols = ["http/1.1"]
        if let trustRootsFile { configuration.additionalTrustRoots = [.file(trustRootsFile)] }
        let context = try NIOSSLContext(configuration: configuration)
        made = context
        return context
    }
}

/// Opening: policy, name, TCP, TLS, HTTP upgrade (RFC 6455 §4.1; contract websocket-endpoint §1).
extension SocketLegs {
    private enum Outcome: Sendable {
        case opened
        case refused
    }

    /// Nobody waits for this handshake any more.
    private struct Abandoned: Error {}

    func dial(_ leg: LegID, _ call: SocketCall, authorization: String?, deadline: NIODeadline) async {
        let event: SocketEvent
        let status = NIOLoopBoundBox<HTTPResponseStatus?>.makeBoxSendingValue(nil, eventLoop: loop)
        do {
            guard let url = SocketURL(call.uri) else { throw FetchFault(.badURL, call.uri) }
            try await fetcher.permit(host: url.host, deadline: deadline)
            let left = max(.milliseconds(1), deadline - .now())
            let upgraded = try await ClientBootstrap(group: loop)
                .connectTimeout(left)
                .channelOption(ChannelOptions.tcpOption(.tcp_nodelay), value: 1)
                // Else the kernel keeps megabytes for a peer that does not read: half a minute of stale sound.
                .channelOption(ChannelOptions.socketOption(.so_sndbuf), value: SocketOptionValue(call.rate * 2))
                .channelOption(.writeBufferWaterMark, value: .init(low: call.rate, high: call.rate * 2))
                .connect(host: url.host, port: url.port) { [self] channel in
                    channel.eventLoop.makeCompletedFuture {
                        try prepare(channel, leg, url, authorization: authorization, status: status)
                    }
                }
            if case .opened = try await upgraded.get() { return }
            let code = try await loop.submit { status.value?.code }.get()
            event = .failed("the handshake was answered \(code.map { "with status \($0)" } ?? "wrongly")")
        } catch let refusal as MediaRefusal {
            event = .refused(refusal)
        } catch {
            event = Self.isTimeout(error) ? .unanswered : .failed(Self.words(error))
        }
        loop.execute { [legs] in legs.value[leg]?.fail(event) }
    }

    private static func isTimeout(_ error: any Error) -> Bool {
        if case .connectTimeout? = error as? ChannelError { return true }
        if let fault = error as? FetchFault { return fault.code == .connectTimeout }
        guard let connection = error as? NIOConnectionError, !connection.connectionErrors.isEmpty else { return false }
        return connection.connectionErrors.allSatisfy { isTimeout($0.error) }
    }

    private static func words(_ error: any Error) -> String {
        if case .inappropriateOperationForState? = error as? ChannelError {
            return "the connection was closed unanswered"
        }
        return "\(error)"
    }

    /// Builds the pipeline of a connection, on its loop.
    private func prepare(
        _ channel: any Channel, _ leg: LegID, _ url: SocketURL, authorization: String?,
        status: NIOLoopBoundBox<HTTPResponseStatus?>
    ) throws -> EventLoopFuture<Outcome> {
        guard let socket = legs.value[leg], socket.isOpening else { throw Abandoned() }
        socket.channel = channel
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(PolicyGate(fetcher.configuration.outbound))
        if url.isSecure {
            let context = try tls.withLock {
                try $0.context(trustRootsFile: fetcher.configuration.trustRootsFile)
            }
            // An address is no server name; the certificate is then judged by the address that was reached.
            let isAddress = (try? SocketAddress(ipAddress: url.host, port: 0)) != nil
            try pipeline.addHandler(
                try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : url.host))
        }
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: url.target)
        head.headers.add(name: "Host", value: url.authority)
        head.headers.add(name: "User-Agent", value: fetcher.configuration.userAgent)
        if let authorization { head.headers.add(name: "Authorization", value: authorization) }
        let (legs, media) = (legs, media)
        let upgrader = NIOTypedWebSocketClientUpgrader<Outcome>(
            maxFrameSize: SocketLeg.maximumFrameBytes,
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    guard let socket = legs.value[leg], socket.isOpening else { throw Abandoned() }
                    try media.openPort(leg, socket.port)
                    try channel.pipeline.syncOperations.addHandler(socket)
                    return .opened
                }
            })
        let upgrade = NIOTypedHTTPClientUpgradeConfiguration(
            upgradeRequestHead: head, upgraders: [upgrader],
            notUpgradingCompletionHandler: { $0.eventLoop.makeSucceededFuture(.refused) })
        var configuration = NIOUpgradableHTTPClientPipelineConfiguration(upgradeConfiguration: upgrade)
        // A bot may speak in the very packet that holds its 101.
        configuration.leftOverBytesStrategy = .forwardBytes
        let upgraded = try pipeline.configureUpgradableHTTPClientPipeline(configuration: configuration)
        let handler = try pipeline.handler(type: NIOTypedHTTPClientUpgradeHandler<Outcome>.self)
        try pipeline.addHandler(StatusNote { status.value = $0 }, position: .before(handler))
        // Not at once: the handler of the handshake still stands in the way of frames.
        upgraded.whenSuccess { [loop] _ in loop.execute { legs.value[leg]?.begin() } }
        return upgraded
    }
}
