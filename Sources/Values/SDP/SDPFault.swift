/// A session description that cannot be read. Blame: the peer.
public struct SDPFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// 1 is the first line; 0 when the whole is meant.
    public var line: Int
    public var reason: String

    init(line: Int, _ reason: String) {
        self.line = line
        self.reason = reason
    }

    public var description: String { line == 0 ? reason : "line \(line): \(reason)" }
}
