/// One thing wrong with a script.
public struct ScriptFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// JSON pointer of the offending value; `/` is the document itself.
    public var path: String
    public var reason: String
    public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }
    public var description: String { "\(path): \(reason)" }
}

/// What a script may be tolerated for and its reader should know (unknown options, clamped values).
public struct ScriptWarning: Hashable, Sendable {
    public var path: String
    public var reason: String
    public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }
}
