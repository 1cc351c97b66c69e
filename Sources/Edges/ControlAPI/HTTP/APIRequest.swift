import EdgeProtocols
import HTTPTypes
import MediaTime
import NIOCore
import WireJSON
import Tokens

/// A request whose route is found, whose caller is known and whose body is read.
struct APIRequest: Sendable {
    var method: HTTPRequest.Method
    var path: RequestPath
    var query: Query
    var headers: HTTPFields
    var body: [UInt8]
    /// Values of the captured path segments, in order.
    var parameters: [String]
    /// Nil on open routes and on the control socket.
    var caller: Caller?
    /// `http://host:port`, for absolute links.
    var origin: String
    var now: WallTime

    /// The verified caller; routes that need one are never reached without.
    func authenticated() throws(Problem) -> Caller {
        guard let caller else { throw .unauthorized("no token") }
        return caller
    }

    /// The body as a JSON object; no body, and the bare word `null`, count as `{}` (conversation-api §8).
    func jsonBody() throws(Problem) -> JSONObject {
        if body.isEmpty { return JSONObject() }
        let json: JSON
        do { json = try JSON(parsing: body) } catch { throw .badRequest("The body is \(error)") }
        if json.isNull { return JSONObject() }
        guard let object = json.object else { throw .badRequest("The body must be a JSON object") }
        return object
    }

    /// `https://host/v1/…` for a path and its query, both already escaped.
    func link(_ path: String, _ query: [(String, String)] = []) -> String {
        let items = query.map { "\($0.0)=\(PercentEncoding.encode($0.1))" }
        return origin + path + (items.isEmpty ? "" : "?" + items.joined(separator: "&"))
    }
}

/// What goes back.
struct APIReply: Sendable {
    enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// Written piece by piece; ends when the closure returns, and is cancelled when the peer goes away.
        case stream(@Sendable (StreamWriter) async throws -> Void)
    }

    var status: HTTPResponse.Status
    var headers: HTTPFields
    var body: Body
    /// Run once the answer has left, and also when it cannot be delivered.
    var after: AfterReply?

    init(status: HTTPResponse.Status, headers: HTTPFields = [:], body: Body = .none) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    static func json(_ json: JSON, status: HTTPResponse.Status = .ok) -> APIReply {
        APIReply(status: status, headers: [.contentType: "application/json"], body: .bytes(json.bytes))
    }

    static func text(_ text: String, type: String) -> APIReply {
        APIReply(status: .ok, headers: [.contentType: type], body: .bytes(Array(text.utf8)))
    }

    static let noContent = APIReply(status: .noContent)
}

/// Writes the pieces of a streamed body; each write waits until the socket has taken it.
struct StreamWriter: Sendable {
    let channel: any Channel
    let put: @Sendable ([UInt8]) -> EventLoopFuture<Void>

    func write(_ bytes: [UInt8]) async throws { try await put(bytes).get() }
}
