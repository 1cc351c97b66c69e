import ArgumentParser
import ConfigFile
import TestPhone
import WireJSON

/// `switchhook doctor`: what on this machine keeps calls from working.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Checks ports, sound, real-time limits, clock, disk, certificates, trunks and webhooks.",
        discussion: """
            Each problem comes with its fix. Exit code 1 when something will keep calls from working; warnings do not
            count.

            Example:
              switchhook doctor --config /etc/switchhook/switchhook.yaml
            """)

    @OptionGroup var options: ConfigOptions

    @Flag(help: "One JSON object a finding: area, verdict, text, fix.")
    var json = false

    func run() async throws {
        let configuration = try options.load()
        var failures = 0
        if !json { Terminal.line("ok       configuration  \(options.file ?? "defaults") is sound") }
        await Doctor(configuration: configuration).examine { finding in
            if finding.verdict == .failure { failures += 1 }
            if json { Terminal.json(Self.json(finding)) } else { Self.tell(finding) }
        }
        if failures > 0 { throw ExitCode.failure }
    }

    private static func json(_ finding: DoctorFinding) -> JSON {
        [
            "area": .string(finding.area), "verdict": .string(finding.verdict.rawValue), "text": .string(finding.text),
            "fix": JSON(finding.fix),
        ]
    }

    private static func tell(_ finding: DoctorFinding) {
        let verdict = finding.verdict.rawValue
        let area = finding.area + String(repeating: " ", count: max(0, 13 - finding.area.count))
        Terminal.line(verdict + String(repeating: " ", count: 9 - verdict.count) + area + "  " + finding.text)
        if let fix = finding.fix { Terminal.line("           fix: \(fix)") }
    }
}
