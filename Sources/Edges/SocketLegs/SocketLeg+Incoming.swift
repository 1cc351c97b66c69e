import CallModel
import CoreMetrics
import EdgeProtocols
import Logging
import NIOCore
import NIOWebSocket

/// What a websocket leg does with the messages of its application.
extension SocketLeg {
    func take(_ frame: WebSocketFrame) {
        guard let context else { return }
        hasHeard = true
        misses = 0
        switch frame.opcode {
        case .connectionClose: peerCloses(frame.unmaskedData)
        case .ping:
            if context.channel.isWritable {
                write(WebSocketFrame(fin: true, opcode: .pong, maskKey: .random(), data: frame.unmaskedData))
                context.flush()
            }
        case .pong: break
        case .text, .binary:
            fragmented = frame.opcode
            take(frame.unmaskedData, isLast: frame.fin)
        case .continuation: take(frame.unmaskedData, isLast: frame.fin)
        default:
            send(close: .protocolError)
            lost("a frame of unknown kind")
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        answerMarkers()
        context.fireChannelReadComplete()
    }

    private func take(_ bytes: ByteBuffer, isLast: Bool) {
        guard case .open = phase, let opcode = fragmented else { return }
        if isLast { fragmented = nil }
        if opcode == .binary { return takeSound(bytes) }
        if text.count + bytes.readableBytes > SocketRequest.maximumBytes {
            isTextTooLong = true
            text = []
        }
        if !isTextTooLong { text.append(contentsOf: bytes.readableBytesView) }
        guard isLast else { return }
        defer {
            text = []
            isTextTooLong = false
        }
        if isTextTooLong {
            ignore("longer than \(SocketRequest.maximumBytes) bytes")
        } else {
            takeText(text)
        }
    }

    private func takeSound(_ bytes: ByteBuffer) {
        port.countReceived(bytes: bytes.readableBytes)
        let dropped = queue.append(bytes)
        if dropped > 0 {
            metrics.overfull.increment(by: dropped)
            if !isDroppingIn {
                warn(
                    "more sound than is kept for a websocket; the newest is dropped",
                    "\(PlayQueue.maximumFrames) frames")
            }
        }
        isDroppingIn = dropped > 0
    }

    private func takeText(_ text: [UInt8]) {
        do throws(SocketRequest.Fault) {
            switch try SocketRequest(text: text) {
            case .clear:
                queue.clear()
                send(SocketMessages.cleared)
            case .notify(let payload):
                if !queue.mark(payload) { ignore("over \(PlayQueue.maximumMarkers) notify markers wait") }
            }
        } catch {
            ignore(error.reason)
        }
    }

    private func ignore(_ reason: String) {
        metrics.ignored.increment()
        warn("text message of a websocket ignored", reason)
    }

    /// At most one a second, whatever a peer does.
    func warn(_ message: Logger.Message, _ detail: String) {
        let now = NIODeadline.now()
        guard now >= nextWarning else { return }
        nextWarning = now + .seconds(1)
        logger.warning(message, metadata: ["leg": .string(id.text), "detail": .string(detail)])
    }

    private func peerCloses(_ payload: ByteBuffer) {
        var payload = payload
        let echo = payload.readSlice(length: min(2, payload.readableBytes)) ?? ByteBuffer()
        guard case .open = phase else { return finish() }
        write(WebSocketFrame(fin: true, opcode: .connectionClose, maskKey: .random(), data: echo))
        context?.flush()
        let code = echo.getInteger(at: echo.readerIndex, as: UInt16.self).map { "code \($0)" } ?? "no code"
        phase = .over
        // The echo goes out before the connection ends.
        context?.close(promise: nil)
        onOver()
        report(.closed(code))
    }
}
