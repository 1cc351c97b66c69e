import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// Gathers one response up to a bound.
///
/// - Threading: called by async-http-client on the request's event loop only, one call at a time.
/// - Fails with: `BodyTooLarge`, which still carries the head.
final class BodyCollector: HTTPClientResponseDelegate {
    struct Collected: Sendable {
        var head: HTTPResponseHead
        var body: [UInt8]
    }

    struct BodyTooLarge: Error {
        var head: HTTPResponseHead
    }

    private let limit: Int
    private let keepsBody: Bool
    private let onSent: (@Sendable () -> Void)?
    private let state = Mutex(State())

    private struct State {
        var head: HTTPResponseHead?
        var body: [UInt8] = []
        var length = 0
    }

    /// - Parameter limit: bytes.
    init(limit: Int, keepsBody: Bool, onSent: (@Sendable () -> Void)? = nil) {
        self.limit = limit
        self.keepsBody = keepsBody
        self.onSent = onSent
    }

    func didSendRequest(task: HTTPClient.Task<Collected>) { onSent?() }

    func didReceiveHead(task: HTTPClient.Task<Collected>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        state.withLock { $0.head = head }
        if let text = head.headers.first(name: "content-length"), let length = Int(text), length > limit {
            return task.eventLoop.makeFailedFuture(BodyTooLarge(head: head))
        }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Collected>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        let overflow: HTTPResponseHead? = state.withLock {
            $0.length += buffer.readableBytes
            if $0.length > limit { return $0.head }
            if keepsBody { $0.body.append(contentsOf: buffer.readableBytesView) }
            return nil
        }
        if let overflow { return task.eventLoop.makeFailedFuture(BodyTooLarge(head: overflow)) }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(task: HTTPClient.Task<Collected>) throws -> Collected {
        try state.withLock {
            guard let head = $0.head else { throw HTTPClientError.remoteConnectionClosed }
            return Collected(head: head, body: $0.body)
        }
    }
}
