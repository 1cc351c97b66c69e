import HTTPTypes
import Logging
import MediaTime
import NIOCore
import NIOHTTPTypes

/// Client sessions as server-sent events (contract README 23; HTML Living Standard §9.2).
///
/// - `id` of an event is its position, so `Last-Event-ID` resumes; `event` stays unset, so that `onmessage` sees all.
/// - The last event says why the stream ends: `{"type": "session:closed", …}`.
struct EventStreams: Sendable {
    let gate: LiveGate
    let timing: LiveTiming
    let clock: any TimeSource
    let logger: Logger

    var routes: [Route] { [Route(.get, "/v1/events", .session, stream)] }

    private func stream(_ request: APIRequest) async throws -> APIReply {
        let accept = request.headers[.accept]?.lowercased() ?? ""
        guard accept.contains("text/event-stream") else {
            var problem = Problem(
                .upgradeRequired, code: "http:error:upgrade-required", title: "Upgrade Required",
                detail: "Ask for a WebSocket in the first request of a connection, or accept text/event-stream")
            problem.headers[.upgrade] = "websocket"
            if let version = HTTPField.Name("Sec-WebSocket-Version") { problem.headers[version] = "13" }
            throw problem
        }
        let caller = try request.authenticated()
        let session: LiveSession
        do throws(LiveDenial) {
            let since = HTTPField.Name("Last-Event-ID").flatMap { request.headers[$0] } ?? request.query["since"]
            session = try await gate.open(caller, since: try LiveGate.position(since))
        } catch {
            throw error.problem
        }
        var reply = APIReply(status: .ok)
        reply.headers[.contentType] = "text/event-stream"
        reply.headers[.cacheControl] = "no-store"
        let expiry = TokenExpiry(LiveGate.end(of: caller))
        reply.body = .stream { writer in await run(session, expiry: expiry, writer: writer) }
        return reply
    }

    private func run(_ session: LiveSession, expiry: TokenExpiry, writer: StreamWriter) async {
        let sink = SocketSink(channel: writer.channel, clock: clock) { messages, promise in
            var buffer = ByteBuffer()
            for message in messages {
                if let position = message.position { buffer.writeString("id: \(position)\n") }
                buffer.writeString("data: ")
                buffer.writeBytes(message.bytes)
                buffer.writeString("\n\n")
            }
            writer.channel.writeAndFlush(HTTPResponsePart.body(buffer), promise: promise)
        }
        let pump = LivePump(
            session: session, sink: sink, timing: timing, clock: clock, logger: logger, expiry: expiry,
            ping: {
                let comment = ByteBuffer(string: ": alive\n\n")
                writer.channel.writeAndFlush(HTTPResponsePart.body(comment), promise: nil)
            },
            // The peer of an event stream has nothing to say; a dead one is found by writing.
            isAlive: { true })
        await pump.run { end, position in
            sink.put([LiveOutput(position: nil, bytes: LiveMessages.closed(end.rawValue, position: position))])
            if end == .behind { sink.closeSoon() }
        }
    }
}
