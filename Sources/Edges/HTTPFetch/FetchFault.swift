/// Why a request brought no response.
public struct FetchFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// Stable words; metrics and tests rely on them.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        case refused
        /// No route to the host or network.
        case unreachable
        /// The name has no address.
        case unresolvable
        /// The peer closed before the response was complete.
        case closed
        case reset
        case connectTimeout = "connect_timeout"
        /// The request's time ran out after the connection was open.
        case socketTimeout = "socket_timeout"
        case tooLarge = "too_large"
        /// `security.outbound` forbids the address.
        case policyDenied = "policy_denied"
        case badURL = "bad_url"
        /// Not HTTP, or more redirects than allowed.
        case badResponse = "bad_response"
        case tls
        case cancelled
    }
    public var code: Code
    /// For logs.
    public var detail: String
    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }
    public var description: String { detail.isEmpty ? code.rawValue : "\(code.rawValue): \(detail)" }
}
