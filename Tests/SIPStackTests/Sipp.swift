import Foundation
import Testing

/// A sipp process with one scenario of Tests/Fixtures/sipp, one call, bounded in time.
struct Sipp {
    enum Transport: String {
        case udp = "u1"
        case tcp = "t1"
    }
    struct Failed: Error, CustomStringConvertible {
        var description: String
    }
    let port: UInt16
    private let process: Process
    private let folder: URL
    private let ended: AsyncStream<Int32>

    /// - Parameter target: where it calls; nil: it waits for a call.
    init(_ scenario: String, target: UInt16? = nil, transport: Transport = .udp, user: String = "100") throws {
        port = try FreePort.udp()
        folder = FileManager.default.temporaryDirectory.appending(path: "sipp-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/sipp/\(scenario).xml")
        process = Process()
        process.executableURL = URL(filePath: "/usr/bin/sipp")
        process.currentDirectoryURL = folder
        process.arguments =
            (target.map { ["127.0.0.1:\($0)"] } ?? []) + [
                "-sf", file.path, "-m", "1", "-i", "127.0.0.1", "-p", "\(port)", "-t", transport.rawValue, "-s", user,
                "-nostdin", "-timeout", "20", "-timeout_error", "-au", "trunkuser", "-ap", "trunk-secret",
                "-trace_msg", "-message_file", "messages", "-trace_err", "-error_file", "errors",
            ]
        let output = folder.appending(path: "screen")
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = process.standardOutput
        let (stream, continuation) = AsyncStream<Int32>.makeStream()
        ended = stream
        process.terminationHandler = {
            continuation.yield($0.terminationStatus)
            continuation.finish()
        }
        try process.run()
        if target == nil { try waitUntilItListens(transport) }
    }

    /// Waits for the end of the scenario; throws with the message trace when it failed.
    func finish() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        for await status in ended where status != 0 {
            let errors = (try? String(contentsOf: folder.appending(path: "errors"), encoding: .utf8)) ?? ""
            let messages = (try? String(contentsOf: folder.appending(path: "messages"), encoding: .utf8)) ?? ""
            throw Failed(description: "sipp ended with \(status)\n\(errors)\n\(messages.suffix(6000))")
        }
    }

    /// For a scenario that is left before its end.
    func stop() async {
        _ = kill(process.processIdentifier, SIGKILL)  // on SIGTERM it waits for its calls
        for await _ in ended {}
        try? FileManager.default.removeItem(at: folder)
    }

    private func waitUntilItListens(_ transport: Transport) throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            if transport == .udp ? !FreePort.isFree(port) : FreePort.accepts(port) { return }
            usleep(5000)
        }
        throw Failed(description: "sipp does not listen on \(port)")
    }
}

/// Loopback ports nobody uses at the moment of asking.
enum FreePort {
    struct None: Error {}

    static func udp() throws -> UInt16 {
        let socket = try UDPSocket()
        return socket.port
    }

    static func isFree(_ port: UInt16) -> Bool { (try? UDPSocket(port: port)) != nil }

    static func accepts(_ port: UInt16) -> Bool { (try? TCPSocket(port: port)) != nil }
}
