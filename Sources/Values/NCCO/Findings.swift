import WireJSON

/// What is found while a script is read: faults, which refuse it, and warnings.
///
/// Paths are relative to the object being read and get their prefix on the way out, so that a sound script builds none.
/// A hostile document cannot make it grow: both lists are bounded.
struct Findings {
    static let maximumFaults = 100
    static let maximumWarnings = 100

    private(set) var faults: [ScriptFault] = []
    private(set) var warnings: [ScriptWarning] = []

    /// Enough is known to refuse the script; the rest need not be read.
    var isFull: Bool { faults.count >= Self.maximumFaults }

    /// A fault of the member `key` of the object being read.
    mutating func fault(_ key: String, _ reason: String) {
        if !isFull { faults.append(ScriptFault(path: Self.component(key), reason: reason)) }
    }

    /// A fault of the value being read itself.
    mutating func fault(_ reason: String) {
        if !isFull { faults.append(ScriptFault(path: "", reason: reason)) }
    }

    mutating func missing(_ key: String) { fault(key, "required member is missing") }

    mutating func warn(_ key: String, _ reason: String) {
        guard warnings.count < Self.maximumWarnings else { return }
        warnings.append(ScriptWarning(path: Self.component(key), reason: reason))
    }

    mutating func unknown(_ key: String) { warn(key, "unknown option, ignored") }

    /// Reads something that stands at `key` of the object being read.
    mutating func within<Result>(_ key: @autoclosure () -> String, _ read: (inout Findings) -> Result) -> Result {
        let (firstFault, firstWarning) = (faults.count, warnings.count)
        let result = read(&self)
        if faults.count > firstFault || warnings.count > firstWarning {
            let prefix = Self.component(key())
            for index in firstFault..<faults.count { faults[index].path = prefix + faults[index].path }
            for index in firstWarning..<warnings.count { warnings[index].path = prefix + warnings[index].path }
        }
        return result
    }

    /// Nil when nothing refuses `document`, which the paths start at; `prefix` is where it stands in a larger one.
    func refusal(of document: JSON, at prefix: String = "") -> ScriptRefusal? {
        guard !faults.isEmpty else { return nil }
        let ordered = DocumentOrder.sorted(faults, in: document)
        return ScriptRefusal(
            faults: ordered.map { fault in
                let path = prefix + fault.path
                return ScriptFault(path: path.isEmpty ? "/" : path, reason: fault.reason)
            })
    }

    /// `/key`, escaped as a JSON pointer wants it (RFC 6901 §3).
    static func component(_ key: String) -> String {
        guard key.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return "/" + key }
        return key.reduce(into: "/") { path, character in
            switch character {
            case "~": path += "~0"
            case "/": path += "~1"
            default: path.append(character)
            }
        }
    }
}
