import Yams

/// A YAML document as this module reads it: text, lists and mappings, each with the line it starts at.
///
/// Scalars are text and nothing else, so that `0644` and `no` stay what was written.
struct ConfigNode: Sendable {
    indirect enum Content: Sendable {
        /// Nothing after the colon, `~` or `null`.
        case empty
        case text(String)
        case list([ConfigNode])
        case mapping([(key: String, line: Int, value: ConfigNode)])
    }
    var content: Content
    var origin: ConfigOrigin

    var kind: String {
        switch content {
        case .empty: "nothing"
        case .text: "text"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    /// Deepest nesting that is read; the schema needs seven.
    private static let maximumDepth = 32

    /// Parses one document; an empty one is an empty mapping.
    static func parse(_ yaml: String, file: String) throws(ConfigFaults) -> ConfigNode {
        let root: Node?
        do {
            root = try Parser(yaml: yaml, resolver: .basic, encoding: .utf8).singleRoot()
        } catch {
            throw ConfigFaults(faults: [fault(of: error, file: file)])
        }
        guard let root else { return ConfigNode(content: .mapping([]), origin: .file(file, line: 1)) }
        var faults: [ConfigFault] = []
        let node = convert(root, file: file, depth: 0, &faults)
        if !faults.isEmpty { throw ConfigFaults(faults: faults) }
        return node
    }

    private static func convert(_ node: Node, file: String, depth: Int, _ faults: inout [ConfigFault]) -> ConfigNode {
        let line = node.mark?.line ?? 1
        let origin = ConfigOrigin.file(file, line: line)
        guard depth < maximumDepth else {
            faults.append(ConfigFault(origin: origin, path: "", reason: "nested deeper than \(maximumDepth) levels"))
            return ConfigNode(content: .empty, origin: origin)
        }
        switch node {
        case .scalar(let scalar):
            let isEmpty = scalar.style == .plain && ["", "~", "null"].contains(scalar.string)
            return ConfigNode(content: isEmpty ? .empty : .text(scalar.string), origin: origin)
        case .sequence(let items):
            let list = items.map { convert($0, file: file, depth: depth + 1, &faults) }
            return ConfigNode(content: .list(list), origin: origin)
        case .mapping(let pairs):
            var mapping: [(key: String, line: Int, value: ConfigNode)] = []
            for (key, value) in pairs {
                guard case .scalar(let name) = key else {
                    faults.append(ConfigFault(origin: origin, path: "", reason: "a key must be plain text"))
                    continue
                }
                let keyLine = key.mark?.line ?? line
                mapping.append((name.string, keyLine, convert(value, file: file, depth: depth + 1, &faults)))
            }
            return ConfigNode(content: .mapping(mapping), origin: origin)
        case .alias(let alias):
            let reason = "unresolved alias \(alias.anchor)"
            faults.append(ConfigFault(origin: origin, path: "", reason: reason))
            return ConfigNode(content: .empty, origin: origin)
        }
    }

    private static func fault(of error: any Error, file: String) -> ConfigFault {
        func at(_ mark: Mark, _ path: String, _ reason: String) -> ConfigFault {
            ConfigFault(origin: .file(file, line: mark.line), path: path, reason: reason)
        }
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return at(mark, "", "not valid YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            return at(context.mark, keys.joined(separator: ", "), "given twice in one mapping")
        case .reader(let problem, _, _, _):
            return ConfigFault(origin: .file(file, line: 1), path: "", reason: "not valid UTF-8 text: \(problem)")
        case .some, .none:
            return ConfigFault(origin: .file(file, line: 1), path: "", reason: "cannot be parsed: \(error)")
        }
    }
}
