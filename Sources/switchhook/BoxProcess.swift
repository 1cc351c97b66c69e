import Foundation
import TestPhone

/// A daemon of its own: `switchhook serve` as a child.
///
/// - Threading: any.
final class BoxProcess: Sendable {
    struct Fault: Error, CustomStringConvertible {
        var description: String
    }

    let logPath: String
    private let client: ControlClient
    private let process: Process

    init(options: ConfigOptions, stateFolder: String) {
        logPath = stateFolder + "/run.log"
        client = ControlClient(stateFolder: stateFolder)
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let file = options.file.map { ["--config", $0] } ?? []
        process.arguments = ["serve"] + file + options.set.flatMap { ["--set", $0] }
    }

    /// Starts it and waits until it is ready.
    func start(patience: Duration) async throws {
        if await isAnswering() {
            throw Fault(description: "a box is running with this state folder already; stop it first")
        }
        let folder = (logPath as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        guard FileManager.default.createFile(atPath: logPath, contents: nil),
            let log = FileHandle(forWritingAtPath: logPath)
        else { throw Fault(description: "\(logPath) cannot be written; set store.path to a folder of this user") }
        process.standardOutput = log
        process.standardError = log
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let deadline = ContinuousClock.now + patience
        while !(await isReady()) {
            guard process.isRunning else { throw Fault(description: "the box did not start: \(lastLine())") }
            guard ContinuousClock.now < deadline else {
                throw Fault(description: "the box is not ready after \(patience); see \(logPath)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// The newest line of its log: why it ended, as a rule.
    func lastLine() -> String {
        let text = FileManager.default.contents(atPath: logPath).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").last.map(String.init) ?? "no word in \(logPath)"
    }

    func terminate() { if process.isRunning { process.terminate() } }

    func waitUntilEnded() { if process.isRunning { process.waitUntilExit() } }

    private func isReady() async -> Bool {
        guard let status = try? await client.get("/control/status") else { return false }
        return String(decoding: status, as: UTF8.self).contains("\"ready\":true")
    }

    private func isAnswering() async -> Bool { (try? await client.get("/control/status")) != nil }
}
