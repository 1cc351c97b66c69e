import CallModel
import ControlAPI
import EdgeProtocols
import MediaTime
import Testing
import WireJSON

@Suite("/v1/calls")
struct CallRoutesTests {
    static let uuid = "63f61863-4a51-4f6b-86e1-46edebcf9356"

    @Test("a call has the members that SDKs parse")
    func call() async throws {
        try await TestBox.run { box in
            var leg = Samples.leg(Self.uuid, status: .completed)
            let answered = WallTime(milliseconds: box.clock.wallNow.milliseconds - 60_000)
            let ended = WallTime(milliseconds: answered.milliseconds + 2_500)
            leg.answered = answered
            leg.ended = ended
            box.log.put(legs: [leg])
            let json = try await box.ask("GET", "/v1/calls/\(Self.uuid)").json
            let expected: JSON = [
                "_links": ["self": ["href": .string("http://box.test:8080/v1/calls/\(Self.uuid)")]],
                "uuid": .string(Self.uuid), "conversation_uuid": "CON-1",
                "to": ["type": "sip", "uri": "sip:kiosk@box.test"],
                "from": ["type": "phone", "number": "447700900001"], "status": "completed", "direction": "inbound",
                "rate": "0.00", "price": "0", "duration": "3", "start_time": .string(answered.iso8601),
                "end_time": .string(ended.iso8601),
            ]
            #expect(json == expected)
        }
    }

    @Test(
        "a call is found under every spelling of its id, and by its own application only",
        arguments: [
            ("63f61863-4a51-4f6b-86e1-46edebcf9356", "admin", 200),
            ("63F618634A514F6B86E146EDEBCF9356", "admin", 200),
            ("63f61863-4a51-4f6b-86e1-46edebcf9356", "other", 404), ("63f61863", "admin", 404),
        ])
    func lookup(id: String, token: String, status: Int) async throws {
        try await TestBox.run { box in
            box.log.put(legs: [Samples.leg(Self.uuid)])
            try await box.expect(status, "GET", "/v1/calls/\(id)", token: token)
        }
    }

    @Test("finished calls are unknown once their application's time is over, running ones never")
    func persistence() async throws {
        try await TestBox.run { box in
            let now = box.clock.wallNow.milliseconds
            let day: Int64 = 86_400_000
            var finished = Samples.leg(Self.uuid, started: now - 8 * day, status: .completed)
            // FakeStatus's application has two days.
            finished.ended = WallTime(milliseconds: now - 2 * day + 60_000)
            box.log.put(legs: [finished, Samples.leg("running", started: now - 9 * day)])
            func listed() async throws -> [String] {
                let calls = try await box.ask("GET", "/v1/calls").json["_embedded"]?["calls"]?.array
                return calls?.compactMap { $0["uuid"]?.string } ?? []
            }
            try await box.expect(200, "GET", "/v1/calls/\(Self.uuid)")
            #expect(try await listed() == ["running", Self.uuid])
            box.clock.advance(milliseconds: 61_000)
            try await box.expect(404, "GET", "/v1/calls/\(Self.uuid)")
            #expect(try await listed() == ["running"])
        }
    }

    @Test("a list is walked from page to page by absolute links")
    func pages() async throws {
        try await TestBox.run { box in
            box.log.put(legs: (0..<25).map { Samples.leg("leg-\($0)", started: Int64($0) * 1000) })
            var seen: [String] = []
            var path = "/v1/calls?page_size=10&status=answered"
            var pages = 0
            while pages < 5 {
                let page = try await box.ask("GET", path).json
                pages += 1
                seen += page["_embedded"]?["calls"]?.array?.compactMap { $0["uuid"]?.string } ?? []
                #expect(page["count"] == 25 && page["page_size"] == 10)
                #expect((page["_links"]?["prev"] == nil) == (pages == 1))
                #expect(page["_links"]?["last"]?["href"]?.string?.contains("record_index=20") == true)
                guard let next = page["_links"]?["next"]?["href"]?.string else { break }
                #expect(next.hasPrefix("http://box.test:8080/v1/calls?page_size=10&record_index="))
                #expect(next.contains("status=answered"))
                path = String(next.dropFirst("http://box.test:8080".count))
            }
            #expect(pages == 3)
            #expect(seen == (0..<25).map { "leg-\($0)" })
        }
    }

    @Test(
        "filters of a list",
        arguments: [
            ("status=ringing", ["b"]), ("order=DESC", ["c", "b", "a"]),
            ("date_start=1970-01-01T00:00:02Z", ["b", "c"]),
            ("date_end=1970-01-01T00:00:02.000Z", ["a", "b"]), ("date_end=1970-01-01T00:00:02+00:00", ["a", "b"]),
            ("conversation_uuid=CON-2", []), ("unknown=1", ["a", "b", "c"]), ("record_index=7", []),
        ])
    func filters(query: String, ids: [String]) async throws {
        try await TestBox.run { box in
            box.log.put(legs: [
                Samples.leg("a", started: 1000), Samples.leg("b", started: 2000, status: .ringing),
                Samples.leg("c", started: 3000),
            ])
            let json = try await box.ask("GET", "/v1/calls?\(query)").json
            #expect(json["_embedded"]?["calls"]?.array?.compactMap { $0["uuid"]?.string } == ids)
        }
    }

    @Test(
        "bad values of a list are named",
        arguments: [
            ("page_size=0", "page_size"), ("page_size=101", "page_size"), ("record_index=-1", "record_index"),
            ("order=up", "order"), ("status=human", "status"), ("date_start=yesterday", "date_start"),
        ])
    func badFilters(query: String, name: String) async throws {
        try await TestBox.run { box in
            let answer = try await box.ask("GET", "/v1/calls?\(query)")
            #expect(answer.status == 400)
            #expect(answer.json["invalid_parameters"]?[0]?["name"]?.string == name)
        }
    }

    @Test("hanging up is handed to the runtime and answers 204")
    func hangUp() async throws {
        try await TestBox.run { box in
            let answer = try await box.ask(
                "PUT", "/v1/calls/63F618634A514F6B86E146EDEBCF9356", body: #"{"action":"hangup"}"#)
            #expect(answer.status == 204 && answer.body.isEmpty)
            #expect(box.commands.orders == [FakeCommands.Order(command: .hangUp, leg: LegID(Self.uuid))])
        }
    }

    @Test(
        "what the runtime refuses becomes its status",
        arguments: [
            (CommandFault(.notFound, "gone"), 404), (CommandFault(.badState, "not answered"), 400),
            (CommandFault(.badRequest, "no trunk"), 400), (CommandFault(.overloaded, "full"), 503),
        ])
    func faults(fault: CommandFault, status: Int) async throws {
        try await TestBox.run { box in
            box.commands.fail(with: fault)
            let answer = try await box.ask("PUT", "/v1/calls/x", body: #"{"action":"hangup"}"#)
            #expect(answer.status == status)
            #expect((answer.headers["retry-after"] != nil) == (status == 503))
        }
    }

    @Test("a new call answers 201 with its ids and reaches the runtime with every field")
    func create() async throws {
        try await TestBox.run { box in
            let body = """
                {"to":[{"type":"phone","number":"447700900123"}],"from":{"type":"phone","number":"447700900001"},
                "answer_url":["https://example.com/a"],"answer_method":"post","event_url":["http://example.com/e"],
                "ringing_timer":30,"length_timer":86400,"machine_detection":"continue"}
                """
            let answer = try await box.ask("POST", "/v1/calls?", body: body)
            #expect(answer.status == 201)
            #expect(
                answer.json == [
                    "uuid": .string(Self.uuid), "status": "started", "direction": "outbound",
                    "conversation_uuid": "CON-1",
                ])
            let call = try #require(box.commands.created.first)
            #expect(call.application == Samples.mine && call.from == "447700900001" && call.ncco == nil)
            #expect(call.to == ["type": "phone", "number": "447700900123"])
            #expect(call.answer == WebhookTarget(url: "https://example.com/a", method: .post))
            #expect(call.eventTarget == WebhookTarget(url: "http://example.com/e", method: .post))
            #expect(call.ringingTimerSeconds == 30 && call.lengthTimerSeconds == 86_400)
            #expect(await eventually { box.commands.begun == 1 })
        }
    }

    @Test("a call whose 201 nobody takes is placed all the same")
    func createAndLeave() async throws {
        try await TestBox.run { box in
            let body = #"{"to":[{"type":"sip","uri":"sip:a@b"}],"ncco":[]}"#
            let port = box.port
            try await blocking {
                let connection = try RawConnection(port: port)
                try connection.send(TestBox.request("POST", "/v1/calls", body: body))
                connection.close()
            }
            #expect(await eventually { box.commands.created.count == box.commands.begun })
        }
    }

    @Test("beyond the rates of an application comes 429 with Retry-After; another application is not touched")
    func rates() async throws {
        try await TestBox.run { configuration in
            configuration.callsPerSecond = 2
            configuration.requestsPerSecond = 3
        } _: { box in
            let body = #"{"to":[{"type":"sip","uri":"sip:a@b"}],"ncco":[],"event_url":["http://e/"]}"#
            var created: [Int] = []
            for _ in 0..<3 { created.append(try await box.ask("POST", "/v1/calls", body: body).status) }
            #expect(created == [201, 201, 429])
            var listed: [RawAnswer] = []
            for _ in 0..<4 { listed.append(try await box.ask("GET", "/v1/calls")) }
            #expect(listed.map(\.status) == [200, 200, 200, 429])
            #expect(listed.last?.headers["retry-after"] == "1")
            #expect(listed.last?.json["title"] == "Rate Limit Hit")
            try await box.expect(201, "POST", "/v1/calls", token: "bare", body: body)
            try await box.expect(200, "GET", "/v1/calls", token: "other")
        }
    }

    @Test(
        "defaults and tolerated spellings of a new call",
        arguments: [
            #"{"to":[{"type":"sip","uri":"sip:a@b.c","standard_headers":{}}],"ncco":[{"action":"talk","text":"x"}]}"#,
            #"{"to":[{"type":"app","user":"kiosk"}],"from":"sip:me@here","ncco":[{"action":"talk","text":"x"}]}"#,
            #"{"to":[{"type":"phone","number":"447700900123"}],"random_from_number":true,"ncco":[]}"#,
        ])
    func tolerated(body: String) async throws {
        try await TestBox.run { box in
            try await box.expect(201, "POST", "/v1/calls", body: body)
            let call = try #require(box.commands.created.first)
            #expect(call.ringingTimerSeconds == 60 && call.lengthTimerSeconds == 7200 && call.answer == nil)
            #expect(call.ncco != nil)
        }
    }

    @Test(
        "each bad field of a new call is named",
        arguments: [
            (#"{}"#, ["to", "ncco"]),
            (#"{"to":[],"ncco":[]}"#, ["to"]),
            (#"{"to":[{"type":"sip","uri":"sip:a@b"},{"type":"sip","uri":"sip:a@b"}],"ncco":[]}"#, ["to"]),
            (#"{"to":[{"type":"phone","number":"12ab"}],"ncco":[]}"#, ["to/0/number"]),
            (#"{"to":[{"type":"sip","uri":"sip:a@b"}],"ncco":[],"answer_url":["http://x/"]}"#, ["ncco"]),
            (#"{"to":[{"type":"sip","uri":"sip:a@b"}],"answer_url":"http://x/"}"#, ["answer_url"]),
            (#"{"to":[{"type":"sip","uri":"sip:a@b"}],"answer_url":["ftp://x/"]}"#, ["answer_url"]),
            (#"{"to":[{"type":"sip","uri":"sip:a@b"}],"ncco":[{"action":"talk"}]}"#, ["ncco/0/text"]),
            (#"{"to":[{"type":"sip","uri":"sip:a@b"}],"ncco":[],"ringing_timer":121}"#, ["ringing_timer"]),
            (#"{"to":[{"type":"sip","uri":"sip:a@b"}],"ncco":[],"length_timer":0}"#, ["length_timer"]),
            (#"{"to":[{"type":"sip","uri":"sip:a@b"}],"ncco":[],"event_method":"PUT"}"#, ["event_method"]),
            (#"{"to":[{"type":"sip","uri":"sip:a@b"}],"ncco":[],"machine_detection":"x"}"#, ["machine_detection"]),
            (
                #"{"to":[{"type":"sip","uri":"sip:a@b"}],"ncco":[],"advanced_machine_detection":{"beep_timeout":9}}"#,
                ["advanced_machine_detection/beep_timeout"]
            ),
            (
                #"{"to":[{"type":"sip","uri":"sip:a@b"}],"ncco":[],"from":{"type":"phone","number":"1"},"random_from_number":true}"#,
                ["from"]
            ),
            (#"{"to":[{"type":"sip","uri":"sip:a@b"}],"ncco":[],"from":{"type":"phone"}}"#, ["from/number"]),
        ])
    func invalid(body: String, names: [String]) async throws {
        try await TestBox.run { box in
            let answer = try await box.ask("POST", "/v1/calls", body: body)
            #expect(answer.status == 400)
            let found = answer.json["invalid_parameters"]?.array?.compactMap { $0["name"]?.string }
            #expect(found == names)
            #expect(box.commands.created.isEmpty)
        }
    }

    @Test("a call of an application without event URL must bring one")
    func eventURL() async throws {
        try await TestBox.run { box in
            let body = #"{"to":[{"type":"sip","uri":"sip:a@b"}],"ncco":[]}"#
            let answer = try await box.ask("POST", "/v1/calls", token: "bare", body: body)
            #expect(answer.json["invalid_parameters"]?[0]?["name"] == "event_url")
        }
    }
}
