import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Synchronization
import TestKit

/// A websocket server on loopback that answers only what it is told to, and journals what comes: `text …`,
/// `binary BYTES`, `ping`, `close CODE`, `gone`.
final class SocketPeer: Sendable {
    struct Manners: OptionSet {
        let rawValue: Int
        static let answersPings = Manners(rawValue: 1)
        static let answersClose = Manners(rawValue: 2)
    }

    let journal = Journal()
    let port: Int
    private let server: any Channel
    private let box: ConnectionBox

    init(_ manners: Manners) async throws {
        let journal = journal
        let box = ConnectionBox()
        server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                let upgrader = NIOWebSocketServerUpgrader(
                    maxFrameSize: 1 << 20, shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
                    upgradePipelineHandler: { channel, _ in
                        channel.eventLoop.makeCompletedFuture {
                            box.channel.withLock { $0 = channel }
                            try channel.pipeline.syncOperations.addHandler(Handler(journal, manners))
                        }
                    })
                return channel.pipeline.configureHTTPServerPipeline(
                    withServerUpgrade: (upgraders: [upgrader], completionHandler: { _ in }))
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = server.localAddress?.port ?? 0
        self.box = box
    }

    private final class ConnectionBox: Sendable {
        let channel = Mutex<(any Channel)?>(nil)
    }

    func send(_ frame: WebSocketFrame) async throws {
        guard let channel = box.channel.withLock({ $0 }) else { return }
        try await channel.writeAndFlush(frame).get()
    }

    func close() async {
        try? await box.channel.withLock { $0 }?.close()
        try? await server.close()
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = WebSocketFrame
        typealias OutboundOut = WebSocketFrame
        private let journal: Journal
        private let manners: Manners

        init(_ journal: Journal, _ manners: Manners) {
            self.journal = journal
            self.manners = manners
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let frame = unwrapInboundIn(data)
            let payload = frame.unmaskedData
            switch frame.opcode {
            case .text: journal.note("text " + String(buffer: payload))
            case .binary: journal.note("binary \(payload.readableBytes)")
            case .ping:
                journal.note("ping")
                guard manners.contains(.answersPings) else { return }
                context.writeAndFlush(
                    wrapOutboundOut(WebSocketFrame(fin: true, opcode: .pong, data: payload)), promise: nil)
            case .connectionClose:
                journal.note("close \(payload.getInteger(at: payload.readerIndex, as: UInt16.self) ?? 0)")
                guard manners.contains(.answersClose) else { return }
                context.writeAndFlush(
                    wrapOutboundOut(WebSocketFrame(fin: true, opcode: .connectionClose, data: payload)), promise: nil)
            default: journal.note("other")
            }
        }

        func channelInactive(context: ChannelHandlerContext) { journal.note("gone") }
    }
}
