import ArgumentParser
import ConfigFile
import EdgeProtocols
import Foundation
import Logging
import TestPhone
import WireJSON

/// `switchhook call`: a scriptable SIP test phone.
struct Call: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Places one SIP call, speaks a file, keeps what it hears, prints the signalling with timings.",
        discussion: """
            Exit code 0 when the call was answered and ended normally. Interrupting hangs up.

            With --script the caller is a test: a JSON file of steps, each done or awaited before the next. Exit code 0 when
            every step passed.
              {"expect": "answer" | "sound" | "silence" | "tone" | "keys" | "words" | "hang_up",
               "within": seconds}
                 sound, silence and tone take "for": seconds; tone takes "hertz"; keys takes "keys";
                 words takes "words": English text, and "at_least": how many of its words must be heard (else 7 of 10)
              {"say": text, "language": tag}  {"play": file}  {"tone": hertz, "for": seconds}
              {"press": keys}  {"wait": seconds}  {"hang_up": true}

            Example:
              switchhook call 447700900000 --play question.wav --record answer.wav --duration 5
              switchhook call 447700900000 --script menu-test.json
              switchhook call sip:kiosk@192.0.2.7;transport=tcp --dtmf 12p3# --json
            """)

    @OptionGroup var options: ConfigOptions

    @Argument(help: ArgumentHelp("A number of the configured box, or a sip: URI.", valueName: "target"))
    var target: String

    @Option(help: ArgumentHelp("The calling number.", valueName: "number"))
    var from = "441632960000"

    @Option(help: ArgumentHelp("WAV, MP3 or OGG file to speak once answered.", valueName: "file"))
    var play: String?

    @Option(help: ArgumentHelp("WAV file for what is heard.", valueName: "file"))
    var record: String?

    @Option(help: ArgumentHelp("Keys to press after --play; p is a pause of half a second.", valueName: "keys"))
    var dtmf = ""

    @Option(help: ArgumentHelp("JSON file of what the caller does and expects.", valueName: "file"))
    var script: String?

    @Option(
        help: ArgumentHelp("Hang up so long after the answer; else when the other side does.", valueName: "seconds"))
    var duration: Double?

    @Option(help: ArgumentHelp("How long it may ring.", valueName: "seconds"))
    var timeout = 60.0

    @Option(
        help: ArgumentHelp(
            "Codecs in order of preference: opus, g722, pcmu, pcma, l16/8000, l16/16000.", valueName: "names"))
    var codecs = "pcmu,pcma"

    @Option(help: "udp or tcp; a URI says it itself.")
    var transport = "udp"

    @Flag(help: "Print one JSON object when the call is over instead of the ladder.")
    var json = false

    func validate() throws {
        guard ["udp", "tcp"].contains(transport) else { throw ValidationError("--transport takes udp or tcp") }
        guard dtmf.allSatisfy({ "0123456789*#ABCDabcdp".contains($0) }) else {
            throw ValidationError("--dtmf takes 0-9 * # A-D and p")
        }
        guard script == nil || (play == nil && dtmf.isEmpty && duration == nil) else {
            throw ValidationError("--script says itself what is played and pressed, and when it hangs up")
        }
        guard duration ?? 0 >= 0, timeout > 0 else { throw ValidationError("times are not negative") }
    }

    func run() async throws {
        var call = TestCall(target: target)
        let configuration = try options.load()
        call.registrar = configuration.localSIP
        call.recogniserModel = configuration.speech.model
        call.from = from
        call.play = play
        call.record = record
        call.digits = dtmf
        if let script { try Self.read(script, into: &call) }
        call.duration = duration.map { .milliseconds(Int64($0 * 1000)) }
        call.patience = .milliseconds(Int64(timeout * 1000))
        call.codecs = codecs.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        call.transport = SIPTransport(rawValue: transport) ?? .udp
        let report = try await Self.place(call, isQuiet: json)
        if json { Terminal.json(report.json) } else { Self.tell(report) }
        if !report.isSuccess { throw ExitCode.failure }
    }

    private static func read(_ path: String, into call: inout TestCall) throws {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            Terminal.complain("\(path) cannot be read")
            throw ExitCode.failure
        }
        do {
            call.script = try CallScript(parsing: bytes)
        } catch {
            Terminal.complain("\(path): \(error)")
            throw ExitCode.failure
        }
        call.scriptFolder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    }

    /// Runs a call; an interrupt hangs up.
    private static func place(_ call: TestCall, isQuiet: Bool) async throws -> TestCallReport {
        var logger = Logger(label: "call") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .error
        let task = Task { [logger] in
            try await call.run(logger: logger) { step in
                if !isQuiet { Terminal.line(line(step)) }
            } onScriptStep: { step in
                if !isQuiet { Terminal.line(line(step)) }
            }
        }
        let interrupt = Interrupt { task.cancel() }
        defer { interrupt.stop() }
        do {
            return try await task.value
        } catch {
            Terminal.complain("\(error)")
            throw ExitCode.failure
        }
    }

    static func line(_ step: TestCallStep) -> String {
        let arrow =
            switch step.direction {
            case .sent: "──▶"
            case .received: "◀──"
            case .local: " · "
            }
        return "\(milliseconds(step.elapsed)) ms  \(arrow)  \(step.text)"
    }

    static func line(_ step: ScriptStepReport) -> String {
        let mark = step.failure == nil ? " ✓ " : " ✗ "
        return "\(milliseconds(step.elapsed)) ms  \(mark)  \(step.step)" + (step.failure.map { ": \($0)" } ?? "")
    }

    private static func tell(_ report: TestCallReport) {
        let facts = [
            report.codec.map { "codec \($0)" },
            report.firstAudioAfter.map {
                "first sound after \(milliseconds($0).trimmingCharacters(in: .whitespaces)) ms"
            },
            "\(report.packetsSent) packets sent, \(report.packetsReceived) heard, \(report.packetsLost) lost",
            report.heardLevel.map { "\(report.heardSeconds) s at \($0) dBFS" },
            report.digitsHeard.isEmpty ? nil : "keys heard: \(report.digitsHeard)",
        ]
        Terminal.line(facts.compactMap(\.self).joined(separator: "; "))
        Terminal.line(report.endingText)
    }

    /// `   12.3`
    static func milliseconds(_ duration: Duration) -> String {
        let tenths = Int((duration / .microseconds(100)).rounded())
        let text = "\(tenths / 10).\(tenths % 10)"
        return String(repeating: " ", count: max(0, 8 - text.count)) + text
    }
}

extension SwitchhookConfiguration {
    /// Where the box's SIP is reached from this machine.
    var localSIP: NetworkAddress {
        switch sip.listen.host {
        case "0.0.0.0": NetworkAddress(host: "127.0.0.1", port: sip.listen.port)
        case "::": NetworkAddress(host: "::1", port: sip.listen.port)
        default: sip.listen
        }
    }
}
