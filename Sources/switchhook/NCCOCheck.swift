import ArgumentParser
import CLinux
import Foundation
import NCCO
import WireJSON

/// `switchhook ncco`: call scripts.
struct NCCO: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ncco", abstract: "Works on call scripts.", subcommands: [NCCOCheck.self])
}

/// `switchhook ncco check`: every fault of a script with the JSON pointer to it.
struct NCCOCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Validates call scripts.",
        discussion: """
            Exit code 1 when any is invalid. Warnings name what is tolerated.

            Example:
              switchhook ncco check Config/scripts/welcome.json
              switchhook ncco check --json script.json
            """)

    @Argument(help: ArgumentHelp("JSON files; - is standard input.", valueName: "file"))
    var files: [String]

    @Flag(help: "One JSON object a file: file, valid, faults [{path, reason}], warnings.")
    var json = false

    @Option(help: ArgumentHelp("Bench: checks every file so many times.", visibility: .hidden))
    var rounds: Int?

    func run() throws {
        if let rounds { return try Self.measure(files, rounds: rounds) }
        var isSound = true
        for file in files {
            let result = Self.check(file)
            isSound = isSound && result.faults.isEmpty
            if json { Terminal.json(result.json) } else { result.tell() }
        }
        if !isSound { throw ExitCode.failure }
    }

    /// What reading and validating cost by themselves: CPU of this thread.
    private static func measure(_ files: [String], rounds: Int) throws {
        let documents = try files.map { file in
            guard let content = FileManager.default.contents(atPath: file) else {
                throw ValidationError("\(file) cannot be read")
            }
            return [UInt8](content)
        }
        var actions = 0
        let before = swh_thread_cpu_ns()
        for _ in 0..<rounds {
            for document in documents { actions += try Script.parse(document).actions.count }
        }
        let seconds = Double(swh_thread_cpu_ns() - before) / 1e9
        Terminal.json([
            "documents": .int(Int64(rounds * documents.count)), "actions": .int(Int64(actions)),
            "seconds": .double(seconds),
        ])
    }

    private static func check(_ file: String) -> Result {
        let content =
            file == "-" ? FileHandle.standardInput.readDataToEndOfFile() : FileManager.default.contents(atPath: file)
        guard let content else {
            return Result(file: file, faults: [ScriptFault(path: "/", reason: "the file cannot be read")])
        }
        do {
            return Result(file: file, warnings: try Script.parse(content).warnings)
        } catch {
            return Result(file: file, faults: error.faults)
        }
    }

    private struct Result {
        var file: String
        var faults: [ScriptFault] = []
        var warnings: [ScriptWarning] = []

        var json: JSON {
            [
                "file": .string(file), "valid": .bool(faults.isEmpty),
                "faults": .array(faults.map { ["path": .string($0.path), "reason": .string($0.reason)] }),
                "warnings": .array(warnings.map { ["path": .string($0.path), "reason": .string($0.reason)] }),
            ]
        }

        func tell() {
            Terminal.line("\(file): \(faults.isEmpty ? "valid" : "invalid")")
            for fault in faults { Terminal.line("  \(fault.path): \(fault.reason)") }
            for warning in warnings { Terminal.line("  \(warning.path): warning: \(warning.reason)") }
        }
    }
}
