import CallModel
import ControlAPI
import EdgeProtocols
import Logging
import Synchronization
import Testing
import WireJSON

/// A server on a free port of the loopback address, with everything around it faked.
struct TestBox: Sendable {
    let log = FakeLog()
    let commands = FakeCommands()
    let editing = FakeEditing()
    let clock = ShiftedClock()
    let reasons = Locked<[String]>([])
    var port = 0

    /// Runs `body` against a fresh server and ends the server.
    static func run(
        _ change: (inout ControlAPIConfiguration) -> Void = { _ in },
        _ body: @Sendable (TestBox) async throws -> Void
    ) async throws {
        var box = TestBox()
        var configuration = ControlAPIConfiguration(host: "127.0.0.1", port: 0)
        change(&configuration)
        let (ready, announce) = AsyncStream<ControlServer.Addresses>.makeStream()
        let server = box.server(configuration) { addresses in
            announce.yield(addresses)
            announce.finish()
        }
        let running = Task {
            defer { announce.finish() }
            try await server.run()
        }
        defer { running.cancel() }
        for await addresses in ready { box.port = addresses.port }
        if box.port == 0 { try await running.value }
        try await body(box)
        running.cancel()
        _ = await running.result
    }

    func server(
        _ configuration: ControlAPIConfiguration, onReady: @escaping @Sendable (ControlServer.Addresses) -> Void
    ) -> ControlServer {
        let reasons = reasons
        let hooks = ControlHooks(
            health: { HealthReport(reasons: reasons.value) }, metrics: { "switchhook_calls 2\n" },
            reload: { .refused([(path: "sip.port", reason: "must be 1 to 65535")]) },
            details: { JSONObject([("version", "test")]) })
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return ControlServer(
            configuration: configuration, log: log, commands: commands, status: FakeStatus(editing: editing),
            editing: editing, tokens: FakeTokens(), hooks: hooks, clock: clock, logger: logger, onReady: onReady)
    }

    /// One request on a connection of its own.
    func ask(
        _ method: String, _ path: String, token: String? = "admin", headers: [String] = [], body: String? = nil
    ) async throws -> RawAnswer {
        try await ask(
            raw: Self.request(method, path, token: token, headers: headers, body: body), hasBody: method != "HEAD")
    }

    func expect(
        _ status: Int, _ method: String, _ path: String, token: String? = "admin", body: String? = nil,
        at location: SourceLocation = #_sourceLocation
    ) async throws {
        let answer = try await ask(method, path, token: token, body: body)
        #expect(answer.status == status, sourceLocation: location)
    }

    func ask(raw: String, hasBody: Bool = true) async throws -> RawAnswer {
        let port = port
        return try await blocking {
            let connection = try RawConnection(port: port)
            try connection.send(raw)
            return try connection.answer(hasBody: hasBody)
        }
    }

    static func request(
        _ method: String, _ path: String, token: String? = "admin", headers: [String] = [], body: String? = nil
    ) -> String {
        var lines = ["\(method) \(path) HTTP/1.1", "Host: box.test:8080"]
        if let token { lines.append("Authorization: Bearer \(token)") }
        lines += headers
        if let body {
            if !headers.contains(where: { $0.lowercased().hasPrefix("content-type") }) {
                lines.append("Content-Type: application/json")
            }
            lines.append("Content-Length: \(body.utf8.count)")
        }
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? "")
    }
}

/// A value behind a lock that can be copied around.
final class Locked<Value: Sendable>: Sendable {
    private let state: Mutex<Value>
    init(_ value: Value) { state = Mutex(value) }
    var value: Value {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

/// Waits until something is true, for at most ten seconds.
func eventually(_ condition: @Sendable () -> Bool) async -> Bool {
    for _ in 0..<1000 {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return false
}
