import ArgumentParser
import ConfigFile
import WireJSON

/// `switchhook check`: is the configuration sound, and what is in force.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validates a configuration file and prints what is in force.",
        discussion: """
            Faults are written to standard error, each as file:line: path: reason, and the exit code is 1.

            Example:
              switchhook check --config Config/switchhook.yaml --set sip.listen=0.0.0.0:5060

            Keys of the file (--annotated prints them as a file to start from; single values can also be set by
            variables: sip.listen is SWITCHHOOK_SIP_LISTEN):
            \(ConfigDocumentation.keyTable())
            """)

    @OptionGroup var options: ConfigOptions

    @Flag(help: "Print the default file with every key explained, and stop.")
    var annotated = false

    @Flag(help: "Print one JSON object: file, valid, faults [{file, line, path, reason}].")
    var json = false

    func run() throws {
        if annotated { return Terminal.bytes(ConfigDocumentation.annotatedFile().utf8) }
        guard json else {
            let configuration = try options.load()
            return Terminal.bytes(configuration.effectiveText().utf8)
        }
        let faults = options.faults()
        Terminal.json([
            "file": JSON(options.file), "valid": .bool(faults.isEmpty), "faults": .array(faults.map(Self.json)),
        ])
        if !faults.isEmpty { throw ExitCode.failure }
    }

    private static func json(_ fault: ConfigFault) -> JSON {
        var object = JSONObject([("path", .string(fault.path)), ("reason", .string(fault.reason))])
        switch fault.origin {
        case .file(let file, let line):
            object["file"] = .string(file)
            object["line"] = JSON(line)
        case .environment, .commandLine:
            object["origin"] = .string(fault.origin.description)
        }
        return .object(object)
    }
}
