import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import TestPhone
import Testing

@Suite("HTTP on this machine", .timeLimit(.minutes(1)))
struct LocalHTTPTests {
    @Test("the backend serves its script to answer requests and nothing else")
    func backend() async throws {
        let seen = Mutex<[BackendRequest]>([])
        let server = BackendServer(
            script: Array("[]".utf8), port: 0, check: { authorization, _ in authorization },
            report: { request in seen.withLock { $0.append(request) } })
        let (ports, tell) = AsyncStream.makeStream(of: Int.self)
        let running = Task { try await server.run { tell.yield($0) } }
        defer { running.cancel() }
        let port = try #require(await ports.first { _ in true })
        let answer = try await ask(port, "GET /answer?to=1&uuid=u&conversation_uuid=c HTTP/1.1")
        #expect(answer.hasPrefix("HTTP/1.1 200 OK") && answer.hasSuffix("\r\n\r\n[]"))
        let event = try await ask(port, "POST /event HTTP/1.1", "Authorization: forged\r\n", #"{"status":"ringing"}"#)
        #expect(event.hasPrefix("HTTP/1.1 200 OK") && event.hasSuffix("\r\n\r\n"))
        #expect(try await ask(port, "DELETE /event HTTP/1.1").hasPrefix("HTTP/1.1 405"))
        let requests = seen.withLock { $0 }
        #expect(requests.map(\.name).prefix(2) == ["answer", "ringing"])
        #expect(requests[1].complaints.last == "forged")
    }

    @Test("a port in use is told with what to do about it")
    func portInUse() async throws {
        let taken = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(taken.localAddress?.port)
        let server = BackendServer(script: [], port: port) { _ in }
        let fault = await #expect(throws: BackendServer.Fault.self) { try await server.run { _ in } }
        #expect(
            fault?.reason
                == "127.0.0.1:\(port) cannot be listened on (Address already in use); choose another with --port")
        try await taken.close()
    }

    @Test("lines of the control socket come one by one, however they were cut")
    func controlLines() async throws {
        let folder = "/tmp/swh-\(UInt32.random(in: 0...UInt32.max))"
        let server = try await controlSocket(folder, ["{\"a\":", "1}\n{\"b\"", ":2}\n\n{\"c\":3}"])
        defer { server.close(promise: nil) }
        let lines = Mutex<[String]>([])
        try await ControlClient(stateFolder: folder).lines("/control/events") { line in
            lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
            return true
        }
        #expect(lines.withLock { $0 } == ["{\"a\":1}", "{\"b\":2}", "", "{\"c\":3}"])
    }

    @Test("an answer that is not 200 is a fault with its text")
    func controlRefusal() async throws {
        let folder = "/tmp/swh-\(UInt32.random(in: 0...UInt32.max))"
        let server = try await controlSocket(folder, ["no"], status: .badRequest)
        defer { server.close(promise: nil) }
        let fault = await #expect(throws: ControlClientFault.self) {
            try await ControlClient(stateFolder: folder).get("/control/status")
        }
        #expect(fault?.code == .refused)
        #expect(fault?.reason == "the box answered 400: no")
    }

    @Test("without a box the fault says how to start one")
    func noBox() async {
        let fault = await #expect(throws: ControlClientFault.self) {
            try await ControlClient(stateFolder: "/nonexistent").get("/control/status")
        }
        #expect(fault?.code == .noBox)
        #expect(fault?.reason.hasSuffix("(No such file or directory); start one with: switchhook serve") == true)
    }

    /// Sends one request and reads until the server closes.
    private func ask(_ port: Int, _ line: String, _ headers: String = "", _ body: String = "") async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            let text =
                "\(line)\r\nHost: x\r\n\(headers)Connection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            try await outbound.write(ByteBuffer(string: text))
            var answer = ""
            for try await bytes in inbound { answer += String(buffer: bytes) }
            return answer
        }
    }

    /// A server on `FOLDER/control.sock` that answers every request with these pieces.
    private func controlSocket(
        _ folder: String, _ pieces: [String], status: HTTPResponseStatus = .ok
    ) async throws -> any Channel {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(PieceHandler(pieces, status))
                }
            }
            .bind(unixDomainSocketPath: folder + "/control.sock", cleanupExistingSocketFile: true).get()
    }
}

private final class PieceHandler: ChannelInboundHandler, Sendable {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart
    private let pieces: [String]
    private let status: HTTPResponseStatus

    init(_ pieces: [String], _ status: HTTPResponseStatus) {
        self.pieces = pieces
        self.status = status
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .end = unwrapInboundIn(data) else { return }
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: ["transfer-encoding": "chunked"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        for piece in pieces {
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: piece)))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
