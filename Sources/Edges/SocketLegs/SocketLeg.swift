import CallModel
import EdgeProtocols
import CoreMetrics
import Logging
import NIOCore
import NIOWebSocket
import Rings
import WireJSON

/// One websocket leg on its connection: frames of sound both ways, text messages, pings, the end.
///
/// - Reference: contract websocket-endpoint §2 to §5; RFC 6455.
/// - Bounds: sound in by `PlayQueue`; sound out by one second in the connection's buffer, then frames are dropped; a
///   peer that sends more than fits is read once in 20 ms only, so that TCP holds it back while `clear` still comes
///   through; one that does not read is not read either, so that answers do not pile up.
/// - Threading: one event loop.
final class SocketLeg: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    /// Largest frame that is read: 60 s of 48 kHz in one message and more.
    static let maximumFrameBytes = 8 << 20

    enum Phase {
        case opening(until: NIODeadline)
        case open
        /// Our Close is out.
        case closing(until: NIODeadline)
        case over
    }

    let id: LegID
    let call: SocketCall
    let port: AudioPort
    /// Of the handshake, to be closed when nobody waits for it any more.
    var channel: (any Channel)?
    var phase: Phase
    private let settings: SocketSettings
    let metrics: SocketMetrics
    let report: (SocketEvent) -> Void
    let onOver: () -> Void
    let logger: Logger

    var context: ChannelHandlerContext?
    /// What came with the 101, before the handshake was wholly done.
    private var early: [WebSocketFrame] = []
    var queue: PlayQueue
    /// A message whose frames still come.
    var fragmented: WebSocketOpcode?
    var text: [UInt8] = []
    var isTextTooLong = false
    private var isReadHeld = false
    var hasHeard = true
    var misses = 0
    private var nextPing = NIODeadline.distantFuture
    var isDroppingIn = false
    private var isDroppingOut = false
    var nextWarning = NIODeadline.uptimeNanoseconds(0)
    private var endReason: String?

    init(
        id: LegID, call: SocketCall, port: AudioPort, until deadline: NIODeadline, settings: SocketSettings,
        metrics: SocketMetrics, logger: Logger, report: @escaping (SocketEvent) -> Void, onOver: @escaping () -> Void
    ) {
        self.id = id
        self.call = call
        self.port = port
        phase = .opening(until: deadline)
        self.settings = settings
        self.metrics = metrics
        self.logger = logger
        self.report = report
        self.onOver = onOver
        queue = PlayQueue(port)
    }

    var isOpening: Bool {
        if case .opening = phase { return true }
        return false
    }

    // MARK: Beginning and end

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    /// The handshake is done, and the connection carries frames.
    func begin() {
        guard isOpening, context != nil else { return }
        phase = .open
        nextPing = .now() + TimeAmount(settings.pingInterval)
        send(SocketMessages.connected(call))
        report(.opened)
        for frame in early { take(frame) }
        early = []
        answerMarkers()
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// The handshake failed.
    func fail(_ event: SocketEvent) {
        guard isOpening else { return }
        finish()
        report(event)
    }

    /// Closes for the box: no event follows.
    func close() {
        switch phase {
        case .opening: finish()
        case .open:
            phase = .closing(until: .now() + TimeAmount(settings.closeTimeout))
            send(close: .normalClosure)
        case .closing, .over: break
        }
    }

    /// Ends the connection at once.
    func finish() {
        phase = .over
        channel?.close(promise: nil)
        onOver()
    }

    func lost(_ reason: String) {
        guard case .open = phase else { return }
        finish()
        report(.closed(reason))
    }

    func channelInactive(context: ChannelHandlerContext) {
        switch phase {
        case .open: lost(endReason ?? "the connection was lost")
        case .closing, .opening: finish()
        case .over: break
        }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        endReason = "\(error)"
        // A protocol error is answered with Close by the handler before this one, which then ends the connection.
        if !(error is NIOWebSocketError) { context.close(promise: nil) }
    }

    /// Deadlines and pings; a few times a second.
    func keepHouse(at now: NIODeadline) {
        releaseRead()
        switch phase {
        case .opening(let deadline) where now >= deadline: fail(.unanswered)
        case .closing(let deadline) where now >= deadline: finish()
        case .open where now >= nextPing:
            nextPing = now + TimeAmount(settings.pingInterval)
            misses = hasHeard ? 0 : misses + 1
            hasHeard = false
            if misses >= settings.missedPings {
                lost("\(misses) pings were not answered")
            } else {
                write(WebSocketFrame(fin: true, opcode: .ping, maskKey: .random(), data: ByteBuffer()))
                context?.flush()
            }
        case .opening, .closing, .open, .over: break
        }
    }

    // MARK: From the application

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        if isOpening { early.append(frame) } else { take(frame) }
    }

    // MARK: Back-pressure

    func read(context: ChannelHandlerContext) {
        if queue.isFull || !context.channel.isWritable {
            isReadHeld = true
        } else {
            context.read()
        }
    }

    private func releaseRead() {
        guard isReadHeld, let context, context.channel.isWritable else { return }
        isReadHeld = false
        context.read()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        releaseRead()
        context.fireChannelWritabilityChanged()
    }

    // MARK: To the application

    /// The worker has rung: takes its frames, gives it more, tells what has been played.
    func exchange() {
        guard case .open = phase, let context else { return }
        let fromMix = port.rings.fromMix
        var hasWritten = false
        while fromMix.fill >= port.frame {
            let samples = fromMix.pop(port.frame)
            guard context.channel.isWritable else {
                metrics.unread.increment()
                if !isDroppingOut { warn("a websocket does not read; its sound is dropped", "") }
                isDroppingOut = true
                continue
            }
            isDroppingOut = false
            var data = context.channel.allocator.buffer(capacity: samples.count * 2)
            for sample in samples { data.writeInteger(sample, endianness: .little) }
            port.countSent(bytes: samples.count * 2)
            write(WebSocketFrame(fin: true, opcode: .binary, maskKey: .random(), data: data))
            hasWritten = true
        }
        if hasWritten { context.flush() }
        answerMarkers()
        releaseRead()
    }

    func answerMarkers() {
        guard case .open = phase else { return }
        for payload in queue.advance() { send(SocketMessages.notify(payload)) }
    }

    func tell(digit: Character, durationMilliseconds: Int) {
        guard case .open = phase else { return }
        send(SocketMessages.digit(digit, durationMilliseconds: durationMilliseconds))
    }

    func send(_ message: JSON) {
        write(WebSocketFrame(fin: true, opcode: .text, maskKey: .random(), data: ByteBuffer(bytes: message.bytes)))
        context?.flush()
    }

    func send(close code: WebSocketErrorCode) {
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code)
        write(WebSocketFrame(fin: true, opcode: .connectionClose, maskKey: .random(), data: data))
        context?.flush()
    }

    func write(_ frame: WebSocketFrame) { context?.write(wrapOutboundOut(frame), promise: nil) }
}
