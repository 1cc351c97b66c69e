import MediaTime
import NIOCore
import NIOWebSocket
import Synchronization
import WireJSON

/// One WebSocket as a session uses it: messages out, control frames answered, closed once.
///
/// - Threading: any thread; frames are written on the channel's loop.
final class WebSocketLink: Sendable {
    let channel: any Channel
    let sink: SocketSink
    private let clock: any TimeSource
    private let lastHeard: Mutex<MonotonicInstant>
    private let isClosing = Atomic(false)

    init(channel: any Channel, clock: any TimeSource) {
        self.channel = channel
        self.clock = clock
        lastHeard = Mutex(clock.now)
        sink = SocketSink(channel: channel, clock: clock) { messages, promise in
            for (index, message) in messages.enumerated() {
                let frame = WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(bytes: message.bytes))
                channel.write(frame, promise: index == messages.count - 1 ? promise : nil)
            }
            channel.flush()
        }
    }

    func heard() {
        let now = clock.now
        lastHeard.withLock { $0 = now }
    }

    /// Time since the client was last heard of.
    var silence: Duration {
        let now = clock.now
        return now - lastHeard.withLock { $0 }
    }

    /// A close frame is on its way: what comes now is too late.
    var isEnding: Bool { isClosing.load(ordering: .relaxed) }

    func ping() {
        channel.writeAndFlush(WebSocketFrame(fin: true, opcode: .ping, data: ByteBuffer()), promise: nil)
    }

    /// The payload of a text message; answers everything else as RFC 6455 §5.5 says.
    func text(of frame: WebSocketFrame) -> [UInt8]? {
        switch frame.opcode {
        case .text:
            return Array(frame.unmaskedData.readableBytesView)
        case .ping:
            channel.writeAndFlush(
                WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData), promise: nil)
        case .connectionClose:
            if isClosing.exchange(true, ordering: .relaxed) {
                channel.close(promise: nil)
            } else {
                let echo = WebSocketFrame(fin: true, opcode: .connectionClose, data: frame.unmaskedData)
                channel.writeAndFlush(echo).whenComplete { [channel] _ in channel.close(promise: nil) }
            }
        case .pong, .continuation:
            break
        default:
            close(.badMessage, position: nil)
        }
        return nil
    }

    /// Sends a close frame after what is queued; the connection ends when the peer answers, or after a grace.
    func close(_ end: LiveEnd, position: Int64?) {
        if isClosing.exchange(true, ordering: .relaxed) { return }
        var reason = JSONObject()
        reason["reason"] = .string(end.rawValue)
        if let position { reason["position"] = .int(position) }
        var data = ByteBuffer()
        data.writeInteger(end.closeCode)
        data.writeBytes(JSON.object(reason).bytes)
        channel.writeAndFlush(WebSocketFrame(fin: true, opcode: .connectionClose, data: data), promise: nil)
        sink.closeSoon()
    }
}
