import NIOCore

/// Turns the eventfd that media workers signal into calls on the event loop.
final class Doorbell: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let onRing: () -> Void

    init(onRing: @escaping () -> Void) { self.onRing = onRing }

    func channelReadComplete(context: ChannelHandlerContext) { onRing() }
}
