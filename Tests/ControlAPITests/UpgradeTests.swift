import Testing
import WireJSON

@Suite("Upgrades on the port of the REST API")
struct UpgradeTests {
    static let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    static let socket = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", key]

    @Test(
        "an upgrade that is not for us is answered as the plain request it is",
        arguments: [
            (
                "GET", "/health", ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"],
                200
            ),
            ("GET", "/health", socket, 200), ("GET", "/v1/nothing", socket, 404), ("GET", "/v1/calls", socket, 200),
            ("POST", "/v1/events", socket, 405),
            ("GET", "/v1/events", ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"], 426),
            (
                "GET", "/v1/events", ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 8", key],
                426
            ),
            ("GET", "/v1/events", ["Upgrade: websocket", "Sec-WebSocket-Version: 13", key], 426),
            ("GET", "/v1/events", ["Connection: Upgrade", "Upgrade: h2c"], 426),
        ])
    func refused(method: String, path: String, headers: [String], status: Int) async throws {
        try await TestBox.run { box in
            let port = box.port
            let (answer, isClosed) = try await blocking {
                let connection = try RawConnection(port: port)
                try connection.send(TestBox.request(method, path, headers: headers))
                return (try connection.answer(), connection.isAtEnd())
            }
            #expect(answer.status == status)
            // The parser stops at an upgrade: the connection must not be left hanging.
            #expect(isClosed && answer.headers["connection"] == "close")
            if status == 426 { #expect(answer.headers["sec-websocket-version"] == "13") }
        }
    }

    @Test("an upgrade on a connection that has carried a request says how to ask")
    func late() async throws {
        try await TestBox.run { box in
            let port = box.port
            let statuses = try await blocking {
                let connection = try RawConnection(port: port)
                try connection.send(TestBox.request("GET", "/health"))
                let first = try connection.answer().status
                try connection.send(TestBox.request("GET", "/v1/events", headers: Self.socket))
                return [first, try connection.answer().status]
            }
            #expect(statuses == [200, 426])
        }
    }

    @Test(
        "the path of sessions is upgraded in every tolerated spelling",
        arguments: ["/v1/events", "/v1/events/?since=0"])
    func accepted(path: String) async throws {
        try await TestBox.run { box in
            let port = box.port
            let ready = try await blocking {
                try RawWebSocket(port: port, path: path, headers: "Authorization: Bearer admin\r\n").message()
            }
            #expect(ready["type"] == "session:ready")
        }
    }

    @Test("a first message that comes in one piece with the request is not lost")
    func early() async throws {
        try await TestBox.run { box in
            let port = box.port
            let ready = try await blocking { try RawWebSocket(port: port, early: ["token": "admin"]).message() }
            #expect(ready["type"] == "session:ready")
        }
    }
}
