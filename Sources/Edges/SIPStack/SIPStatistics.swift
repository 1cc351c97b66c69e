/// Counters of the SIP edge, at most a second old.
public struct SIPStatistics: Hashable, Sendable {
    public var dialogs = 0
    /// Inbound calls without a final response.
    public var pendingInvites = 0
    /// Transactions kept, finished ones included (RFC 3261 keeps them up to 64 × T1).
    public var transactions = 0
    /// Inbound calls since the start, those shed with 503 not among them.
    public var invites: UInt64 = 0
    public var shedInvites: UInt64 = 0
    /// Messages refused or dropped because they were malformed.
    public var badMessages: UInt64 = 0
    /// Longest wait of a call into the edge for the SIP thread during the last second, milliseconds.
    public var lagMilliseconds = 0.0
    public init() {}
}
