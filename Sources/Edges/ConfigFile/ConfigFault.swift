/// Where a value came from.
public enum ConfigOrigin: Sendable, Hashable, CustomStringConvertible {
    /// Line 0: the file as a whole.
    case file(String, line: Int)
    case environment(String)
    case commandLine

    public var description: String {
        switch self {
        case .file(let path, 0): path
        case .file(let path, let line): "\(path):\(line)"
        case .environment(let name): name
        case .commandLine: "--set"
        }
    }
}

/// One thing wrong with a configuration: `file:line: path: reason`.
public struct ConfigFault: Sendable, Hashable, CustomStringConvertible {
    public var origin: ConfigOrigin
    /// Dotted path of the key; empty for the document itself.
    public var path: String
    public var reason: String

    public var description: String { path.isEmpty ? "\(origin): \(reason)" : "\(origin): \(path): \(reason)" }
}

/// A configuration that cannot be used; never empty.
public struct ConfigFaults: Error, Sendable, Hashable, CustomStringConvertible {
    public var faults: [ConfigFault]

    public var description: String { faults.map(\.description).joined(separator: "\n") }
}
