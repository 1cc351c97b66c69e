import ArgumentParser
import ConfigFile
import SwitchhookDaemon

/// `switchhook serve`: the daemon.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the box until SIGTERM.",
        discussion: """
            SIGHUP reads numbers, applications, users, trunks, webhooks and the log level again. SIGTERM lets running
            calls end (drain_timeout) and exits 0; a second one ends at once.

            Example:
              switchhook serve --config Config/switchhook.yaml --set http.listen=127.0.0.1:8081
            """)

    @OptionGroup var options: ConfigOptions

    func run() async throws {
        let configuration = try options.load()
        LogOutput.install(configuration.log)
        let source = options.source
        let daemon = Daemon(configuration: configuration) { () throws(ConfigFaults) in try source.read() }
        do {
            try await daemon.run()
        } catch {
            Terminal.complain("switchhook: \(error)")
            throw ExitCode.failure
        }
    }
}
