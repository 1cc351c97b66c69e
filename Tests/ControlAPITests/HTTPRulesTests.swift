import ControlAPI
import Glibc
import Testing
import WireJSON

@Suite("HTTP rules that hold on every route")
struct HTTPRulesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var method = "GET"
        var path: String
        var token: String? = "admin"
        var headers: [String] = []
        var body: String?
        var status: Int
        var testDescription: String { "\(method) \(path) with \(token ?? "no token") \(headers) is \(status)" }
    }

    static let cases: [Case] = [
        Case(path: "/v1/calls", status: 200),
        Case(path: "/v1/calls/", status: 200),
        Case(path: "/v1/calls?", status: 200),
        Case(path: "//v1//calls", status: 200),
        Case(path: "http://box.test/v1/calls", status: 200),
        Case(path: "/v1/nothing", status: 404),
        Case(path: "/v1/../v1/calls", status: 400),
        Case(path: "/v1/calls/%2e%2e", status: 400),
        Case(method: "PATCH", path: "/v1/calls", status: 405),
        Case(method: "TRACE", path: "/v1/calls", status: 405),
        Case(method: "DELETE", path: "/health", status: 405),
        Case(path: "/v1/calls", token: nil, status: 401),
        Case(path: "/v1/calls", token: "forged", status: 401),
        Case(path: "/v1/calls", token: nil, headers: ["Authorization: Basic YTpi"], status: 401),
        Case(path: "/v1/calls", token: nil, headers: ["authorization: bEaReR  admin"], status: 200),
        Case(path: "/v1/calls", token: "user:kiosk:/**", status: 403),
        Case(path: "/v1/conversations", token: "user:kiosk:/**", status: 403),
        Case(path: "/v1/conversations/CON-1", token: "user:kiosk:/*/users/**", status: 403),
        Case(path: "/v1/conversations/CON-1", token: "user:kiosk", status: 403),
        // Escapes lead no other way to the rules than to the routes.
        Case(path: "/v1/%63onversations/CON-1", token: "user:kiosk:/*/users/**", status: 403),
        Case(path: "/v1/users%2F..%2Fconversations/CON-1", token: "user:kiosk:/*/users/**", status: 400),
        Case(path: "/v1%2Fconversations/CON-1", token: "user:kiosk:/**", status: 404),
        Case(path: "/v1/conversations/CON-1?x=/v1/users", token: "user:kiosk:/*/users/**", status: 403),
        Case(path: "/v1/calls", headers: ["Accept: application/xml"], status: 406),
        Case(path: "/v1/calls", headers: ["Accept: text/html, */*;q=0.1"], status: 200),
        Case(path: "/health", headers: ["Accept: application/xml"], status: 200),
        Case(method: "POST", path: "/v1/calls", headers: ["Content-Type: text/plain"], body: "{}", status: 415),
        Case(method: "POST", path: "/v1/calls", body: String(repeating: " ", count: 300_000), status: 413),
        Case(method: "POST", path: "/v1/calls", body: "{", status: 400),
        Case(method: "POST", path: "/v1/calls", body: "[]", status: 400),
        Case(path: "/control/status", status: 404),
    ]

    @Test("status codes", arguments: cases)
    func status(one: Case) async throws {
        try await TestBox.run { box in
            let answer = try await box.ask(
                one.method, one.path, token: one.token, headers: one.headers, body: one.body)
            #expect(answer.status == one.status)
            guard one.status >= 400 else { return }
            // Every error has the shape that all SDKs read.
            #expect(answer.headers["content-type"] == "application/json")
            #expect(answer.json["title"]?.string?.isEmpty == false)
            #expect(answer.json["detail"]?.string?.isEmpty == false)
            #expect(answer.json["error_title"] == answer.json["title"])
            #expect(answer.json["type"]?.string?.hasPrefix("https://") == true)
            #expect(answer.json["instance"]?.string?.count == 32)
        }
    }

    @Test("a 401 does not tell which check failed")
    func unauthorized() async throws {
        try await TestBox.run { box in
            let answer = try await box.ask("GET", "/v1/calls", token: "forged")
            #expect(!answer.text.contains("no such token"))
            #expect(answer.headers["www-authenticate"] == "Bearer")
        }
    }

    @Test("a 405 names what is allowed")
    func allow() async throws {
        try await TestBox.run { box in
            let answer = try await box.ask("DELETE", "/v1/calls/x")
            #expect(answer.headers["allow"] == "GET, PUT")
        }
    }

    @Test(
        "every route answers a pre-flight request", arguments: ["/v1/calls", "/v1/conversations/CON-1/events", "/v1/x"])
    func preflight(path: String) async throws {
        try await TestBox.run { box in
            let answer = try await box.ask("OPTIONS", path, token: nil)
            #expect(answer.status == 204)
            #expect(answer.headers["access-control-allow-origin"] == "*")
            #expect(answer.headers["access-control-allow-headers"] == "authorization, content-type")
            #expect(answer.headers["access-control-allow-methods"]?.contains("PATCH") == true)
        }
    }

    @Test("HEAD answers like GET without the body")
    func head() async throws {
        try await TestBox.run { box in
            let answer = try await box.ask("HEAD", "/health", token: nil)
            #expect(answer.status == 200)
            #expect(answer.headers["content-length"].flatMap { Int($0) } ?? 0 > 10)
        }
    }

    @Test("a connection carries one request after the other")
    func keepAlive() async throws {
        try await TestBox.run { box in
            let port = box.port
            let statuses = try await blocking {
                let connection = try RawConnection(port: port)
                var statuses: [Int] = []
                try connection.send(TestBox.request("POST", "/v1/calls", body: "{}"))
                statuses.append(try connection.answer().status)
                // Two at once.
                try connection.send(TestBox.request("GET", "/health") + TestBox.request("GET", "/v1/none"))
                statuses.append(try connection.answer().status)
                statuses.append(try connection.answer().status)
                return statuses
            }
            #expect(statuses == [400, 200, 404])
        }
    }

    @Test("a client that waits for permission to send its body gets it")
    func expectContinue() async throws {
        try await TestBox.run { box in
            let port = box.port
            let status = try await blocking {
                let connection = try RawConnection(port: port)
                try connection.send(
                    "POST /v1/calls HTTP/1.1\r\nHost: box\r\nAuthorization: Bearer admin\r\nExpect: 100-continue\r\n"
                        + "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n")
                guard try connection.headLines()[0].contains("100") else { return 0 }
                try connection.send("{}")
                return try connection.answer().status
            }
            #expect(status == 400)
        }
    }

    @Test(
        "what is not HTTP is answered and closed",
        arguments: [
            ("\u{16}\u{3}\u{1}nonsense\r\n\r\n", 400), ("GET / HTTP/1.1\r\nbad header\r\n\r\n", 400),
            ("GET /health HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "y", count: 20_000))\r\n\r\n", 431),
        ])
    func notHTTP(raw: String, status: Int) async throws {
        try await TestBox.run { box in
            let answer = try await box.ask(raw: raw)
            #expect(answer.status == status)
            try await box.expect(200, "GET", "/health")
        }
    }

    @Test("a body that drips byte by byte ends with its time, and others are served meanwhile")
    func drip() async throws {
        try await TestBox.run({ $0.bodyTimeout = .milliseconds(150) }) { box in
            let port = box.port
            let ended = try await blocking {
                let connection = try RawConnection(port: port)
                try connection.send(
                    "POST /v1/calls HTTP/1.1\r\nHost: box\r\nAuthorization: Bearer admin\r\n"
                        + "Content-Type: application/json\r\nContent-Length: 10000\r\n\r\n{")
                for _ in 0..<500 {
                    do { try connection.send(" ") } catch { return true }
                    usleep(10_000)
                }
                return false
            }
            #expect(ended)
            #expect(box.commands.created.isEmpty)
            try await box.expect(200, "GET", "/health")
        }
    }

    @Test("a connection that never sends a request is closed")
    func idle() async throws {
        try await TestBox.run({ $0.idleTimeout = .milliseconds(100) }) { box in
            let port = box.port
            let ended = try await blocking { try RawConnection(port: port).isAtEnd() }
            #expect(ended)
        }
    }
}
