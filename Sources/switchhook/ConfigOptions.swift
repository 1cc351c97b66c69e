import ArgumentParser
import ConfigFile
import Foundation

/// Which configuration a command reads; the same on every command that needs one.
struct ConfigOptions: ParsableArguments {
    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "The configuration file. Without it: ./Config/switchhook.yaml, else /etc/switchhook/switchhook.yaml.",
            valueName: "file"))
    var config: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Overrides one value, such as sip.listen=0.0.0.0:5060; may be repeated.", valueName: "path=value"))
    var set: [String] = []

    static let places = ["Config/switchhook.yaml", "/etc/switchhook/switchhook.yaml"]

    /// The file that is read; nil when none is there: then the defaults apply.
    var file: String? { config ?? Self.places.first { FileManager.default.fileExists(atPath: $0) } }

    /// - Throws: after every fault has been written to standard error.
    func load() throws -> SwitchhookConfiguration {
        do {
            return try read()
        } catch {
            for fault in error.faults { Terminal.complain(fault.description) }
            throw ExitCode.failure
        }
    }

    /// Empty when the configuration can be used.
    func faults() -> [ConfigFault] {
        do {
            _ = try read()
            return []
        } catch {
            return error.faults
        }
    }

    private func read() throws(ConfigFaults) -> SwitchhookConfiguration { try source.read() }

    /// What a daemon keeps to read the same again.
    var source: ConfigSource { ConfigSource(file: file, overrides: set) }
}

/// Where a configuration is read from, at start and at each reload.
struct ConfigSource: Sendable {
    let file: String?
    let overrides: [String]

    func read() throws(ConfigFaults) -> SwitchhookConfiguration {
        try SwitchhookConfiguration.load(
            file: file, environment: ProcessInfo.processInfo.environment, overrides: overrides)
    }
}
