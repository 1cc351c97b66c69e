import ArgumentParser

/// The one executable: argument parsing and terminal output only.
@main
struct Switchhook: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "switchhook",
        abstract: "A real-time media and call bridge: phones, apps and the box's own sound card in one conversation.",
        discussion: """
            First steps:
              switchhook backend &                        a receiver for answer_url and event_url
              switchhook serve --config Config/switchhook.yaml
              switchhook call 447700900000                places a call to it
              switchhook doctor                           says what is missing on this machine
            """,
        version: version,
        subcommands: [
            Serve.self, Check.self, NCCO.self, Call.self, Backend.self, Demo.self, Devices.self, DoctorCommand.self,
            Latency.self, Token.self, Status.self, Events.self,
        ])

    static let version = "0.1.0"
}
