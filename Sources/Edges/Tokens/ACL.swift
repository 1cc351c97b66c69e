public import WireJSON

/// What a token may reach: rules that only allow, of which any one is enough (auth §3).
public struct ACL: Hashable, Sendable {
    private var rules: [Rule] = []

    /// The claim `acl`: `{"paths": {pattern: rule}}`.
    ///
    /// - Fails with: nil when it is anything else. A rule that cannot be understood allows nothing.
    public init?(_ json: JSON) {
        guard case .object(let paths)? = json["paths"] else { return nil }
        rules = paths.members.compactMap { Rule(pattern: $0.key, $0.value) }
    }

    /// - Parameter path: as in the request line; one that `RequestPath` refuses is never allowed.
    /// - Parameter fields: top-level members of the body and of the query, as text.
    public func allows(method: String, path: String, fields: [(name: String, value: String)] = []) -> Bool {
        guard let path = RequestPath(path) else { return false }
        return rules.contains { $0.admits(method) && $0.matches(path) && $0.isMet(by: fields) }
    }
}

private struct Rule: Hashable, Sendable {
    private var segments: [String]
    /// The pattern ended in `**`.
    private var takesRest: Bool
    /// Upper case; nil: all.
    private var methods: Set<String>?
    /// Allowed values by field.
    private var filters: [String: Set<String>]

    init?(pattern: String, _ json: JSON) {
        guard case .object(let rule) = json else { return nil }
        segments = pattern.split(separator: "/").map(String.init)
        takesRest = segments.last == "**"
        if takesRest { segments.removeLast() }
        guard !segments.contains("**") else { return nil }
        switch rule["methods"] {
        case nil: methods = nil
        case .array(let names): methods = Set(names.compactMap { $0.string?.uppercased() })
        default: return nil
        }
        filters = [:]
        switch rule["filters"] {
        case nil: break
        case .object(let fields):
            for (name, value) in fields.members {
                let values = if case .array(let items) = value { items } else { [value] }
                filters[name] = Set(values.map { $0.string ?? $0.text })
            }
        default: return nil
        }
    }

    func admits(_ method: String) -> Bool { methods?.contains(method.uppercased()) ?? true }

    func matches(_ path: RequestPath) -> Bool {
        guard takesRest ? path.segments.count >= segments.count : path.segments.count == segments.count else {
            return false
        }
        return zip(segments, path.segments).allSatisfy { $0 == "*" || $0 == $1 }
    }

    func isMet(by fields: [(name: String, value: String)]) -> Bool {
        filters.allSatisfy { filter in
            fields.contains { $0.name == filter.key && filter.value.contains($0.value) }
        }
    }
}
