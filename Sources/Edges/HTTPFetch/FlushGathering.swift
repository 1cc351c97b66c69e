import NIOCore

/// Lets what is flushed within one turn of the loop leave as one write: async-http-client flushes a request's head and
/// its body apart, and a receiver on the same box would be woken for each.
///
/// - Threading: the channel's loop.
final class FlushGathering: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var isDue = false

    func flush(context: ChannelHandlerContext) {
        if isDue { return }
        isDue = true
        let bound = context.loopBound
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute {
            me.value.isDue = false
            bound.value.flush()
        }
    }

    /// What was written before the end still leaves.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if isDue { context.flush() }
        context.close(mode: mode, promise: promise)
    }
}
