import CallModel
import MediaTime
import Testing
import WireJSON

@Suite("/v1/conversations")
struct ConversationRoutesTests {
    static let user = "user:kiosk:/*/conversations/**"

    @Test("a conversation is shown whole, in a list without state and properties")
    func shapes() async throws {
        try await TestBox.run { box in
            var record = Samples.conversation("CON-1", state: .deleted)
            record.destroyed = WallTime(milliseconds: 5_000)
            box.log.put(conversations: [record])
            let whole = try await box.ask("GET", "/v1/conversations/CON-1").json
            #expect(
                whole.object?.keys == ["id", "name", "state", "sequence_number", "timestamp", "properties", "_links"])
            #expect(whole["state"] == "DELETED" && whole["sequence_number"] == 3)
            #expect(whole["timestamp"]?["destroyed"] == "1970-01-01T00:00:05.000Z")
            #expect(whole["_links"]?["self"]?["href"] == "http://box.test:8080/v1/conversations/CON-1")
            let list = try await box.ask("GET", "/v1/conversations").json
            let item = list["_embedded"]?["conversations"]?[0]
            #expect(item?.object?.keys == ["id", "name", "timestamp", "_links"])
        }
    }

    @Test("the older version prefix stays in the links")
    func prefix() async throws {
        try await TestBox.run { box in
            box.log.put(conversations: [Samples.conversation("CON-1")])
            let json = try await box.ask("GET", "/v0.3/conversations/CON-1").json
            #expect(json["_links"]?["self"]?["href"] == "http://box.test:8080/v0.3/conversations/CON-1")
        }
    }

    @Test("a list is walked by cursor both ways", arguments: ["asc", "DESC"])
    func pages(order: String) async throws {
        try await TestBox.run { box in
            // Two at a time share an instant: the cursor must tell them apart.
            box.log.put(conversations: (0..<7).map { Samples.conversation("CON-\($0)", created: Int64($0 / 2)) })
            var seen: [String] = []
            var path = "/v1/conversations?order=\(order)&page_size=3"
            for _ in 0..<5 {
                let page = try await box.ask("GET", path).json
                #expect(page["page_size"] == 3)
                seen += page["_embedded"]?["conversations"]?.array?.compactMap { $0["id"]?.string } ?? []
                guard let next = page["_links"]?["next"]?["href"]?.string else { break }
                // JS clients lose a cursor that follows the question mark.
                #expect(next.contains("?page_size=3&order=") && next.contains("&cursor="))
                path = String(next.dropFirst("http://box.test:8080".count))
            }
            let all = (0..<7).map { "CON-\($0)" }
            #expect(seen == (order == "asc" ? all : all.reversed()))
        }
    }

    @Test("a cursor of another list or order is refused", arguments: ["junk", "00", "6173637c31"])
    func badCursor(cursor: String) async throws {
        try await TestBox.run { box in
            let answer = try await box.ask("GET", "/v1/conversations?cursor=\(cursor)")
            #expect(answer.status == 400 && answer.json["code"] == "http:error:validation-fail")
            #expect(answer.json["invalid_parameters"]?[0]?["name"] == "cursor")
        }
    }

    @Test("members that left are not listed but can be read, and me is the caller")
    func members() async throws {
        try await TestBox.run { box in
            box.log.put(
                conversations: [Samples.conversation("CON-1")],
                members: [
                    Samples.member("MEM-0", of: "CON-1", state: .left), Samples.member("MEM-1", of: "CON-1"),
                    Samples.member("MEM-2", of: "CON-1", user: UserSummary(id: UserID("USR-2"), name: "NAM-2")),
                ])
            let list = try await box.ask("GET", "/v1/conversations/CON-1/members?page_size=1").json
            #expect(list["_embedded"]?["members"]?.array?.map { $0["id"]?.string } == ["MEM-1"])
            let item = list["_embedded"]?["members"]?[0]
            #expect(item?.object?.keys == ["id", "conversation_id", "state", "_embedded", "_links"])
            let next = try #require(list["_links"]?["next"]?["href"]?.string?.dropFirst("http://box.test:8080".count))
            let second = try await box.ask("GET", String(next)).json
            #expect(second["_embedded"]?["members"]?.array?.map { $0["id"]?.string } == ["MEM-2"])
            #expect(second["_links"]?["next"] == nil)

            let left = try await box.ask("GET", "/v1/conversations/CON-1/members/MEM-0").json
            #expect(left["state"] == "LEFT" && left["media"]?["audio"] == true)
            #expect(left["initiator"] == ["joined": ["is_system": true]])
            let me = try await box.ask("GET", "/v1/conversations/CON-1/members/me", token: Self.user).json
            #expect(me["id"] == "MEM-1" && me["_embedded"]?["user"]?["name"] == "kiosk")
            let none = try await box.ask("GET", "/v1/conversations/CON-1/members/me")
            #expect(none.status == 404 && none.json["code"] == "member:error:not-found")
        }
    }

    @Test("an event loses what belongs to its webhook form")
    func eventShape() async throws {
        try await TestBox.run { box in
            box.log.put(conversations: [Samples.conversation("CON-1")])
            box.log.commit([Samples.row("member:joined", in: "CON-1", id: 1, user: "kiosk")])
            let json = try await box.ask("GET", "/v1/conversations/CON-1/events/1").json
            #expect(json.object?.keys == ["id", "type", "from", "body", "timestamp", "_embedded", "_links"])
            #expect(json["_embedded"]?["from_member"]?["id"] == "MEM-1")
            #expect(json["_embedded"]?["from_user"]?["name"] == "kiosk")
            #expect(json["_links"]?["self"]?["href"] == "http://box.test:8080/v1/conversations/CON-1/events/1")
        }
    }

    @Test(
        "events are selected by id, type and order",
        arguments: [
            ("", Array(1...10)), ("page_size=3", [1, 2, 3]), ("order=desc&page_size=2", [30, 29]),
            ("start_id=28", [28, 29, 30]), ("end_id=2", [1, 2]), ("start_id=5&end_id=25", Array(5...25)),
            ("start_id=9&end_id=3", []), ("event_type=member:*&page_size=4", [10, 20, 30]),
            ("event_type=audio:dtmf&page_size=2", [1, 2]), ("event_type=nothing", []),
            ("start_id=29&end_id=9223372036854775807", [29, 30]),
        ])
    func selection(query: String, ids: [Int]) async throws {
        try await TestBox.run { box in
            Self.fill(box)
            let json = try await box.ask("GET", "/v1/conversations/CON-1/events?\(query)").json
            #expect(json["_embedded"]?["events"]?.array?.compactMap { $0["id"]?.int } == ids)
        }
    }

    @Test("filtered events are walked to their end", arguments: ["", "&order=desc"])
    func eventPages(order: String) async throws {
        try await TestBox.run { box in
            Self.fill(box)
            var seen: [Int] = []
            var path = "/v1/conversations/CON-1/events?event_type=member:joined&page_size=2\(order)"
            for _ in 0..<5 {
                let page = try await box.ask("GET", path).json
                seen += page["_embedded"]?["events"]?.array?.compactMap { $0["id"]?.int } ?? []
                guard let next = page["_links"]?["next"]?["href"]?.string else { break }
                #expect(next.contains("event_type=member%3Ajoined"))
                path = String(next.dropFirst("http://box.test:8080".count))
            }
            #expect(seen == (order.isEmpty ? [10, 20, 30] : [30, 20, 10]))
        }
    }

    @Test(
        "foreign, unknown and closed things are not there",
        arguments: [
            ("/v1/conversations/CON-1", "other", "conversation:error:not-found"),
            ("/v1/conversations/CON-9", "admin", "conversation:error:not-found"),
            ("/v1/conversations/CON-1/events/99", "admin", "event:error:not-found"),
            ("/v1/conversations/CON-1/events/x", "admin", "event:error:not-found"),
            ("/v1/conversations/CON-1/members/MEM-9", "admin", "member:error:not-found"),
            ("/v1/conversations/CON-1", "user:stranger:/**", "conversation:error:not-found"),
        ])
    func missing(path: String, token: String, code: String) async throws {
        try await TestBox.run { box in
            box.log.put(conversations: [Samples.conversation("CON-1")], members: [Samples.member("MEM-1", of: "CON-1")])
            let answer = try await box.ask("GET", path, token: token)
            #expect(answer.status == 404)
            #expect(answer.json["code"]?.string == code && answer.json["title"] == "Not found.")
        }
    }

    @Test("a user sees of the events what its session sees")
    func hidden() async throws {
        try await TestBox.run { box in
            box.log.put(conversations: [Samples.conversation("CON-1")], members: [Samples.member("MEM-1", of: "CON-1")])
            box.log.commit([
                Samples.row("audio:dtmf", in: "CON-1", id: 1),
                Samples.row("audio:record:done", in: "CON-1", id: 2, visible: false),
            ])
            let path = "/v1/conversations/CON-1/events"
            let mine = try await box.ask("GET", path, token: Self.user).json
            #expect(mine["_embedded"]?["events"]?.array?.count == 1)
            try await box.expect(404, "GET", "\(path)/2", token: Self.user)
            try await box.expect(200, "GET", "\(path)/2")
        }
    }

    @Test("a user reads an ended conversation for a minute, the application for as long as it is kept")
    func afterEnd() async throws {
        try await TestBox.run { box in
            var record = Samples.conversation("CON-1", state: .deleted)
            record.destroyed = box.clock.wallNow
            box.log.put(conversations: [record], members: [Samples.member("MEM-1", of: "CON-1", state: .left)])
            let path = "/v1/conversations/CON-1"
            try await box.expect(200, "GET", path, token: Self.user)
            box.clock.advance(milliseconds: 61_000)
            try await box.expect(404, "GET", path, token: Self.user)
            try await box.expect(200, "GET", path)
        }
    }

    /// Thirty events; every tenth is a member's.
    private static func fill(_ box: TestBox) {
        box.log.put(conversations: [Samples.conversation("CON-1")])
        box.log.commit(
            (1...30).map { id in
                Samples.row(id.isMultiple(of: 10) ? "member:joined" : "audio:dtmf", in: "CON-1", id: id)
            })
    }
}
