import CallModel
import EdgeProtocols
import MediaTime
import Testing
import WireJSON

@Suite("/knocking")
struct KnockingRoutesTests {
    private static let user = "user:kiosk:/*/knocking/**"
    private static let phone = #"{"channel":{"type":"app","to":{"type":"phone","number":"447700900002"}}}"#

    @Test(
        "a call is placed under every version, and begins when its answer has left",
        arguments: [("v1", 201), ("v0.3", 201), ("beta", 200), ("v0.1", 200)])
    func placed(version: String, status: Int) async throws {
        try await TestBox.run { box in
            let body = #"""
                {"channel":{"type":"app","from":{"type":"app"},"to":{"type":"app","user":"bob"}},"client_ref":"R",
                 "properties":{"custom_data":{"a":[1]}},"originating_session":"SES-1"}
                """#
            let answer = try await box.ask("POST", "/\(version)/knocking", token: Self.user, body: body)
            #expect(answer.status == status)
            let started = FakeCommands.started.iso8601
            #expect(
                answer.json == [
                    "id": "knocker:1",
                    "channel": [
                        "type": "app", "id": "leg-1", "from": ["type": "app", "user": "kiosk"],
                        "to": ["type": "app", "user": "bob"], "headers": [:],
                    ], "timestamp": ["created": .string(started)],
                ])
            #expect(
                box.commands.placed == [
                    UserCall(
                        application: Samples.mine, user: "kiosk", to: .app(user: "bob"), clientReference: "R",
                        customData: ["a": [1]])
                ])
            #expect(await eventually { box.commands.begun == 1 })
        }
    }

    @Test("what is wrong with a body is named, and nothing is placed")
    func faults() async throws {
        let faults = [
            ("{}", "channel"), (#"{"channel":{"type":"app"}}"#, "channel/to"),
            (#"{"channel":{"type":"phone","to":{"type":"phone","number":"1"}}}"#, "channel/type"),
            (#"{"channel":{"type":"app","to":{"type":"sip","uri":"sip:a@b"}}}"#, "channel/to/type"),
            (#"{"channel":{"type":"app","to":{"type":"phone","number":447700900002}}}"#, "channel/to/number"),
            (#"{"channel":{"type":"app","to":{"type":"app","user":""}}}"#, "channel/to/user"),
            (
                #"{"channel":{"type":"app","from":{"type":"app","user":"bob"},"to":{"type":"phone","number":"1"}}}"#,
                "channel/from/user"
            ),
            (#"{"channel":{"type":"app","to":{"type":"phone","number":"1"}},"client_ref":7}"#, "client_ref"),
            (
                #"{"channel":{"type":"app","to":{"type":"phone","number":"1"}},"properties":{"custom_data":"x"}}"#,
                "properties/custom_data"
            ),
        ]
        try await TestBox.run { box in
            for (body, name) in faults {
                let answer = try await box.ask("POST", "/v1/knocking", token: Self.user, body: body)
                #expect(answer.status == 400)
                #expect(answer.json["invalid_parameters"]?[0]?["name"]?.string == name)
            }
            #expect(box.commands.placed.isEmpty)
        }
    }

    @Test(
        "a refusal is a problem with the code of its reason",
        arguments: [
            (CommandFault(.notFound, "-"), 404, "user:error:not-found"),
            (CommandFault(.badRequest, "-"), 400, "conversation:error:invalid-channel"),
            (CommandFault(.badState, "-"), 400, "http:error:bad-request"),
            (CommandFault(.conflict, "-"), 409, "http:error:conflict"),
            (CommandFault(.overloaded, "-"), 503, "system:error:unavailable"),
        ])
    func refusals(fault: CommandFault, status: Int, code: String) async throws {
        try await TestBox.run { box in
            box.commands.fail(with: fault)
            let answer = try await box.ask("POST", "/beta/knocking", token: Self.user, body: Self.phone)
            #expect(answer.status == status)
            #expect(answer.json["code"]?.string == code)
        }
    }

    @Test("a leg that was to be there before is not known: the box has no legs of browsers")
    func prewarmed() async throws {
        try await TestBox.run { box in
            let body = #"{"channel":{"type":"app","id":"L","to":{"type":"phone","number":"1"}}}"#
            let answer = try await box.ask("POST", "/beta/knocking", token: Self.user, body: body)
            #expect(answer.status == 404)
            #expect(answer.json["code"] == "leg:error:not-found")
        }
    }

    @Test("only users call, and only those whose rules admit /v1/knocking, whatever version they ask")
    func access() async throws {
        try await TestBox.run { box in
            for (token, status) in [
                ("admin", 403), ("user:kiosk", 403), ("user:kiosk:/*/legs/**", 403), ("user:kiosk:/v1/knocking", 200),
            ] {
                try await box.expect(status, "POST", "/beta/knocking", token: token, body: Self.phone)
            }
            try await box.expect(401, "POST", "/beta/knocking", token: nil, body: Self.phone)
            // The rule names the list, not what is in it.
            try await box.expect(403, "DELETE", "/beta/knocking/knocker:1", token: "user:kiosk:/v1/knocking")
        }
    }

    @Test("a call is given up by its knocker, with the client's words")
    func withdrawn() async throws {
        try await TestBox.run { box in
            let path = "/beta/knocking/knocker:1"
            let answer = try await box.ask(
                "DELETE", path + "?reason_code=7&reason_text=wrong%20number", token: Self.user, body: "null")
            #expect(answer.status == 200)
            #expect(answer.json == ["type": "knocking:delete:success"])
            try await box.expect(200, "DELETE", "/v1/knocking/knocker:1")
            #expect(
                box.commands.withdrawn == [
                    FakeCommands.Withdrawal(
                        knocker: KnockerID("knocker:1"), user: "kiosk",
                        farewell: LegCommand.Farewell(code: "7", text: "wrong number")),
                    FakeCommands.Withdrawal(
                        knocker: KnockerID("knocker:1"), user: nil, farewell: LegCommand.Farewell()),
                ])
            box.commands.fail(with: CommandFault(.notFound, "-"))
            let unknown = try await box.ask("DELETE", path, token: Self.user)
            #expect(unknown.status == 404)
            #expect(unknown.json["code"] == "knocking:error:not-found")
        }
    }
}
