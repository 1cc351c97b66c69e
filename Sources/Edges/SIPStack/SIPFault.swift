/// Why the SIP edge could not start: one line that says what and how to fix it.
public struct SIPFault: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable {
        /// An address cannot be bound.
        case listen
        case certificate
        case configuration
        case alreadyStarted = "already_started"
    }
    public var code: Code
    public var detail: String
    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }
    public var description: String { detail }
}
