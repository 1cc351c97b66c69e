/// Why a token is not accepted. For the log only: a caller is told 401 and nothing else (auth §5).
public struct TokenFault: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable {
        case malformed
        case algorithm
        case unknownApplication = "unknown-application"
        case unusableKey = "unusable-key"
        case signature
        case claims
        case expired
        case notYetValid = "not-yet-valid"
        case lifetime
        case acl
    }

    public let code: Code
    public let detail: String

    init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    public var description: String { "\(code.rawValue): \(detail)" }
}
