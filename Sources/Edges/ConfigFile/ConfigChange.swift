/// One value that differs between two configurations.
public struct ConfigChange: Sendable, Hashable, CustomStringConvertible {
    /// Dotted path of the key.
    public var path: String
    /// As the file would write it; nil: not set. Secrets are masked.
    public var old: String?
    public var new: String?
    /// Whether a reload may apply it; otherwise it waits for a restart.
    public var isReloadable: Bool

    public var description: String {
        let change = "\(path): \(old ?? "not set") → \(new ?? "not set")"
        return isReloadable ? change : change + " (needs a restart)"
    }
}

extension SwitchhookConfiguration {
    /// What a reload from this configuration to `next` would change, by path.
    public func changes(to next: SwitchhookConfiguration) -> [ConfigChange] {
        let before = rendered()
        let after = next.rendered()
        return Set(before.keys).union(after.keys).sorted().compactMap { path in
            let old = before[path]
            let new = after[path]
            guard old?.text != new?.text, let known = new ?? old else { return nil }
            return ConfigChange(
                path: path, old: old?.shownText, new: new?.shownText, isReloadable: known.isReloadable)
        }
    }

    /// What a reload puts in force: the reloadable parts of `next`, everything else as it runs.
    public func reloaded(with next: SwitchhookConfiguration) -> SwitchhookConfiguration {
        var result = self
        result.applications = next.applications
        result.numbers = next.numbers
        result.users = next.users
        result.trunks = next.trunks
        result.webhooks = next.webhooks
        result.log.level = next.log.level
        result.origins = next.origins
        return result
    }

    private func rendered() -> [String: RenderedValue] {
        let values = boxSchema.render(self, at: []).map { ($0.path, $0) }
        return Dictionary(values) { first, _ in first }
    }

    /// The values in force as YAML, secrets masked.
    public func effectiveText() -> String {
        var lines: [String] = []
        var open: [String] = []
        for value in boxSchema.render(self, at: []) {
            guard let text = value.shownText else { continue }
            let groups = Array(value.parts.dropLast())
            let shared = zip(open, groups).prefix { $0 == $1 }.count
            for depth in shared..<groups.count { lines.append(indent(depth) + keyText(groups[depth]) + ":") }
            open = groups
            lines.append(indent(groups.count) + keyText(value.parts[groups.count]) + ": " + text)
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

func indent(_ depth: Int) -> String { String(repeating: "  ", count: depth) }

/// A key, quoted when other readers of YAML would take it for a number.
func keyText(_ key: String) -> String {
    key.utf8.allSatisfy { (48...57).contains($0) } ? "\"\(key)\"" : quotedWhenNeeded(key)
}
