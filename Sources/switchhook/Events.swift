import ArgumentParser
import ConfigFile
import TestPhone
import WireJSON

/// `switchhook events`: the box's log of events.
struct Events: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints stored events, those of ended Conversations included.",
        discussion: """
            With --json one object a line: position, stream, conversation_id, id, type, timestamp, body.

            Example:
              switchhook events --follow
              switchhook events --conversation CON-… --json
            """)

    @OptionGroup var options: ConfigOptions

    @Option(help: ArgumentHelp("Only events of this Conversation.", valueName: "id"))
    var conversation: String?

    @Option(help: ArgumentHelp("Only events after this position; now: only new ones.", valueName: "position"))
    var since: String?

    @Flag(name: [.short, .long], help: "Go on with new events until interrupted.")
    var follow = false

    @Flag(help: "One JSON object a line.")
    var json = false

    func validate() throws {
        if let since, since != "now", (Int64(since) ?? -1) < 0 {
            throw ValidationError("--since takes a position or now")
        }
        if let conversation, !conversation.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }) {
            throw ValidationError("--conversation takes an id such as CON-…")
        }
    }

    func run() async throws {
        let client = ControlClient(stateFolder: try options.load().store.path)
        let query = [
            conversation.map { "conversation=\($0)" }, since.map { "since=\($0)" }, follow ? "follow=true" : nil,
        ].compactMap(\.self)
        do {
            try await client.lines("/control/events" + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))) {
                line in
                if json { Terminal.bytes(line + [UInt8(ascii: "\n")]) } else { Self.tell(line) }
                return true
            }
        } catch {
            Terminal.complain("\(error)")
            throw ExitCode.failure
        }
    }

    private static func tell(_ line: ArraySlice<UInt8>) {
        guard let event = try? JSON(parsing: line) else { return Terminal.bytes(line + [UInt8(ascii: "\n")]) }
        let position = event["position"]?.int.map(String.init) ?? "?"
        let id = event["id"]?.int.map(String.init) ?? "-"
        let cells = [
            position, event["timestamp"]?.string ?? "", event["stream"]?.string ?? "", id,
            event["conversation_id"]?.string ?? "-", event["type"]?.string ?? "",
        ]
        Terminal.line(cells.joined(separator: "  "))
    }
}
