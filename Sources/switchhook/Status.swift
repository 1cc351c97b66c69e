import ArgumentParser
import ConfigFile
import TestPhone
import WireJSON

/// `switchhook status`: what a running box is doing.
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what the running box is doing.",
        discussion: """
            Asks the control socket in the state folder. Exit code 1 when no box answers or it is not ready.

            Example:
              switchhook status --json
            """)

    @OptionGroup var options: ConfigOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let client = ControlClient(stateFolder: try options.load().store.path)
        let status: JSON
        do {
            status = try JSON(parsing: try await client.get("/control/status"))
        } catch {
            Terminal.complain("\(error)")
            throw ExitCode.failure
        }
        if json { Terminal.json(status) } else { Self.tell(status) }
        if status["ready"]?.bool != true { throw ExitCode.failure }
    }

    private static func tell(_ status: JSON) {
        let isReady = status["ready"]?.bool == true
        Terminal.line(isReady ? "ready" : "NOT READY")
        for reason in status["reasons"]?.array ?? [] { Terminal.line("  \(words(reason))") }
        let shown = (status.object?.members ?? []).filter { !["ready", "reasons"].contains($0.key) }
        Terminal.table(
            shown.map { key, value in ["  " + key.split(separator: "_").joined(separator: " "), words(value)] })
    }

    private static func words(_ value: JSON) -> String {
        switch value {
        case .null: "none"
        case .string(let text): text
        case .bool(let flag): flag ? "yes" : "no"
        case .array(let items): items.isEmpty ? "none" : items.map(words).joined(separator: ", ")
        case .object(let object): object.members.map { "\($0.key) \(words($0.value))" }.joined(separator: ", ")
        case .int, .double: value.text
        }
    }
}
