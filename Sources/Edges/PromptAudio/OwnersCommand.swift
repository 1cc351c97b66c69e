package import Dispatch
package import Foundation
import Glibc

/// A command of the owner's that runs once for one piece of work: standard input in, standard output out.
///
/// - Threading: one thread, which may block in its pipes; a command that hangs is killed, which unblocks them.
package struct OwnersCommand {
    package let input: FileHandle
    package let output: FileHandle
    private let process: Process

    /// A command that does not read must not end this process.
    private static let ignoresBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

    /// - Parameters:
    ///   - command: program and arguments.
    ///   - settings: what its environment holds besides ours.
    /// - Returns: the running command, or why there is none.
    package static func start(_ command: [String], settings: [String: String]) -> Result<OwnersCommand, Refusal> {
        Self.ignoresBrokenPipes
        guard let program = command.first else { return .failure(Refusal(reason: "it is empty")) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = Array(command.dropFirst())
        process.environment = ProcessInfo.processInfo.environment.merging(settings) { _, given in given }
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        do {
            try process.run()
        } catch {
            return .failure(Refusal(reason: "\(program) cannot be run: \(error.localizedDescription)"))
        }
        return .success(
            OwnersCommand(input: input.fileHandleForWriting, output: output.fileHandleForReading, process: process))
    }

    package struct Refusal: Error {
        package let reason: String
    }

    /// Kills it then, unless what is returned is cancelled before.
    package func kill(after delay: Duration) -> DispatchWorkItem {
        let identifier = process.processIdentifier
        let work = DispatchWorkItem { Glibc.kill(identifier, SIGKILL) }
        DispatchQueue.global().asyncAfter(
            deadline: .now() + .milliseconds(Int(delay / .milliseconds(1))), execute: work)
        return work
    }

    package func kill() { Glibc.kill(process.processIdentifier, SIGKILL) }

    /// Waits for its end: what it exited with, or the number of the signal that ended it.
    package func end() -> (status: Int32, isExit: Bool) {
        process.waitUntilExit()
        return (process.terminationStatus, process.terminationReason == .exit)
    }
}
