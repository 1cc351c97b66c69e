import CallModel
import ControlAPI
import MediaTime
import Testing
import WireJSON

@Suite("Client sessions over the wire")
struct ClientSessionTests {
    static let user = "user:kiosk:/*/sessions/**"

    @Test("events arrive live, with their position, after the session is ready")
    func live() async throws {
        try await TestBox.run { box in
            let port = box.port
            box.log.commit([Samples.row("old", in: "CON-0", id: 1)])
            let socket = try await blocking {
                try RawWebSocket(port: port, headers: "Authorization: Bearer \(Self.user)\r\n")
            }
            let ready = try await blocking { try socket.message() }
            #expect(ready["type"] == "session:ready" && ready["position"] == 1)
            #expect(ready["body"]?["user"]?["name"] == "kiosk")
            #expect(ready["body"]?["session_id"]?.string?.hasPrefix("SES-") == true)
            box.log.commit([
                Samples.row("member:invited", in: "CON-1", id: 1, user: "kiosk"),
                Samples.row("sip:ringing", in: "CON-1", id: 2),
            ])
            let events = try await blocking { [try socket.event(), try socket.event()] }
            #expect(events.map { $0["type"]?.string } == ["member:invited", "sip:ringing"])
            #expect(events.map { $0["position"]?.int } == [2, 3])
            #expect(events[0]["conversation_id"] == "CON-1" && events[0]["application_id"]?.string != nil)
        }
    }

    @Test("the open sessions of a user are listed to it and its application, page by page, to nobody else")
    func listed() async throws {
        try await TestBox.run { box in
            let port = box.port
            let id = try #require(
                try await box.ask("GET", "/v1/users?name=kiosk").json["_embedded"]?["users"]?[0]?["id"]?.string)
            let path = "/v1/users/\(id)/sessions"
            #expect(try await box.ask("GET", path).json["_embedded"] == ["sessions": []])
            let sockets = try await blocking {
                try (0..<2).map { _ in
                    try RawWebSocket(port: port, headers: "Authorization: Bearer \(Self.user)\r\n")
                }
            }
            let ids = try await blocking { try sockets.compactMap { try $0.message()["body"]?["session_id"]?.string } }
            let token = "user:kiosk:/*/users/**"
            let page = try await box.ask("GET", path + "?page_size=1", token: token).json
            let first = try #require(page["_embedded"]?["sessions"]?[0])
            #expect(first["_embedded"] == ["user": ["id": .string(id), "name": "kiosk"], "api_key": "k"])
            #expect(first["properties"] == ["ttl": 0])
            let next = try #require(page["_links"]?["next"]?["href"]?.string?.dropFirst("http://box.test:8080".count))
            let second = try await box.ask("GET", String(next), token: token).json
            #expect(second["_links"]?["next"] == nil)
            let seen = [first["id"], second["_embedded"]?["sessions"]?[0]?["id"]].compactMap { $0?.string }
            #expect(seen == ids.sorted())
            try await box.expect(403, "GET", path, token: "user:ann:/*/users/**")
            try await box.expect(404, "GET", path, token: "other")
            withExtendedLifetime(sockets) {}
        }
    }

    @Test("a client that was cut off five times has every event once and in order")
    func resume() async throws {
        try await TestBox.run { box in
            let port = box.port
            box.log.commit([Samples.row("member:invited", in: "CON-1", id: 1, user: "kiosk")])
            box.log.put(members: [Samples.member("MEM-1", of: "CON-1")])
            let writer = Task {
                for id in 2...600 {
                    box.log.commit([
                        Samples.row("audio:dtmf", in: "CON-1", id: id), Samples.row("audio:dtmf", in: "CON-2", id: id),
                    ])
                    await Task.yield()
                }
            }
            let seen = try await blocking {
                var ids: [Int] = []
                var position = 0
                for life in 0..<6 {
                    let socket = try RawWebSocket(port: port)
                    try socket.send(["token": .string(Self.user), "since": JSON(position)])
                    let goal = life == 5 ? 600 : (life + 1) * 90
                    while ids.count < goal {
                        let event = try socket.event()
                        ids.append(event["id"]?.int ?? 0)
                        position = event["position"]?.int ?? 0
                    }
                    // Cut without a word, in the middle of what is on its way.
                    socket.connection.close()
                }
                return ids
            }
            await writer.value
            #expect(seen == Array(1...600))
        }
    }

    @Test(
        "a session that may not be opened is closed with its reason",
        arguments: [
            (#"{"token":"forged"}"#, 4401, "invalid_token"),
            (#"{"token":"user:kiosk:/*/users/**"}"#, 4403, "forbidden"),
            (#"{"token":"user:kiosk"}"#, 4403, "forbidden"), (#"{"token":"admin","since":-1}"#, 4400, "bad_message"),
            (#"{"token":"admin","since":"x"}"#, 4400, "bad_message"), (#"{"since":1}"#, 4400, "bad_message"),
            ("not JSON", 4400, "bad_message"),
        ])
    func refused(opening: String, code: Int, reason: String) async throws {
        try await TestBox.run { box in
            let port = box.port
            let close = try await blocking {
                let socket = try RawWebSocket(port: port)
                try socket.send(opcode: 1, Array(opening.utf8))
                return try socket.close()
            }
            #expect(close.code == code)
            #expect(close.reason["reason"]?.string == reason)
        }
    }

    @Test("a bad token in the header is told by a close frame too")
    func refusedHeader() async throws {
        try await TestBox.run { box in
            let port = box.port
            let close = try await blocking {
                try RawWebSocket(port: port, headers: "Authorization: Bearer forged\r\n").close()
            }
            #expect(close.code == 4401)
        }
    }

    @Test("a client that does not say who it is is closed at its deadline")
    func noToken() async throws {
        try await TestBox.run({ $0.tokenDeadline = .milliseconds(100) }) { box in
            let port = box.port
            let close = try await blocking { try RawWebSocket(port: port).close() }
            #expect(close.code == 4408 && close.reason["reason"] == "no_token")
        }
    }

    @Test("an expired token ends the session, a renewed one does not")
    func expiry() async throws {
        try await TestBox.run { box in
            let port = box.port
            let close = try await blocking {
                let socket = try RawWebSocket(port: port)
                try socket.send(["token": "brief"])
                return try socket.close()
            }
            #expect(close.code == 4401 && close.reason["reason"] == "expired_token")
            #expect(close.reason["position"] == 0)

            let renewed = try await blocking {
                let socket = try RawWebSocket(port: port)
                try socket.send(["token": "brief"])
                try socket.send(["token": "admin"])
                return (socket, try socket.message())
            }
            #expect(renewed.1["type"] == "session:ready")
            box.clock.advance(milliseconds: 1000)
            box.log.commit([Samples.row("x", in: "CON-1", id: 1)])
            let event = try await blocking { try renewed.0.event() }
            #expect(event["type"] == "x")
        }
    }

    @Test("a renewed token must be of the same user")
    func foreignRenewal() async throws {
        try await TestBox.run { box in
            let port = box.port
            let close = try await blocking {
                let socket = try RawWebSocket(port: port)
                try socket.send(["token": .string(Self.user)])
                try socket.send(["token": "admin"])
                return try socket.close()
            }
            #expect(close.code == 4403)
        }
    }

    @Test("a client's acknowledgement of its invitation reaches the runtime")
    func acknowledgement() async throws {
        try await TestBox.run { box in
            let port = box.port
            let socket = try await blocking {
                let socket = try RawWebSocket(port: port)
                try socket.send(["token": .string(Self.user)])
                _ = try socket.message()
                return socket
            }
            box.log.commit([Samples.row("member:invited", in: "CON-1", id: 1, user: "kiosk", member: "MEM-7")])
            try await blocking {
                let event = try socket.event()
                try socket.send(["ack": event["position"] ?? .null])
            }
            #expect(await eventually { box.commands.acknowledged.count == 1 })
            #expect(box.commands.acknowledged.first?.member == MemberID("MEM-7"))
        }
    }

    @Test("one session too many is refused, and there is room again when one ends")
    func limits() async throws {
        try await TestBox.run({ $0.sessionsPerUser = 1 }) { box in
            let port = box.port
            let first = try await blocking {
                let first = try RawWebSocket(port: port, headers: "Authorization: Bearer admin\r\n")
                _ = try first.message()
                let close = try RawWebSocket(port: port, headers: "Authorization: Bearer admin\r\n").close()
                guard close.code == 4429 else { throw ConnectionFault(description: "code \(close.code)") }
                return first
            }
            let stream = try await box.ask("GET", "/v1/events", headers: ["Accept: text/event-stream"])
            #expect(stream.status == 429)
            first.connection.close()
            let again = try await blocking {
                for _ in 0..<100 {
                    let socket = try RawWebSocket(port: port, headers: "Authorization: Bearer admin\r\n")
                    let frame = try socket.frame()
                    if frame.json["type"] == "session:ready" { return true }
                }
                return false
            }
            #expect(again)
        }
    }

    @Test("a reader that does not take its events is closed, and resumes without loss")
    func behind() async throws {
        try await TestBox.run { box in
            let port = box.port
            let socket = try await blocking {
                let socket = try RawWebSocket(
                    port: port, headers: "Authorization: Bearer admin\r\n", takesLittle: true)
                _ = try socket.message()
                return socket
            }
            // More than the kernel takes for an unread connection, live.
            let total = 400
            for id in 1...total { box.log.commit([Samples.row("x", in: "CON-1", id: id, padding: 60_000)]) }
            let (ids, close) = try await blocking {
                var ids: [Int] = []
                while true {
                    let frame = try socket.frame()
                    if frame.opcode == 8 { return (ids, frame) }
                    if frame.opcode == 1, let id = frame.json["id"]?.int { ids.append(id) }
                }
            }
            #expect(close.code == 4413 && close.reason["reason"] == "behind")
            #expect(ids == Array(1...ids.count) && ids.count < total)
            #expect(close.reason["position"]?.int == ids.count)
            let position = ids.count
            let rest = try await blocking {
                let again = try RawWebSocket(
                    port: port, path: "/v1/events?since=\(position)", headers: "Authorization: Bearer admin\r\n")
                return try (position..<total).map { _ in try again.event()["id"]?.int ?? 0 }
            }
            #expect(rest == Array((position + 1)...total))
        }
    }

    @Test("a client that answers no ping is closed")
    func silence() async throws {
        try await TestBox.run({ $0.heartbeat = .milliseconds(50) }) { box in
            let port = box.port
            let close = try await blocking {
                try RawWebSocket(port: port, headers: "Authorization: Bearer admin\r\n").close()
            }
            #expect(close.code == 4408 && close.reason["reason"] == "idle")
        }
    }

    @Test("pings are answered and a close frame is echoed")
    func control() async throws {
        try await TestBox.run { box in
            let port = box.port
            let frames = try await blocking {
                let socket = try RawWebSocket(port: port, headers: "Authorization: Bearer admin\r\n")
                _ = try socket.message()
                try socket.send(opcode: 9, Array("hello".utf8))
                let pong = try socket.frame()
                try socket.send(opcode: 8, [0x03, 0xE8])
                return [pong, try socket.close()]
            }
            #expect(frames[0].opcode == 10 && frames[0].payload == Array("hello".utf8))
            #expect(frames[1].code == 1000)
        }
    }

    @Test(
        "frames that are wrong end their connection and nothing else",
        arguments: [
            // Too large, reserved opcode, continuation of nothing, a control frame of 127 bytes and more, noise.
            [0x81, 0xFF, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4], [0x83, 0x80, 1, 2, 3, 4], [0x80, 0x80, 1, 2, 3, 4],
            [0x89, 0xFE, 0xFF, 0xFF, 1, 2, 3, 4], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            // Binary where text is meant; a text frame that opens another one inside it.
            [0x82, 0x81, 1, 2, 3, 4, 5], [0x01, 0x81, 1, 2, 3, 4, 5, 0x81, 0x81, 1, 2, 3, 4, 5],
        ] as [[UInt8]])
    func hostile(frames: [UInt8]) async throws {
        try await TestBox.run { box in
            let port = box.port
            let ended = try await blocking {
                let socket = try RawWebSocket(port: port, headers: "Authorization: Bearer admin\r\n")
                _ = try socket.message()
                try socket.connection.send(frames)
                while let frame = try? socket.frame() {
                    if frame.opcode == 8 { return true }
                }
                return socket.connection.isAtEnd()
            }
            #expect(ended)
            try await box.expect(200, "GET", "/health")
        }
    }
}
