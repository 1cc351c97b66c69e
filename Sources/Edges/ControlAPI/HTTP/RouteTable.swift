import HTTPTypes
import Tokens

/// Who may call a route.
enum Access: Sendable {
    /// Anybody.
    case open
    /// Application tokens only.
    case application
    /// The account's key and secret by basic authentication; no tokens.
    case account
    /// Application tokens, and user tokens whose access rules admit the path.
    case token
    /// As `token`; the path that is admitted is that of `/v1`, whichever version is asked (auth §3, last table).
    case versionless
    /// As `token`, with the access rule of client sessions instead of the route's own path.
    case session
}

struct Route: Sendable {
    var method: HTTPRequest.Method
    /// Segments; `*` captures one.
    var pattern: [Substring]
    var access: Access
    var handler: @Sendable (APIRequest) async throws -> APIReply

    init(
        _ method: HTTPRequest.Method, _ pattern: String, _ access: Access,
        _ handler: @escaping @Sendable (APIRequest) async throws -> APIReply
    ) {
        self.method = method
        self.pattern = pattern.split(separator: "/")
        self.access = access
        self.handler = handler
    }
}

/// All routes of a listener; own code instead of the library's router because routes and access rules must see one
/// and the same path, and a known path with another method is a 405 that names what is allowed.
struct RouteTable: Sendable {
    enum Match {
        case found(Route, parameters: [String])
        case otherMethods([HTTPRequest.Method])
        case none
    }

    private let routes: [Route]

    init(_ routes: [Route]) { self.routes = routes }

    func match(_ method: HTTPRequest.Method, _ path: RequestPath) -> Match {
        var allowed: [HTTPRequest.Method] = []
        for route in routes {
            guard let parameters = Self.parameters(of: route, path) else { continue }
            if route.method == method || (method == .head && route.method == .get) {
                return .found(route, parameters: parameters)
            }
            if !allowed.contains(route.method) { allowed.append(route.method) }
        }
        return allowed.isEmpty ? .none : .otherMethods(allowed)
    }

    private static func parameters(of route: Route, _ path: RequestPath) -> [String]? {
        guard route.pattern.count == path.segments.count else { return nil }
        var parameters: [String] = []
        for (index, (pattern, segment)) in zip(route.pattern, path.segments).enumerated() {
            if pattern == "*" {
                parameters.append(segment)
            } else if pattern != segment[...] {
                // `/v0.3` is the older name of `/v1` (conversation-api §1).
                guard index == 0, pattern == "v1", segment == "v0.3" else { return nil }
            }
        }
        return parameters
    }
}
