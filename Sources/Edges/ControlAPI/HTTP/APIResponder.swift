import CallModel
import EdgeProtocols
import HTTPTypes
import HummingbirdCore
import Logging
import MediaTime
import Metrics
import NIOCore
import NIOHTTPTypes
import WireJSON
import Tokens

/// Answers every request of one listener: route, caller, access rules, body, handler, errors.
struct APIResponder: Sendable {
    let routes: RouteTable
    let tokens: any CallerVerifying
    /// The account of the moment, for basic authentication.
    let account: @Sendable () -> Account
    /// Nil: links are built from the Host header.
    let publicBaseURL: String?
    let scheme: String
    let bodyLimit: Int
    /// From the head to the last byte of the body; a connection that takes longer is closed.
    let bodyTimeout: Duration
    let clock: any TimeSource
    let logger: Logger

    private static let crossOrigin: HTTPFields = [
        .accessControlAllowOrigin: "*",
        .accessControlAllowHeaders: "authorization, content-type",
        .accessControlAllowMethods: "GET, POST, PUT, PATCH, DELETE",
        .accessControlMaxAge: "86400",
    ]

    func respond(_ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel) async throws {
        let now = clock.wallNow
        var reply: APIReply
        do {
            if request.method == .options {
                reply = APIReply(status: .noContent, headers: Self.crossOrigin)
            } else {
                let prepared = try await prepare(request, now: now)
                if prepared.readsBody, request.headers[.expect]?.lowercased() == "100-continue" {
                    try await writer.writeInformationalHead(HTTPResponse(status: .continue))
                }
                reply = try await run(prepared, request, channel)
            }
        } catch {
            reply = failure(error, request)
        }
        reply.headers[.date] = HTTPDate.text(now)
        reply.headers[.accessControlAllowOrigin] = "*"
        // The loop closes after such a request: say so.
        if request.headers[.connection] == "close", reply.headers[.connection] == nil {
            reply.headers[.connection] = "close"
        }
        Counter(label: "switchhook_http_requests_total", dimensions: [("code", "\(reply.status.code)")]).increment()
        let after = reply.after
        defer { after?() }
        try await send(reply, request, writer, channel)
        // Writes are flushed on the channel's loop: when it comes to this, the answer is with the kernel.
        if after != nil { try await channel.eventLoop.submit {}.get() }
    }

    private func send(
        _ answer: APIReply, _ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel
    ) async throws {
        var reply = answer
        let isHead = request.method == .head
        switch reply.body {
        case .none:
            if reply.status != .noContent { reply.headers[.contentLength] = "0" }
            try await writer.writeResponse(HTTPResponse(status: reply.status, headerFields: reply.headers))
        case .bytes(let bytes):
            reply.headers[.contentLength] = String(bytes.count)
            let head = HTTPResponse(status: reply.status, headerFields: reply.headers)
            if isHead {
                try await writer.writeResponse(head)
            } else {
                try await writer.write(response: head, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
            }
        case .stream(let stream):
            let head = HTTPResponse(status: reply.status, headerFields: reply.headers)
            if isHead {
                try await writer.writeResponse(head)
                return
            }
            let body = try await writer.writeHead(head)
            let pieces = StreamWriter(channel: channel) { bytes in
                channel.writeAndFlush(HTTPResponsePart.body(ByteBuffer(bytes: bytes)))
            }
            try await request.body.consumeWithCancellationOnInboundClose { _ in try await stream(pieces) }
            try await body.finish(nil)
        }
    }

    private struct Prepared {
        var route: Route
        var api: APIRequest
        var readsBody: Bool
    }

    /// Everything that is decided before the body is read.
    private func prepare(_ request: Request, now: WallTime) async throws -> Prepared {
        let target = Self.target(request.head.path ?? "")
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = RequestPath(bounded: parts[0]) else { throw Problem.badRequest("The path is not valid") }
        let route: Route
        let parameters: [String]
        switch routes.match(request.method, path) {
        case .found(let found, let values): (route, parameters) = (found, values)
        case .otherMethods(let methods):
            throw Problem.methodNotAllowed(request.method.rawValue, allowed: methods.map(\.rawValue))
        case .none: throw Problem.unknownRoute(path.text)
        }
        var caller: Caller?
        if route.access == .account {
            guard BasicCredentials(request.headers[.authorization])?.fit(account()) == true else {
                throw Problem.wrongAccount
            }
        } else if route.access != .open {
            guard let token = WebSocketSessions.bearer(request.headers[.authorization]) else {
                throw Problem.unauthorized("no bearer token")
            }
            do { caller = try await tokens.caller(bearer: token, at: now) } catch {
                throw Problem.unauthorized(error.reason)
            }
            if route.access == .application, caller?.user != nil {
                throw Problem.forbidden("User tokens cannot do this")
            }
        }
        if route.access != .open {
            guard Self.accepts(request.headers[.accept]) else { throw Problem.notAcceptable }
        }
        let readsBody = [.post, .put, .patch, .delete].contains(request.method)
        let api = APIRequest(
            method: request.method, path: path, query: Query(parts.count > 1 ? parts[1] : ""),
            headers: request.headers, body: [], parameters: parameters, caller: caller, origin: origin(request),
            now: now)
        return Prepared(route: route, api: api, readsBody: readsBody)
    }

    private func run(_ prepared: Prepared, _ request: Request, _ channel: any Channel) async throws -> APIReply {
        var api = prepared.api
        if prepared.readsBody {
            // The idle time of the connection begins anew with every byte: of itself it ends no drip.
            let deadline = channel.eventLoop.scheduleTask(in: .init(bodyTimeout)) { channel.close(promise: nil) }
            defer { deadline.cancel() }
            do {
                api.body = Array(try await request.body.collect(upTo: bodyLimit).readableBytesView)
            } catch is NIOTooManyBytesError {
                throw Problem.tooLarge(limit: bodyLimit)
            }
            if !api.body.isEmpty, request.method != .delete, prepared.route.access != .open {
                let type = request.headers[.contentType]?.prefix { $0 != ";" }.lowercased() ?? "application/json"
                guard type == "application/json" || type.hasSuffix("+json") else {
                    throw Problem.unsupportedMediaType
                }
            }
        }
        if let caller = api.caller {
            let path =
                switch prepared.route.access {
                case .session: LiveGate.accessPath
                case .versionless: api.path.text(version: "v1")
                case .open, .application, .account, .token: api.path.text
                }
            // HEAD is a GET without its body.
            let method = api.method == .head ? "GET" : api.method.rawValue
            guard caller.allows(method, path, Self.fields(api)) else {
                throw Problem.forbidden("The token's access rules do not admit \(method) \(path)")
            }
        }
        return try await prepared.route.handler(api)
    }

    private func failure(_ error: any Error, _ request: Request) -> APIReply {
        var generator = SystemRandomNumberGenerator()
        let digits = [generator.next(), generator.next()].map { (word: UInt64) in
            let text = String(word, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
        let instance = digits.joined()
        let problem: Problem
        switch error {
        case let known as Problem: problem = known
        case let fault as CommandFault: problem = Problem(fault, subject: request.uri.path)
        default: problem = .internalError("\(error)")
        }
        logger.log(
            level: problem.status.code >= 500 ? .error : .debug, "Request refused",
            metadata: [
                "instance": "\(instance)", "status": "\(problem.status.code)", "method": "\(request.method)",
                "path": "\(request.uri.path)", "cause": "\(problem.cause ?? problem.detail)",
            ])
        var reply = APIReply.json(problem.body(instance: instance), status: problem.status)
        reply.headers.append(contentsOf: problem.headers)
        return reply
    }

    /// `scheme://host[:port]` of absolute links.
    private func origin(_ request: Request) -> String {
        if let publicBaseURL { return publicBaseURL }
        let host = request.head.authority ?? "localhost"
        let isPlain = host.utf8.allSatisfy { byte in
            (48...58).contains(byte) || (65...91).contains(byte) || (97...122).contains(byte)
                || byte == UInt8(ascii: "]") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
        }
        return "\(scheme)://\(isPlain ? host : "localhost")"
    }

    /// Path and query of a request target, also of its absolute form.
    private static func target(_ raw: String) -> Substring {
        guard !raw.hasPrefix("/"), let scheme = raw.firstRange(of: "://") else { return raw[...] }
        let rest = raw[scheme.upperBound...]
        return rest.firstIndex(of: "/").map { rest[$0...] } ?? "/"
    }

    private static func accepts(_ header: String?) -> Bool {
        guard let header = header?.lowercased(), !header.isEmpty else { return true }
        let known = ["*/*", "application/*", "application/json", "+json", "text/event-stream", "audio/"]
        return known.contains { header.contains($0) }
    }

    /// Top-level query and body values, for the filters of access rules.
    private static func fields(_ request: APIRequest) -> [(name: String, value: String)] {
        var fields = request.query.values
        guard !request.body.isEmpty, let body = try? JSON(parsing: request.body).object else { return fields }
        for (name, value) in body.members {
            switch value {
            case .string(let text): fields.append((name, text))
            case .int, .bool, .double: fields.append((name, value.text))
            case .null, .array, .object: break
            }
        }
        return fields
    }
}
