import HTTPFetch
import NIOCore
import NIOHTTP1

/// Lets a handshake begin only where the outbound policy permits the address that was really reached.
final class PolicyGate: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    private let policy: OutboundPolicy

    init(_ policy: OutboundPolicy) { self.policy = policy }

    func channelActive(context: ChannelHandlerContext) {
        if !policy.isOpen, let address = context.channel.remoteAddress?.ipAddress,
            let refusal = policy.refusal(of: address)
        {
            context.fireErrorCaught(FetchFault(.policyDenied, refusal))
            context.close(promise: nil)
            return
        }
        context.fireChannelActive()
    }
}

/// Notes the status of the answer to a handshake, then goes: what follows a 101 is no HTTP.
final class StatusNote: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    private let onStatus: (HTTPResponseStatus) -> Void

    init(onStatus: @escaping (HTTPResponseStatus) -> Void) { self.onStatus = onStatus }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) {
            onStatus(head.status)
            context.fireChannelRead(data)
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        } else {
            context.fireChannelRead(data)
        }
    }
}
