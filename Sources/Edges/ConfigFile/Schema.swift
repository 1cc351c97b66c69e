/// One key of the schema table: where it is written, what it takes, where its value goes.
///
/// `Root` is the whole configuration, or one element of a keyed collection (`users.*`).
struct Field<Root: Sendable>: Sendable {
    /// Dotted and relative to the root: `sip.listen`.
    let path: String
    /// Further spellings of the last component.
    var aliases: [String] = []
    /// What a reader needs to know to set it; one line.
    let doc: String
    let type: String
    let isReloadable: Bool
    let isSecret: Bool
    let shape: FieldShape
    let decode: @Sendable (ConfigNode, _ path: String, inout Root, inout DecodeState) -> Void
    /// Every scalar below the key with its full path, as the file would write it.
    let render: @Sendable (Root, _ path: [String]) -> [RenderedValue]
    /// Of a keyed collection: the keys of one element.
    let elements: [FieldInfo]
}

enum FieldShape: Sendable {
    case scalar, list, collection
}

/// A field without its root, for documentation.
struct FieldInfo: Sendable {
    var path: String
    var doc: String
    var type: String
    var defaultText: String?
    var isReloadable: Bool
}

/// One value in force.
struct RenderedValue: Sendable, Hashable {
    /// A key the user chose may hold a dot, so the parts are kept apart.
    var parts: [String]
    /// As the file would write it; nil: not set.
    var text: String?
    var isReloadable: Bool
    var isSecret: Bool

    var path: String { parts.joined(separator: ".") }
    /// `text` for people's eyes.
    var shownText: String? { isSecret && text != nil ? "\"***\"" : text }
}

/// What decoding collects on its way.
struct DecodeState: Sendable {
    var faults: [ConfigFault] = []
    var origins: [String: ConfigOrigin] = [:]
    /// Folder of the configuration file: files named in it are relative to it.
    var folder: String

    init(folder: String) { self.folder = folder }

    /// A path as this process can open it; what the environment or the command line names is taken as it is.
    func resolve(_ path: String, _ origin: ConfigOrigin) -> String {
        guard case .file = origin, !path.isEmpty, !path.hasPrefix("/") else { return path }
        return "\(folder)/\(path)"
    }

    mutating func fault(_ node: ConfigNode, _ path: String, _ reason: String) {
        faults.append(ConfigFault(origin: node.origin, path: path, reason: reason))
    }
}

typealias SendableKeyPath<Root, Value> = any WritableKeyPath<Root, Value> & Sendable

extension Field {
    /// A key with one value.
    static func scalar<Value>(
        _ path: String, _ target: SendableKeyPath<Root, Value>, _ type: ValueType<Value>, aliases: [String] = [],
        reloadable: Bool = false, secret: Bool = false, _ doc: String
    ) -> Self {
        oneValue(
            path, type, aliases, reloadable, secret, doc, set: { $0[keyPath: target] = $1 },
            get: { $0[keyPath: target] })
    }

    /// A key with one value or none.
    static func optional<Value>(
        _ path: String, _ target: SendableKeyPath<Root, Value?>, _ type: ValueType<Value>, reloadable: Bool = false,
        secret: Bool = false, _ doc: String
    ) -> Self {
        oneValue(
            path, type, [], reloadable, secret, doc, set: { $0[keyPath: target] = $1 }, get: { $0[keyPath: target] })
    }

    private static func oneValue<Value>(
        _ path: String, _ type: ValueType<Value>, _ aliases: [String], _ reloadable: Bool, _ secret: Bool,
        _ doc: String, set: @escaping @Sendable (inout Root, Value) -> Void, get: @escaping @Sendable (Root) -> Value?
    ) -> Self {
        Self(
            path: path, aliases: aliases, doc: doc, type: type.description, isReloadable: reloadable, isSecret: secret,
            shape: .scalar,
            decode: { node, path, root, state in
                guard case .text(let text) = node.content else {
                    if case .empty = node.content { return }
                    return state.fault(node, path, "expected \(type.description), found \(node.kind)")
                }
                let resolved = type.isFile ? state.resolve(text, node.origin) : text
                guard let value = type.parse(resolved) else {
                    let found = secret ? "another value" : quoted(text)
                    return state.fault(node, path, "expected \(type.description), found \(found)")
                }
                if type.isFile, let reason = whyUnreadable(resolved) {
                    return state.fault(node, path, "cannot read \(resolved): \(reason)")
                }
                set(&root, value)
                state.origins[path] = node.origin
            },
            render: { root, path in
                let text = get(root).map { quotedWhenNeeded(type.print($0)) }
                return [RenderedValue(parts: path, text: text, isReloadable: reloadable, isSecret: secret)]
            }, elements: [])
    }

    /// The same key as part of a larger root.
    func embedded<Outer: Sendable>(at prefix: String, _ target: SendableKeyPath<Outer, Root>) -> Field<Outer> {
        Field<Outer>(
            path: "\(prefix).\(path)", aliases: aliases, doc: doc, type: type, isReloadable: isReloadable,
            isSecret: isSecret, shape: shape,
            decode: { node, path, root, state in decode(node, path, &root[keyPath: target], &state) },
            render: { root, path in render(root[keyPath: target], path) }, elements: elements)
    }

    /// A key with several values of one type: a YAML list, or one text with commas.
    static func list<Value>(
        _ path: String, _ target: SendableKeyPath<Root, [Value]>, _ type: ValueType<Value>, reloadable: Bool = false,
        _ doc: String
    ) -> Self {
        Self(
            path: path, doc: doc, type: "list of \(type.description)", isReloadable: reloadable, isSecret: false,
            shape: .list,
            decode: { node, path, root, state in
                let items: [ConfigNode]
                switch node.content {
                case .empty: return
                case .list(let list): items = list
                case .text(let text):
                    items = text.split(separator: ",").map {
                        ConfigNode(content: .text($0.trimmingBlanks), origin: node.origin)
                    }
                case .mapping:
                    state.fault(node, path, "expected list of \(type.description), found a mapping")
                    return
                }
                var values: [Value] = []
                for (index, item) in items.enumerated() {
                    guard case .text(let text) = item.content, let value = type.parse(text) else {
                        let found = if case .text(let text) = item.content { quoted(text) } else { item.kind }
                        state.fault(item, "\(path).\(index)", "expected \(type.description), found \(found)")
                        continue
                    }
                    values.append(value)
                }
                root[keyPath: target] = values
                state.origins[path] = node.origin
            },
            render: { root, path in
                let texts = root[keyPath: target].map { quotedWhenNeeded(type.print($0)) }
                let text = texts.isEmpty ? nil : "[\(texts.joined(separator: ", "))]"
                return [RenderedValue(parts: path, text: text, isReloadable: reloadable, isSecret: false)]
            }, elements: [])
    }

    /// A mapping whose keys the user chooses, with one scalar each.
    static func mapping<Value>(
        _ path: String, _ target: SendableKeyPath<Root, [String: Value]>, _ type: ValueType<Value>,
        reloadable: Bool = false, _ doc: String
    ) -> Self {
        let description = "mapping of name to \(type.description)"
        return Self(
            path: path, doc: doc, type: description, isReloadable: reloadable, isSecret: false, shape: .list,
            decode: { node, path, root, state in
                switch node.content {
                case .empty: return
                case .text, .list: state.fault(node, path, "expected \(description), found \(node.kind)")
                case .mapping(let pairs):
                    for (key, _, item) in pairs {
                        guard case .text(let text) = item.content, let value = type.parse(text) else {
                            let found = if case .text(let text) = item.content { quoted(text) } else { item.kind }
                            state.fault(item, "\(path).\(key)", "expected \(type.description), found \(found)")
                            continue
                        }
                        root[keyPath: target][key] = value
                    }
                    state.origins[path] = node.origin
                }
            },
            render: { root, path in
                let pairs = root[keyPath: target].sorted { $0.key < $1.key }.map {
                    "\(quotedWhenNeeded($0.key)): \(quotedWhenNeeded(type.print($0.value)))"
                }
                let text = pairs.isEmpty ? nil : "{\(pairs.joined(separator: ", "))}"
                return [RenderedValue(parts: path, text: text, isReloadable: reloadable, isSecret: false)]
            }, elements: [])
    }

    /// A mapping whose keys the user chooses; each value follows `schema`.
    static func collection<Element: Sendable>(
        _ path: String, _ target: SendableKeyPath<Root, [String: Element]>, _ schema: Schema<Element>,
        empty: @escaping @Sendable () -> Element, key keyRule: @escaping @Sendable (String) -> String?, _ doc: String
    ) -> Self {
        Self(
            path: path, doc: doc, type: "mapping", isReloadable: true, isSecret: false, shape: .collection,
            decode: { node, path, root, state in
                switch node.content {
                case .empty: return
                case .text, .list:
                    state.fault(node, path, "expected a mapping keyed by name, found \(node.kind)")
                case .mapping(let pairs):
                    for (key, line, value) in pairs {
                        let place = "\(path).\(key)"
                        if let reason = keyRule(key) {
                            let at = ConfigNode(content: .text(key), origin: node.origin.at(line: line))
                            state.fault(at, place, reason)
                            continue
                        }
                        var element = empty()
                        state.origins[place] = node.origin.at(line: line)
                        schema.decode(value, at: place, into: &element, &state)
                        root[keyPath: target][key] = element
                    }
                }
            },
            render: { root, path in
                root[keyPath: target].sorted { $0.key < $1.key }
                    .flatMap { schema.render($0.value, at: path + [$0.key]) }
            },
            elements: schema.infos(of: empty()))
    }
}

extension ConfigOrigin {
    func at(line: Int) -> ConfigOrigin {
        if case .file(let path, _) = self { .file(path, line: line) } else { self }
    }
}
