extension SwitchhookConfiguration {
    /// Reads a configuration: defaults, then the file, then `SWITCHHOOK_<PATH>` variables, then `path=value` overrides.
    ///
    /// - Parameter file: nil gives the defaults with overrides.
    /// - Throws: every fault at once, in the order of the file.
    public static func load(
        file: String?, environment: [String: String] = [:], overrides: [String] = []
    ) throws(ConfigFaults) -> SwitchhookConfiguration {
        guard let file else { return try load(yaml: "", file: nil, environment: environment, overrides: overrides) }
        let text: String
        do {
            text = try readText(file)
        } catch {
            throw ConfigFaults(
                faults: [ConfigFault(origin: .file(file, line: 0), path: "", reason: error.reason)])
        }
        return try load(yaml: text, file: file, environment: environment, overrides: overrides)
    }

    /// The same from text already read; `file` names it in faults and is where its relative paths start.
    static func load(
        yaml: String, file: String?, environment: [String: String] = [:], overrides: [String] = []
    ) throws(ConfigFaults) -> SwitchhookConfiguration {
        let name = file ?? "defaults"
        let document = try ConfigNode.parse(yaml, file: name)
        var state = DecodeState(folder: folder(of: name))
        var configuration = SwitchhookConfiguration()
        configuration.file = file
        if let folder = environment["STATE_DIRECTORY"]?.split(separator: ":").first {
            configuration.store.path = String(folder)
        }
        boxSchema.decode(document, at: "", into: &configuration, &state)
        apply(environment: environment, to: &configuration, &state)
        apply(overrides: overrides, to: &configuration, &state)
        configuration.origins = state.origins
        state.faults += configuration.contradictions()
        if !state.faults.isEmpty { throw ConfigFaults(faults: state.faults) }
        return configuration
    }

    static let variablePrefix = "SWITCHHOOK_"

    private static func apply(
        environment: [String: String], to configuration: inout Self, _ state: inout DecodeState
    ) {
        let scalars = boxSchema.fields.filter { $0.shape != .collection }
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix(variablePrefix) {
            let node = ConfigNode(content: .text(value), origin: .environment(name))
            if let field = scalars.first(where: { variableName(of: $0.path) == name }) {
                field.decode(node, field.path, &configuration, &state)
            } else {
                let hint = didYouMean(name, among: scalars.map { variableName(of: $0.path) })
                state.fault(node, "", "no such setting" + hint)
            }
        }
    }

    private static func apply(overrides: [String], to configuration: inout Self, _ state: inout DecodeState) {
        for override in overrides {
            let parts = override.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let path = String(parts[0])
            let node = ConfigNode(content: .text(parts.count == 2 ? String(parts[1]) : ""), origin: .commandLine)
            if parts.count != 2 {
                state.fault(node, path, "expected path=value")
            } else if let field = boxSchema.field(named: path), field.shape != .collection {
                field.decode(node, path, &configuration, &state)
            } else if let section = path.split(separator: ".").first.map(String.init),
                boxSchema.field(named: section)?.shape == .collection
            {
                state.fault(node, path, "\(section) can only be set in the file")
            } else {
                let known = boxSchema.fields.filter { $0.shape != .collection }.map(\.path)
                state.fault(node, path, "unknown key" + didYouMean(path, among: known))
            }
        }
    }

    /// `sip.listen` → `SWITCHHOOK_SIP_LISTEN`
    static func variableName(of path: String) -> String {
        variablePrefix + path.uppercased().split(separator: ".").joined(separator: "_")
    }

    private static func folder(of file: String) -> String {
        guard let slash = file.lastIndex(of: "/") else { return "." }
        return slash == file.startIndex ? "/" : String(file[..<slash])
    }
}
