/// Texts made of the schema table.
public enum ConfigDocumentation {
    /// `Config/switchhook.yaml`: every key with its meaning and default, and a sample that runs.
    public static func annotatedFile() -> String {
        var lines = """
            # Switchhook configuration.
            #
            # Keys behind a # show their default; ## explains them. Times carry a unit (250ms, 12s, 7d), sizes may
            # (64MiB). A list may be written as one text with commas. Any single value can be overridden by a variable
            # (sip.listen: SWITCHHOOK_SIP_LISTEN) or by --set sip.listen=0.0.0.0:5060; applications, numbers, users and
            # trunks only here.
            # Keys marked "reload" are read again at SIGHUP; a file with a fault then changes nothing.
            # Check it with: switchhook check --config FILE
            """.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for section in sections {
            lines.append("")
            if let doc = groupDocs[section.name] { lines.append("# \(doc)") }
            if section.isCollection {
                lines += ["\(section.name):", "  # Each of them may have:"]
                lines += commented(section.keys, indentation: "  ", nesting: 1) + (sampleSections[section.name] ?? [])
            } else if section.keys.first?.path == section.name {
                lines += commented(section.keys, indentation: "")
            } else {
                lines += ["\(section.name):"] + commented(section.keys, indentation: "  ")
            }
        }
        return lines.map(\.withoutTrailingBlanks).joined(separator: "\n") + "\n"
    }

    /// One line a key, for `--help`.
    public static func keyTable() -> String {
        boxSchema.infos(of: SwitchhookConfiguration()).flatMap { info -> [String] in
            let elements = boxSchema.field(named: info.path)?.elements ?? []
            if elements.isEmpty { return [line(info, prefix: "")] }
            return elements.map { line($0, prefix: info.path + ".*.") }
        }.joined(separator: "\n")
    }

    private static func line(_ info: FieldInfo, prefix: String) -> String {
        let fallback = info.defaultText.map { ", default \($0)" } ?? ""
        return "\(prefix)\(info.path) (\(info.type)\(fallback)): \(info.doc)"
    }

    private struct Section {
        var name: String
        var isCollection: Bool
        /// Paths are relative to the section, or to one element of a collection.
        var keys: [FieldInfo]
    }

    private static var sections: [Section] {
        var sections: [Section] = []
        for (field, info) in zip(boxSchema.fields, boxSchema.infos(of: SwitchhookConfiguration())) {
            let name = field.path.split(separator: ".").first.map(String.init) ?? field.path
            if field.shape == .collection {
                sections.append(Section(name: name, isCollection: true, keys: field.elements))
                continue
            }
            var key = info
            if field.path != name { key.path.removeFirst(name.utf8.count + 1) }
            if sections.last?.name != name { sections.append(Section(name: name, isCollection: false, keys: [])) }
            sections[sections.count - 1].keys.append(key)
        }
        return sections
    }

    /// Keys behind `#`, nested by their paths, each below its explanation behind `##`.
    private static func commented(_ infos: [FieldInfo], indentation: String, nesting: Int = 0) -> [String] {
        var lines: [String] = []
        var open: [String] = []
        func add(_ mark: String, _ depth: Int, _ text: String) {
            lines.append(indentation + mark + indent(depth + nesting) + text)
        }
        for info in infos {
            let parts = info.path.split(separator: ".").map(String.init)
            let groups = Array(parts.dropLast())
            let shared = zip(open, groups).prefix { $0 == $1 }.count
            for level in shared..<groups.count { add("# ", level, groups[level] + ":") }
            open = groups
            let marks = info.isReloadable ? "\(info.type); reload" : info.type
            add("## ", groups.count, "\(info.doc) (\(marks))")
            add("# ", groups.count, parts[groups.count] + ":" + (info.defaultText.map { " " + $0 } ?? ""))
        }
        return lines
    }
}

/// What makes the default file run as it is: a sample Application at the sample backend, its number, the box's own
/// sound card as a user.
private let sampleSections: [String: [String]] = [
    "applications": [
        "  sample:",
        "    capabilities:",
        "      voice:",
        "        webhooks:",
        "          answer_url: {address: \"http://127.0.0.1:9090/answer\"}",
        "          event_url: {address: \"http://127.0.0.1:9090/event\"}",
        "      rtc:",
        "        webhooks:",
        "          event_url: {address: \"http://127.0.0.1:9090/rtc\"}",
    ],
    "numbers": ["  \"447700900000\": {application: sample}"],
    "users": [
        "  kiosk:",
        "    display_name: Kiosk",
        "    device: {playback: [default, none], capture: [default, none]}",
        "    auto_answer: true",
    ],
]

extension String {
    fileprivate var withoutTrailingBlanks: String {
        var text = Substring(self)
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
