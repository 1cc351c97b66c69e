import CallModel
import ControlAPI
import EdgeProtocols
import Glibc
import Testing
import WireJSON

@Suite("The control socket and the daemon's own pages")
struct ControlSocketTests {
    /// A path of its own in the temporary folder.
    private static func path() -> String { "/tmp/switchhook-\(UUIDText.random()).sock" }

    private func run(_ body: @Sendable (TestBox, String) async throws -> Void) async throws {
        let path = Self.path()
        try await TestBox.run({ $0.controlSocket = path }) { box in try await body(box, path) }
        #expect(unsafe access(path, F_OK) != 0)
    }

    private func ask(_ path: String, _ method: String, _ target: String) async throws -> RawAnswer {
        try await blocking {
            let connection = try RawConnection(path: path)
            try connection.send(TestBox.request(method, target, token: nil))
            return try connection.answer()
        }
    }

    private func expect(_ status: Int, _ path: String, _ method: String, _ target: String) async throws {
        let answer = try await ask(path, method, target)
        #expect(answer.status == status)
    }

    @Test("the file lets owner and group in and nobody else")
    func permission() async throws {
        try await run { _, path in
            var facts = stat()
            #expect(unsafe stat(path, &facts) == 0)
            #expect(facts.st_mode & 0o777 == 0o660)
        }
    }

    @Test("status tells what runs, without a token")
    func status() async throws {
        try await run { box, path in
            box.log.commit([Samples.row("x", in: "CON-1", id: 1)])
            let json = try await ask(path, "GET", "/control/status").json
            #expect(json["ready"] == true && json["calls"] == 2 && json["position"] == 1)
            #expect(json["legs"] == ["ringing": 1, "answered": 2])
            #expect(json["users"] == ["kiosk"] && json["version"] == "test")
            #expect(json["applications"]?.array?.count == 2)
        }
    }

    @Test("the REST API is there too, with its tokens")
    func rest() async throws {
        try await run { _, path in
            try await expect(401, path, "GET", "/v1/calls")
            try await expect(200, path, "GET", "/health")
        }
    }

    @Test("commands reach the runtime and its refusals come back")
    func commands() async throws {
        try await run { box, path in
            try await expect(204, path, "POST", "/control/device/kiosk/answer")
            #expect(box.commands.answered == ["kiosk"])
            box.commands.fail(with: .init(.badState, "nothing rings"))
            let refused = try await ask(path, "POST", "/control/device/kiosk/hangup")
            #expect(refused.status == 400 && refused.json["detail"] == "nothing rings")
        }
    }

    @Test("a reload with faults names them")
    func reload() async throws {
        try await run { _, path in
            let answer = try await ask(path, "POST", "/control/reload")
            #expect(answer.status == 400)
            #expect(answer.json["invalid_parameters"]?[0]?["name"] == "sip.port")
        }
    }

    @Test("stored events come one a line, and go on live when followed")
    func events() async throws {
        try await run { box, path in
            var voice = Samples.row("answered", in: "CON-1", id: nil)
            voice.stream = .voice
            voice.body = Array(#"{"status":"answered"}"#.utf8)
            box.log.commit([
                Samples.row("member:joined", in: "CON-1", id: 1, user: "kiosk"), voice,
                Samples.row("x", in: "CON-2", id: 1),
            ])
            let all = try await ask(path, "GET", "/control/events")
            let lines = try all.text.split(separator: "\n").map { try JSON(parsing: String($0)) }
            #expect(lines.map { $0["position"]?.int } == [1, 2, 3])
            #expect(
                lines[0].object?.keys == ["position", "stream", "conversation_id", "id", "type", "timestamp", "body"])
            #expect(lines[0]["body"]?["member_id"] == "MEM-1" && lines[0]["stream"] == "rtc")
            #expect(lines[1]["body"] == ["status": "answered"] && lines[1]["id"] == .null)
            let some = try await ask(path, "GET", "/control/events?since=1&conversation=CON-1")
            #expect(some.text.split(separator: "\n").count == 1)

            let following = try await blocking {
                let connection = try RawConnection(path: path)
                try connection.send(TestBox.request("GET", "/control/events?since=2&follow=true", token: nil))
                _ = try connection.headLines()
                return (connection, String(decoding: try connection.chunk(), as: UTF8.self))
            }
            #expect(following.1.contains("CON-2"))
            box.log.commit([Samples.row("y", in: "CON-3", id: 1)])
            let live = try await blocking { String(decoding: try following.0.chunk(), as: UTF8.self) }
            #expect(live.contains("\"position\":4") && live.contains("CON-3"))
        }
    }

    @Test("health is 503 with its reasons when something is wrong")
    func health() async throws {
        try await TestBox.run { box in
            let well = try await box.ask("GET", "/health", token: nil)
            #expect(well.status == 200 && well.json["status"] == "ok" && well.json["calls"] == 2)
            box.reasons.value = ["store: disk is full"]
            let ill = try await box.ask("GET", "/health", token: nil)
            #expect(ill.status == 503 && ill.json["reasons"] == ["store: disk is full"])
        }
    }

    @Test("metrics and console are served as what they are")
    func pages() async throws {
        try await TestBox.run { box in
            let metrics = try await box.ask("GET", "/metrics", token: nil)
            #expect(metrics.headers["content-type"] == PrometheusRegistry.contentType)
            #expect(metrics.text == "switchhook_calls 2\n")
            let console = try await box.ask("GET", "/", token: nil)
            #expect(console.headers["content-type"] == "text/html; charset=utf-8")
            #expect(console.headers["content-security-policy"]?.contains("default-src 'none'") == true)
            #expect(console.text.hasPrefix("<!doctype html>"))
        }
    }

    @Test("a port in use is told in one line that names it")
    func portInUse() async throws {
        try await TestBox.run { box in
            let second = box.server(ControlAPIConfiguration(host: "127.0.0.1", port: box.port)) { _ in }
            let error = await #expect(throws: ControlServerError.self) { try await second.run() }
            #expect(error?.code == .addressInUse)
            #expect(error?.description.contains("127.0.0.1:\(box.port)") == true)
        }
    }

    @Test("an unusable address or certificate is told in one line")
    func unusable() async throws {
        let box = TestBox()
        let error = await #expect(throws: ControlServerError.self) {
            try await box.server(ControlAPIConfiguration(host: "192.0.2.1", port: 0)) { _ in }.run()
        }
        #expect(error?.code == .cannotBind)
        var secured = ControlAPIConfiguration(host: "127.0.0.1", port: 0)
        secured.certificateFile = "/nonexistent/cert.pem"
        let half = secured
        await #expect(throws: ControlServerError.self) { try await box.server(half) { _ in }.run() }
        secured.privateKeyFile = "/nonexistent/key.pem"
        let whole = secured
        let second = await #expect(throws: ControlServerError.self) { try await box.server(whole) { _ in }.run() }
        #expect(second?.description.contains("/nonexistent/cert.pem") == true)
    }

    @Test("a second box on the same control socket is told that one is running")
    func secondBox() async throws {
        try await run { box, path in
            var configuration = ControlAPIConfiguration(host: "127.0.0.1", port: 0)
            configuration.controlSocket = path
            let second = box.server(configuration) { _ in }
            let error = await #expect(throws: ControlServerError.self) { try await second.run() }
            #expect(error?.code == .controlSocket && error?.description.contains(path) == true)
            try await expect(200, path, "GET", "/health")
        }
    }
}
