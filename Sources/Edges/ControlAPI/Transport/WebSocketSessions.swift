import LiveLink
import Logging
import MediaTime
import NIOCore
import NIOHTTP1
import NIOWebSocket
import Synchronization
import WireJSON

/// Client sessions over WebSocket (contract README 23).
///
/// - From the client, text messages: `{"token": "…", "since": 17}` first when the request carried no token, and again
///   at any time to renew it; `{"ack": 21}` for everything up to a position.
/// - To the client, text messages: `session:ready` first, then events, `session:position` now and then.
/// - A close frame's reason is JSON: `{"reason": "behind", "position": 21}`; codes in `LiveEnd`.
struct WebSocketSessions: Sendable {
    let gate: LiveGate
    let timing: LiveTiming
    let clock: any TimeSource
    let logger: Logger

    func run(_ channel: NIOAsyncChannel<WebSocketFrame, WebSocketFrame>, head: HTTPRequestHead) async {
        let link = WebSocketLink(channel: channel.channel, clock: clock)
        do {
            try await channel.executeThenClose { inbound, _ in
                let deadline = link.channel.eventLoop.scheduleTask(in: .init(timing.tokenDeadline)) {
                    link.close(.noToken, position: nil)
                }
                await withTaskGroup(of: Void.self) { group in
                    var state = State.waiting
                    if let token = Self.bearer(head.headers.first(name: "authorization")) {
                        let query = Query(head.uri.drop { $0 != "?" }.dropFirst())
                        state = await open(link, token: token, since: query["since"], &group)
                        deadline.cancel()
                    }
                    do {
                        for try await frame in inbound {
                            link.heard()
                            guard let text = link.text(of: frame), !link.isEnding else { continue }
                            switch state {
                            case .waiting:
                                state = await open(link, opening: text, head: head, &group)
                                deadline.cancel()
                            case .open(let session, let expiry):
                                await take(text, session: session, expiry: expiry, link: link)
                            case .closed: continue
                            }
                        }
                    } catch {
                        logger.trace("Client session's socket failed", metadata: ["error": "\(error)"])
                    }
                    deadline.cancel()
                    group.cancelAll()
                }
            }
        } catch {
            logger.trace("Client session's socket failed", metadata: ["error": "\(error)"])
        }
    }

    private enum State {
        case waiting
        case open(LiveSession, TokenExpiry)
        case closed
    }

    /// The first text message of a client that brought no header.
    private func open(
        _ link: WebSocketLink, opening text: [UInt8], head: HTTPRequestHead, _ group: inout TaskGroup<Void>
    ) async -> State {
        guard let message = try? JSON(parsing: text), let token = message["token"]?.string else {
            link.close(.badMessage, position: nil)
            return .closed
        }
        let since = message["since"].flatMap { $0.isNull ? nil : $0.int.map(String.init) ?? $0.string ?? "?" }
        let query = Query(head.uri.drop { $0 != "?" }.dropFirst())
        return await open(link, token: token, since: since ?? query["since"], &group)
    }

    private func open(
        _ link: WebSocketLink, token: String, since: String?, _ group: inout TaskGroup<Void>
    ) async -> State {
        do throws(LiveDenial) {
            let position = try LiveGate.position(since)
            let caller = try await gate.admit(token: token)
            let session = try await gate.open(caller, since: position)
            let expiry = TokenExpiry(LiveGate.end(of: caller))
            let pump = LivePump(
                session: session, sink: link.sink, timing: timing, clock: clock, logger: logger, expiry: expiry,
                ping: { link.ping() }, isAlive: { link.silence < timing.idleLimit })
            group.addTask { await pump.run { end, position in link.close(end, position: position) } }
            return .open(session, expiry)
        } catch {
            logger.info(
                "Client session refused", metadata: ["reason": "\(error.end.rawValue)", "detail": "\(error.detail)"])
            link.close(error.end, position: nil)
            return .closed
        }
    }

    /// A text message of an open session.
    private func take(_ text: [UInt8], session: LiveSession, expiry: TokenExpiry, link: WebSocketLink) async {
        guard let message = try? JSON(parsing: text) else {
            link.close(.badMessage, position: link.sink.settled)
            return
        }
        if let position = message["ack"]?.int {
            await session.acknowledge(upTo: Int64(position))
        } else if let token = message["token"]?.string {
            do throws(LiveDenial) {
                let caller = try await gate.admit(token: token)
                guard caller.application == session.application, caller.user == session.user else {
                    throw LiveDenial(end: .forbidden, detail: "a renewed token must be of the same user")
                }
                expiry.extend(to: LiveGate.end(of: caller))
            } catch {
                link.close(error.end, position: link.sink.settled)
            }
        }
        // Anything else is from a newer client: ignored.
    }

    /// The token of `Bearer <token>`; the scheme in any case.
    static func bearer(_ header: String?) -> String? {
        guard let header else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1].drop { $0 == " " })
    }
}
