import MediaTime
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// What the receiver got.
struct Received: Sendable {
    var method: String
    var uri: String
    var headers: [(name: String, value: String)]
    var body: [UInt8]
    var at: MonotonicInstant

    func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// What it does with it.
enum Reply: Sendable {
    case status(Int, body: String = "", headers: [String: String] = [:])
    case after(Duration, status: Int)
    /// Closes without an answer.
    case close
    /// Closes so that the peer sees a reset.
    case reset
    /// Sends the head and then a byte every 20 ms, without end.
    case drip
    /// Never answers.
    case hang
    /// Answers with something that is not HTTP.
    case garbage
}

/// A scriptable HTTP server on a loopback port of its own.
final class Receiver: Sendable {
    struct TookTooLong: Error {
        var got: [Received]
    }
    private struct State {
        var received: [Received] = []
        var waiters: [(count: Int, CheckedContinuation<Void, Never>)] = []
    }
    private let state = Mutex(State())
    private let script: @Sendable (Received, Int) -> Reply
    private let channel = Mutex<(any Channel)?>(nil)
    let port: Int

    /// - Parameter port: 0 takes a free one.
    /// - Parameter script: gets the request and how many came before it.
    init(port: Int = 0, _ script: @escaping @Sendable (Received, Int) -> Reply) async throws {
        self.script = script
        let box = Box()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(box))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        self.port = channel.localAddress?.port ?? 0
        self.channel.withLock { $0 = channel }
        box.receiver.withLock { [weak self] in $0 = Weak(self) }
    }

    convenience init(_ reply: Reply = .status(200)) async throws { try await self.init { _, _ in reply } }

    deinit { channel.withLock { $0?.close(promise: nil) } }

    func url(_ path: String = "/event") -> String { "http://127.0.0.1:\(port)\(path)" }

    var received: [Received] { state.withLock { $0.received } }

    /// Waits until so many requests have come.
    @discardableResult
    func requests(_ count: Int, within limit: Duration = .seconds(20)) async throws -> [Received] {
        let clock = Task {
            try await Task.sleep(for: limit)
            release { _ in true }
        }
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.received.count >= count { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
        clock.cancel()
        let got = received
        if got.count < count { throw TookTooLong(got: got) }
        return got
    }

    fileprivate func answer(_ request: Received) -> Reply {
        let index = state.withLock { state in
            state.received.append(request)
            return state.received.count - 1
        }
        release { $0 <= index + 1 }
        return script(request, index)
    }

    private func release(_ matches: (Int) -> Bool) {
        let ready = state.withLock { state in
            let ready = state.waiters.filter { matches($0.count) }
            state.waiters.removeAll { matches($0.count) }
            return ready
        }
        for waiter in ready { waiter.1.resume() }
    }

    fileprivate struct Weak: Sendable {
        weak let receiver: Receiver?
        init(_ receiver: Receiver?) { self.receiver = receiver }
    }
    fileprivate final class Box: Sendable { let receiver = Mutex<Weak?>(nil) }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        private let box: Box
        private var head: HTTPRequestHead?
        private var body: [UInt8] = []

        init(_ box: Box) { self.box = box }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body = []
            case .body(let part): body.append(contentsOf: part.readableBytesView)
            case .end:
                guard let head, let receiver = box.receiver.withLock({ $0?.receiver }) else { return }
                let request = Received(
                    method: head.method.rawValue, uri: head.uri, headers: head.headers.map { ($0.name, $0.value) },
                    body: body, at: SystemTimeSource().now)
                act(receiver.answer(request), context)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        private func act(_ reply: Reply, _ context: ChannelHandlerContext) {
            switch reply {
            case .status(let status, let body, let headers): send(status, body, headers, context)
            case .after(let delay, let status):
                let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
                context.eventLoop.scheduleTask(in: .nanoseconds(delay.wholeNanoseconds)) {
                    let (handler, context) = bound.value
                    handler.send(status, "", [:], context)
                }
            case .close: context.close(promise: nil)
            case .reset:
                let linger = ChannelOptions.Types.SocketOption(level: .socket, name: .so_linger)
                let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
                context.channel.setOption(linger, value: 1).whenComplete { _ in bound.value.close(promise: nil) }
            case .drip:
                context.write(
                    wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .ok))), promise: nil)
                drip(context)
            case .hang: break
            case .garbage:
                let channel = context.channel
                let bytes = ByteBuffer(string: "SIP/2.0 200 OK, not HTTP\r\n\r\n")
                context.pipeline.context(handlerType: HTTPResponseEncoder.self).whenComplete { result in
                    if case .success(let encoder) = result { encoder.writeAndFlush(NIOAny(bytes), promise: nil) }
                    channel.close(promise: nil)
                }
            }
        }

        private func send(
            _ status: Int, _ body: String, _ headers: [String: String], _ context: ChannelHandlerContext
        ) {
            var head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: status))
            head.headers.add(name: "content-length", value: "\(body.utf8.count)")
            for (name, value) in headers { head.headers.add(name: name, value: value) }
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }

        private func drip(_ context: ChannelHandlerContext) {
            guard context.channel.isActive else { return }
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: " ")))), promise: nil)
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: .milliseconds(20)) { bound.value.0.drip(bound.value.1) }
        }
    }
}
