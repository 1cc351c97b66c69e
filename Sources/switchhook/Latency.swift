import ArgumentParser
import ConfigFile
import Foundation
import LatencyLab
import Logging
import SoundDevice
import TestPhone

/// `switchhook latency`: how late sound is, and where that comes from.
struct Latency: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency",
        abstract: "Measures delay with sweeps: median, error bar, stages.",
        discussion: """
            Example:
              switchhook latency loop --device card:PCH
              switchhook latency call 447700900000
            """,
        subcommands: [LatencyLoop.self, LatencyCall.self])
}

/// `switchhook latency loop`: through a card's loudspeaker and its own microphone.
struct LatencyLoop: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "loop",
        abstract: "The delay through a sound device whose microphone hears its own loudspeaker.",
        discussion: """
            Plays a sweep twice a second and looks for it in what is captured; a cable from output to input gives the
            card's own figure, loudspeaker and microphone add the air (3 ms a metre). Exit code 1 when no sweep was heard.

            Example:
              switchhook latency loop --device card:PCH --period 5 --sweeps 20
              switchhook latency loop --device hw:1,0 --json
            """)

    @Option(help: ArgumentHelp("PCM or card:ID that plays and captures.", valueName: "name"))
    var device: String

    @Option(help: ArgumentHelp("Another PCM that captures.", valueName: "name"))
    var capture: String?

    @Option(help: ArgumentHelp("2.5 to 40.", valueName: "milliseconds"))
    var period = 10.0

    @Option(help: ArgumentHelp("Periods queued for playback, 2 to 8.", valueName: "count"))
    var periods = 2

    @Option(help: ArgumentHelp("1 to 1000.", valueName: "count"))
    var sweeps = 10

    @Flag(help: "Print one JSON object: delay_ms, error_ms, stages, each delay.")
    var json = false

    func validate() throws {
        guard (2.5...40).contains(period) else { throw ValidationError("--period takes 2.5 to 40 ms") }
        guard (2...8).contains(periods) else { throw ValidationError("--periods takes 2 to 8") }
        guard (1...1000).contains(sweeps) else { throw ValidationError("--sweeps takes 1 to 1000") }
    }

    func run() throws {
        var meter = LoopMeter(
            configuration: SoundDeviceConfiguration(
                playback: [device], capture: [capture ?? device], periodMicroseconds: Int(period * 1000),
                periods: periods))
        meter.sweeps = sweeps
        let report: LatencyReport
        do {
            report = try meter.run()
        } catch {
            Terminal.complain("\(error.code.rawValue): \(error.detail)")
            throw ExitCode.failure
        }
        if json { Terminal.json(report.json) } else { for line in report.text { Terminal.line(line) } }
        if !report.isHeard { throw ExitCode.failure }
    }
}

/// `switchhook latency call`: through a call and back.
struct LatencyCall: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call",
        abstract: "The delay through a call to a far end that gives back what it hears.",
        discussion: """
            The far end may be a user whose device is echo, or one whose microphone hears its loudspeaker. Counted from
            speaking a sample here to having its packet back; this end adds no device and no playout buffer. Exit code 1
            when no sweep came back.

            Example:
              switchhook latency call 447700900000 --codecs opus
              switchhook latency call sip:echo@192.0.2.7 --sweeps 20 --json
            """)

    @OptionGroup var options: ConfigOptions

    @Argument(help: ArgumentHelp("A number of the configured box, or a sip: URI.", valueName: "target"))
    var target: String

    @Option(help: ArgumentHelp("Codecs in order of preference: opus, pcmu, pcma.", valueName: "names"))
    var codecs = "opus,pcmu,pcma"

    @Option(help: ArgumentHelp("The calling number.", valueName: "number"))
    var from = "441632960000"

    @Option(help: ArgumentHelp("1 to 600, one a second.", valueName: "count"))
    var sweeps = 10

    @Flag(help: "Print one JSON object: delay_ms, error_ms, stages, each delay.")
    var json = false

    func validate() throws {
        guard (1...600).contains(sweeps) else { throw ValidationError("--sweeps takes 1 to 600") }
    }

    func run() async throws {
        var call = TestCall(target: target)
        call.registrar = try options.load().localSIP
        call.from = from
        call.codecs = codecs.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        var logger = Logger(label: "latency") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .error
        var meter = CallMeter(call: call)
        meter.sweeps = sweeps
        let task = Task { [logger, meter] in try await meter.run(logger: logger) }
        let interrupt = Interrupt { task.cancel() }
        defer { interrupt.stop() }
        let report: LatencyReport
        do {
            report = try await task.value
        } catch {
            Terminal.complain("\(error)")
            throw ExitCode.failure
        }
        if json { Terminal.json(report.json) } else { for line in report.text { Terminal.line(line) } }
        if !report.isHeard { throw ExitCode.failure }
    }
}
