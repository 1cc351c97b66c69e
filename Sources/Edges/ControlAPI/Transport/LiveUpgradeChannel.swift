import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket

/// REST and client sessions on one port: HTTP/1.1, or a WebSocket when the first request asks for one.
struct LiveUpgradeChannel: HTTPChannelHandler {
    enum Outcome: Sendable {
        case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
        case live(NIOAsyncChannel<WebSocketFrame, WebSocketFrame>, HTTPRequestHead)
    }

    struct Value: ServerChildChannelValue {
        let channel: any Channel
        let outcome: EventLoopFuture<Outcome>
    }

    let responder: HTTPChannelHandler.Responder
    let live: WebSocketSessions
    /// Between requests, and for the first request to arrive.
    let idleTimeout: Duration

    /// Largest message of a client: a token and a little around it.
    static let messageLimit = 16 * 1024

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = 16 * 1024
            limits.maxHeaderListSize = 64 * 1024
            limits.maxHeaderFieldCount = 100
            let encoder = HTTPResponseEncoder(configuration: .init())
            let decoder = ByteToMessageHandler(
                HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits))
            let filter = UpgradeFilter(paths: ["/v1/events"])
            // The filter goes first: the decoder hands on what it has left, which would be raw bytes to the filter.
            let upgrade = NIOTypedHTTPServerUpgradeHandler(
                httpEncoder: encoder, extraHTTPHandlers: [filter, decoder],
                upgradeConfiguration: .init(
                    upgraders: [upgrader()],
                    notUpgradingCompletionHandler: { channel in plain(channel, logger: logger) }))
            try pipeline.addHandlers([encoder, decoder, filter, upgrade])
            let outcome = upgrade.upgradeResultFuture
            // Nothing else watches a connection that never sends a whole request head.
            let timeout = channel.eventLoop.scheduleTask(in: .init(idleTimeout)) { channel.close(promise: nil) }
            outcome.whenComplete { _ in timeout.cancel() }
            return Value(channel: channel, outcome: outcome)
        }
    }

    func handle(value: Value, logger: Logger) async {
        let outcome: Outcome
        do {
            outcome = try await value.outcome.get()
        } catch {
            logger.trace("Connection ended before its first request", metadata: ["error": "\(error)"])
            value.channel.close(promise: nil)
            return
        }
        switch outcome {
        case .http(let channel): await handleHTTP(asyncChannel: channel, logger: logger)
        case .live(let channel, let head): await live.run(channel, head: head)
        }
    }

    private func plain(_ channel: any Channel, logger: Logger) -> EventLoopFuture<Outcome> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandlers([
                HTTP1ToHTTPServerCodec(secure: false),
                HTTPConnectionStateHandler(idleTimeout: idleTimeout, logger: logger),
            ])
            return .http(
                try NIOAsyncChannel(
                    wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true)))
        }
    }

    private func upgrader() -> NIOTypedWebSocketServerUpgrader<Outcome> {
        NIOTypedWebSocketServerUpgrader(
            maxFrameSize: Self.messageLimit,
            // The filter has let pass only what is accepted here.
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
            upgradePipelineHandler: { channel, head in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        NIOWebSocketFrameAggregator(
                            minNonFinalFragmentSize: 1, maxAccumulatedFrameCount: 16,
                            maxAccumulatedFrameSize: Self.messageLimit))
                    return .live(try NIOAsyncChannel(wrappingChannelSynchronously: channel), head)
                }
            })
    }
}
