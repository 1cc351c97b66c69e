/// The keys below one root, in the order they are documented.
struct Schema<Root: Sendable>: Sendable {
    let fields: [Field<Root>]

    init(_ fields: [Field<Root>]) { self.fields = fields }

    /// Reads a mapping; unknown keys, wrong types and values out of range become faults, the rest is kept.
    func decode(_ node: ConfigNode, at path: String, into root: inout Root, _ state: inout DecodeState) {
        decode(node, relative: "", at: path, into: &root, &state)
    }

    private func decode(
        _ node: ConfigNode, relative: String, at path: String, into root: inout Root, _ state: inout DecodeState
    ) {
        switch node.content {
        case .empty:
            return
        case .text, .list:
            state.fault(node, path, "expected a mapping, found \(node.kind)")
        case .mapping(let pairs):
            var seen: Set<String> = []
            for (key, line, value) in pairs {
                let place = path.isEmpty ? key : "\(path).\(key)"
                let inner = relative.isEmpty ? key : "\(relative).\(key)"
                if !key.contains("."), let field = field(named: inner) {
                    if seen.insert(field.path).inserted {
                        let canonical =
                            String(place.dropLast(key.count)) + (field.path.split(separator: ".").last ?? "")
                        field.decode(value, canonical, &root, &state)
                    } else {
                        let at = ConfigNode(content: .empty, origin: node.origin.at(line: line))
                        state.fault(at, place, "given twice (other spelling of \(field.path))")
                    }
                } else if !key.contains("."), fields.contains(where: { $0.path.hasPrefix(inner + ".") }) {
                    decode(value, relative: inner, at: place, into: &root, &state)
                } else {
                    let at = ConfigNode(content: .empty, origin: node.origin.at(line: line))
                    state.fault(at, place, "unknown key" + suggestion(for: key, below: relative))
                }
            }
        }
    }

    func field(named path: String) -> Field<Root>? {
        fields.first { field in
            if field.path == path { return true }
            guard !field.aliases.isEmpty else { return false }
            let prefix = field.path.split(separator: ".").dropLast().joined(separator: ".")
            return field.aliases.contains { (prefix.isEmpty ? $0 : "\(prefix).\($0)") == path }
        }
    }

    private func suggestion(for key: String, below relative: String) -> String {
        let prefix = relative.isEmpty ? "" : relative + "."
        let siblings = fields.filter { $0.path.hasPrefix(prefix) }
            .compactMap { $0.path.dropFirst(prefix.count).split(separator: ".").first.map(String.init) }
        return didYouMean(key, among: siblings)
    }

    func render(_ root: Root, at path: [String]) -> [RenderedValue] {
        fields.flatMap { field in field.render(root, path + field.path.split(separator: ".").map(String.init)) }
    }

    /// Documentation of the fields; `root` carries the defaults.
    func infos(of root: Root) -> [FieldInfo] {
        fields.map { field in
            let value = field.shape == .collection ? nil : field.render(root, [field.path]).first?.text
            return FieldInfo(
                path: field.path, doc: field.doc, type: field.type, defaultText: value,
                isReloadable: field.isReloadable)
        }
    }
}
