import Testing
import WireJSON

@Suite("Client sessions as server-sent events")
struct EventStreamTests {
    @Test("server-sent events resume from the last one seen")
    func eventStream() async throws {
        try await TestBox.run { box in
            let port = box.port
            box.log.commit((1...3).map { Samples.row("x", in: "CON-1", id: $0) })
            let stream = try await blocking {
                let connection = try RawConnection(port: port)
                try connection.send(
                    TestBox.request(
                        "GET", "/v1/events?since=0", headers: ["Accept: text/event-stream", "Last-Event-ID: 2"]))
                return (connection, try connection.headLines())
            }
            #expect(stream.1.contains { $0.lowercased() == "content-type: text/event-stream" })
            let connection = stream.0
            let replayed = try await blocking { [try Self.event(connection), try Self.event(connection)] }
            #expect(replayed.map(\.json).map { $0["type"]?.string } == ["session:ready", "x"])
            #expect(replayed.map(\.id) == ["2", "3"])
            box.log.commit([Samples.row("y", in: "CON-1", id: 4)])
            let live = try await blocking { try Self.event(connection) }
            #expect(live.id == "4" && live.json["type"] == "y")
        }
    }

    @Test("an event stream tells why it ends")
    func eventStreamEnd() async throws {
        try await TestBox.run { box in
            let port = box.port
            let last = try await blocking {
                let connection = try RawConnection(port: port)
                try connection.send(
                    TestBox.request("GET", "/v1/events", token: "brief", headers: ["Accept: text/event-stream"]))
                _ = try connection.headLines()
                _ = try Self.event(connection)
                return try Self.event(connection)
            }
            #expect(last.json["type"] == "session:closed" && last.json["body"]?["reason"] == "expired_token")
        }
    }

    /// One event of a chunked stream; comments are passed over.
    private static func event(_ connection: RawConnection) throws -> (id: String, json: JSON) {
        var id = ""
        while true {
            let text = String(decoding: try connection.chunk(), as: UTF8.self)
            for line in text.split(separator: "\n") {
                if line.hasPrefix("id: ") { id = String(line.dropFirst(4)) }
                if line.hasPrefix("data: ") { return (id, try JSON(parsing: String(line.dropFirst(6)))) }
            }
        }
    }
}
