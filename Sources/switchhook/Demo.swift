import ArgumentParser
import ConfigFile
import Foundation
import Logging
import TestPhone
import WireJSON

/// `switchhook demo`: what `make run` does. Starts a backend and the box, places one call, shows the five steps.
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Starts a sample backend and the box, and shows one call going through all of it.",
        discussion: """
            Example:
              switchhook demo --config Config/switchhook.yaml --once
            """,
        shouldDisplay: false)

    @OptionGroup var options: ConfigOptions

    @Option(help: "The number that is called; its Application's answer_url must be on 127.0.0.1.")
    var number = "447700900000"

    @Flag(help: "Stop everything after the call; exit code 0 only after a complete flow.")
    var once = false

    func run() async throws {
        let configuration = try options.load()
        guard let port = configuration.backendPort(ofNumber: number) else {
            return try Self.fail("\(number) belongs to no Application with an answer_url on http://127.0.0.1:PORT")
        }
        let box = BoxProcess(options: options, stateFolder: configuration.store.path)
        let flow = DemoFlow(configuration: configuration, number: number, backendPort: port)
        let interrupt = Interrupt {
            Terminal.complain("stopping")
            box.terminate()
            // The box drains and ends; then this program does.
            box.waitUntilEnded()
            Foundation.exit(EXIT_SUCCESS)
        }
        do {
            try await flow.run(box, once: once)
        } catch {
            box.terminate()
            box.waitUntilEnded()
            interrupt.stop()
            return try Self.fail("\(error)")
        }
        if once {
            box.terminate()
            box.waitUntilEnded()
            return
        }
        Self.invite(configuration, number, box, backendPort: port)
        box.waitUntilEnded()
        interrupt.stop()
        try Self.fail("the box ended; see \(box.logPath)")
    }

    private static func invite(
        _ configuration: SwitchhookConfiguration, _ number: String, _ box: BoxProcess, backendPort: Int
    ) {
        let scheme = configuration.http.tlsCertificate == nil ? "http" : "https"
        let base = configuration.http.publicURL ?? "\(scheme)://\(configuration.http.listen)"
        Terminal.line()
        Terminal.line("The box is up; Ctrl-C ends it.")
        Terminal.table([
            ["  call it", "sip:\(number)@\(configuration.sip.listen)"], ["  console", "\(base)/"],
            ["  health", "\(base)/health"], ["  metrics", "\(base)/metrics"],
            ["  backend", "http://127.0.0.1:\(backendPort)"], ["  state", configuration.store.path],
            ["  log", box.logPath],
        ])
    }

    private static func fail(_ reason: String) throws {
        Terminal.complain("make run: \(reason)")
        throw ExitCode.failure
    }
}

extension SwitchhookConfiguration {
    /// Port of the loopback backend that is asked for calls to a number.
    func backendPort(ofNumber number: String) -> Int? {
        guard let name = numbers[number]?.application, let id = applicationID(named: name),
            let section = applications.first(where: { applicationID(named: $0.key) == id })?.value,
            let address = section.answerURL.address, let url = URLComponents(string: address), url.host == "127.0.0.1"
        else { return nil }
        return url.port ?? 80
    }
}
