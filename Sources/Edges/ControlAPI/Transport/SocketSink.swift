import MediaTime
import NIOCore
import Synchronization

/// One message on its way to a client.
struct LiveOutput: Sendable {
    /// Nil for messages that are not events.
    var position: Int64?
    var bytes: [UInt8]
}

/// The socket side of one session: writes messages and counts what the socket has not taken.
///
/// - Threading: any thread; the writing itself is one hop to the channel's loop for each batch.
final class SocketSink: Sendable {
    private struct State {
        var backlog = Backlog()
        /// When the socket last took something, or had nothing to take.
        var progress: MonotonicInstant
        /// Position of the newest event queued.
        var lastPosition: Int64 = 0
        /// Everything up to here is queued or not for this reader.
        var settled: Int64 = 0
    }

    let channel: any Channel
    private let clock: any TimeSource
    private let state: Mutex<State>
    /// Runs on the channel's loop: writes the messages in the transport's form, flushes, completes the promise.
    private let write: @Sendable ([LiveOutput], EventLoopPromise<Void>) -> Void

    init(
        channel: any Channel, clock: any TimeSource,
        write: @escaping @Sendable ([LiveOutput], EventLoopPromise<Void>) -> Void
    ) {
        self.channel = channel
        self.clock = clock
        self.write = write
        state = Mutex(State(progress: clock.now))
    }

    /// Queues messages; the future completes when the socket has taken them.
    @discardableResult
    func put(_ messages: [LiveOutput]) -> EventLoopFuture<Void> {
        let bytes = messages.reduce(0) { $0 + $1.bytes.count }
        let now = clock.now
        state.withLock { state in
            if state.backlog.events == 0 { state.progress = now }
            state.backlog.queued(events: messages.count, bytes: bytes)
            if let position = messages.last?.position { state.lastPosition = max(state.lastPosition, position) }
        }
        let promise = channel.eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenComplete { [self] _ in
            let now = clock.now
            state.withLock { state in
                state.backlog.taken(events: messages.count, bytes: bytes)
                state.progress = now
            }
        }
        channel.eventLoop.execute { [self] in write(messages, promise) }
        return promise.futureResult
    }

    /// The reader may resume from `position`: what it may see before is queued.
    func settle(_ position: Int64) { state.withLock { $0.settled = max($0.settled, position) } }
    var settled: Int64 { state.withLock { $0.settled } }
    var lastPosition: Int64 { state.withLock { $0.lastPosition } }

    /// Waits until the socket has taken what a future stands for. When the task is cancelled meanwhile, a peer that
    /// reads nothing is cut off after a grace.
    func wait(for taken: EventLoopFuture<Void>) async throws {
        try await withTaskCancellationHandler {
            try await taken.get()
        } onCancel: {
            closeSoon()
        }
    }

    /// Ends the connection after the time that the peer has to take the last words.
    func closeSoon() {
        channel.eventLoop.scheduleTask(in: Self.closeGrace) { [channel] in channel.close(promise: nil) }
    }

    private static let closeGrace = TimeAmount.seconds(5)

    var isBehind: Bool { state.withLock { $0.backlog.isTooLong } }

    /// How long the socket has taken nothing although there was something.
    var stall: Duration {
        let now = clock.now
        return state.withLock { $0.backlog.events == 0 ? .zero : now - $0.progress }
    }
}
