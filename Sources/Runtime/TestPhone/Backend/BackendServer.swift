import NIOCore
import NIOHTTP1
import NIOPosix

/// A tiny answer and event receiver for authors of Applications: serves one call script, takes everything else.
///
/// - Threading: any; `run` serves until its task is cancelled.
/// - Bounds: bodies of 1 MiB, 256 connections.
public struct BackendServer: Sendable {
    public struct Fault: Error, Sendable, CustomStringConvertible {
        public var reason: String
        public var description: String { reason }
    }

    private static let bodyLimit = 1 << 20
    private let script: [UInt8]
    private let host: String
    private let port: Int
    private let check: Check
    private let report: @Sendable (BackendRequest) -> Void

    /// Says what is wrong with the signature of a request, nil when nothing is.
    public typealias Check = @Sendable (_ authorization: String?, _ body: [UInt8]) -> String?

    /// - Parameters:
    ///   - port: 0: any free one, told by `run`.
    ///   - report: called for every request, in the order they came in on one connection.
    public init(
        script: [UInt8], host: String = "127.0.0.1", port: Int, check: @escaping Check = { _, _ in nil },
        report: @escaping @Sendable (BackendRequest) -> Void
    ) {
        self.script = script
        self.host = host
        self.port = port
        self.check = check
        self.report = report
    }

    private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    /// Serves; `onReady` gets the port.
    public func run(onReady: @escaping @Sendable (Int) -> Void) async throws {
        let server: NIOAsyncChannel<Connection, Never>
        do {
            server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.backlog, value: 256)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: host, port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                        return try Connection(wrappingChannelSynchronously: channel)
                    }
                }
        } catch {
            throw Fault(
                reason: "\(host):\(port) cannot be listened on (\(networkWords(error))); choose another with --port")
        }
        onReady(server.channel.localAddress?.port ?? port)
        try await server.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in connections {
                    // A peer that breaks its connection breaks nothing else.
                    group.addTask { try? await serve(connection) }
                }
            }
        }
    }

    private func serve(_ connection: Connection) async throws {
        try await connection.executeThenClose { parts, writer in
            var head: HTTPRequestHead?
            var body: [UInt8] = []
            for try await part in parts {
                switch part {
                case .head(let next):
                    head = next
                    body = []
                case .body(let bytes):
                    guard body.count + bytes.readableBytes <= Self.bodyLimit else { return }
                    body += bytes.readableBytesView
                case .end:
                    guard let request = head else { return }
                    try await answer(request, body, writer)
                    if !request.isKeepAlive { return }
                }
            }
        }
    }

    private func answer(
        _ head: HTTPRequestHead, _ body: [UInt8], _ writer: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    ) async throws {
        var request = BackendRequest(method: head.method.rawValue, target: head.uri, body: body)
        if let complaint = check(head.headers.first(name: "authorization"), body) {
            request.complaints.append(complaint)
        }
        let isKnownMethod = head.method == .GET || head.method == .POST
        let reply = request.kind == .answer && isKnownMethod ? script : []
        var headers = HTTPHeaders([("content-length", String(reply.count))])
        if !reply.isEmpty { headers.add(name: "content-type", value: "application/json") }
        let status: HTTPResponseStatus = isKnownMethod ? .ok : .methodNotAllowed
        try await writer.write(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)))
        if !reply.isEmpty { try await writer.write(.body(.byteBuffer(ByteBuffer(bytes: reply)))) }
        try await writer.write(.end(nil))
        report(request)
    }
}
