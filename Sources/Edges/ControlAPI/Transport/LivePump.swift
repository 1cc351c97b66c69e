import CallModel
import LiveLink
import EdgeProtocols
import Logging
import MediaTime
import Metrics
import NIOCore
import Synchronization

/// Carries one session's messages to its socket until something ends it.
struct LivePump: Sendable {
    let session: LiveSession
    let sink: SocketSink
    let timing: LiveTiming
    let clock: any TimeSource
    let logger: Logger
    /// When the token runs out; a client may hand in a newer one meanwhile.
    let expiry: TokenExpiry
    /// Sent every heartbeat when there is nothing else to say: a ping, or a comment.
    let ping: @Sendable () -> Void
    /// False when the peer has not been heard of for too long.
    let isAlive: @Sendable () -> Bool

    /// Runs the session; the last message is queued by `finish` before anything is cancelled.
    func run(finish: @escaping @Sendable (LiveEnd, Int64) -> Void) async {
        sink.put([LiveOutput(position: session.start, bytes: LiveMessages.ready(session))])
        sink.settle(session.start)
        await withTaskGroup(of: LiveEnd.self) { group in
            group.addTask { await pump() }
            group.addTask { await pass() }
            group.addTask { await watch() }
            guard let end = await group.next() else { return }
            Counter(label: "switchhook_client_sessions_ended_total", dimensions: [("reason", end.rawValue)]).increment()
            logger.debug("Client session ended", metadata: ["session": "\(session.id)", "reason": "\(end.rawValue)"])
            finish(end, sink.settled)
            group.cancelAll()
        }
    }

    private func pump() async -> LiveEnd {
        do {
            while let batch = try await session.next() {
                if batch.rows.isEmpty {
                    sink.settle(batch.end)
                    continue
                }
                let sent = sink.put(batch.rows.map { LiveOutput(position: $0.position, bytes: $0.message) })
                sink.settle(batch.end)
                if batch.isReplay {
                    try await sink.wait(for: sent)
                } else if sink.isBehind {
                    return .behind
                }
            }
            return Task.isCancelled ? .peerGone : .shuttingDown
        } catch is ChannelError {
            return .peerGone
        } catch {
            logger.error(
                "Client session cannot read the log", metadata: ["session": "\(session.id)", "error": "\(error)"])
            return .failed
        }
    }

    /// Events that are not stored, between the others.
    private func pass() async -> LiveEnd {
        do {
            for await event in session.passing {
                guard let conversation = event.conversation, try await session.sees(conversation) else { continue }
                let position = sink.settled
                guard let message = LiveRow.message(event, position: position) else { continue }
                sink.put([LiveOutput(position: position, bytes: message)])
                if sink.isBehind { return .behind }
            }
            return Task.isCancelled ? .peerGone : .shuttingDown
        } catch {
            logger.error(
                "Client session cannot read the log", metadata: ["session": "\(session.id)", "error": "\(error)"])
            return .failed
        }
    }

    /// Heartbeats, a silent peer, a stalled socket and the end of the token.
    private func watch() async -> LiveEnd {
        var told = session.start
        while true {
            let untilExpiry = Duration.milliseconds(expiry.time.milliseconds - clock.wallNow.milliseconds)
            if untilExpiry <= .zero { return .expiredToken }
            do { try await Task.sleep(for: min(timing.heartbeat, untilExpiry)) } catch { return .peerGone }
            if !isAlive() { return .idle }
            if sink.stall > timing.stallLimit { return .behind }
            let settled = sink.settled
            if settled > max(told, sink.lastPosition), sink.stall == .zero {
                sink.put([LiveOutput(position: settled, bytes: LiveMessages.position(settled))])
                told = settled
            }
            ping()
        }
    }
}

/// Time limits of live sessions.
struct LiveTiming: Sendable {
    var heartbeat: Duration
    /// Without a frame from the client for this long it is gone.
    var idleLimit: Duration
    /// A socket that takes nothing for this long is behind.
    var stallLimit: Duration
    /// For the first text message with the token.
    var tokenDeadline: Duration

    init(_ configuration: ControlAPIConfiguration) {
        heartbeat = configuration.heartbeat
        idleLimit = configuration.heartbeat * 5 / 2
        stallLimit = configuration.heartbeat * 2
        tokenDeadline = configuration.tokenDeadline
    }
}

/// The end of the token in force.
final class TokenExpiry: Sendable {
    private let value: Mutex<WallTime>
    init(_ time: WallTime) { value = Mutex(time) }
    var time: WallTime { value.withLock { $0 } }
    func extend(to time: WallTime) { value.withLock { $0 = max($0, time) } }
}
