import CallModel
import EdgeProtocols
import NCCO
import Testing
import WireJSON

@Suite("orders to a call by REST")
struct CallOrdersTests {
    static let uuid = "63f61863-4a51-4f6b-86e1-46edebcf9356"
    static let hook = WebhookTarget(url: "http://h/e", method: .post)

    @Test(
        "every action of PUT /v1/calls/{uuid}",
        arguments: [
            (#"{"action":"hangup"}"#, LegCommand.hangUp), (#"{"action":"mute"}"#, .mute(true)),
            (#"{"action":"volume","level":-0.5}"#, .volume(-0.5)),
            (#"{"action":"unmute"}"#, .mute(false)), (#"{"action":"earmuff"}"#, .earmuff(true)),
            (#"{"action":"unearmuff"}"#, .earmuff(false)),
            (
                #"{"action":"transfer","destination":{"type":"ncco","ncco":[{"action":"talk","text":"hi"}]}}"#,
                .transfer(.inline([.talk(Talk(text: "hi"))]))
            ),
            (
                #"{"action":"transfer","destination":{"type":"ncco","url":["http://h/n"]}}"#,
                .transfer(.url(WebhookTarget(url: "http://h/n", method: .get)))
            ),
            (
                #"{"action":"transfer","destination":{"type":"ncco","url":"http://h/n"}}"#,
                .transfer(.url(WebhookTarget(url: "http://h/n", method: .get)))
            ),
        ])
    func actions(body: String, command: LegCommand) async throws {
        try await TestBox.run { box in
            let answer = try await box.ask("PUT", "/v1/calls/\(Self.uuid)/", body: body)
            #expect(answer.status == 204 && answer.body.isEmpty)
            #expect(box.commands.orders == [FakeCommands.Order(command: command, leg: LegID(Self.uuid))])
        }
    }

    @Test(
        "what is wrong with an order is named",
        arguments: [
            ("", #"{}"#, "action"), ("", #"{"action":"dance"}"#, "action"), ("", #"{"action":7}"#, "action"),
            ("", #"{"action":"volume"}"#, "level"), ("", #"{"action":"volume","level":1.5}"#, "level"),
            ("", #"{"action":"transfer"}"#, "destination"),
            ("", #"{"action":"transfer","destination":{"type":"ncco"}}"#, "destination/ncco"),
            ("", #"{"action":"transfer","destination":{"type":"x","url":["http://h/"]}}"#, "destination/type"),
            (
                "", #"{"action":"transfer","destination":{"type":"ncco","url":["http://h/"],"ncco":[]}}"#,
                "destination/ncco"
            ),
            ("", #"{"action":"transfer","destination":{"type":"ncco","url":["h"]}}"#, "destination/url"),
            (
                "", #"{"action":"transfer","destination":{"type":"ncco","ncco":[{"action":"talk"}]}}"#,
                "destination/ncco/0/text"
            ),
            ("/talk", #"{}"#, "text"), ("/talk", #"{"text":""}"#, "text"),
            ("/talk", #"{"text":"x","level":"2"}"#, "level"), ("/talk", #"{"text":"x","loop":-1}"#, "loop"),
            ("/stream", #"{}"#, "stream_url"), ("/stream", #"{"stream_url":["x"]}"#, "stream_url/0"),
            ("/stream", #"{"stream_url":["http://h/a"],"loop":1.5}"#, "loop"),
            ("/dtmf", #"{}"#, "digits"), ("/dtmf", #"{"digits":"12a"}"#, "digits"),
            ("/dtmf", #"{"digits":""}"#, "digits"),
            ("/input/dtmf", #"{}"#, "event_url"), ("/input/dtmf", #"{"event_url":["x"]}"#, "event_url"),
        ])
    func faults(path: String, body: String, name: String) async throws {
        try await TestBox.run { box in
            let answer = try await box.ask("PUT", "/v1/calls/\(Self.uuid)\(path)", body: body)
            #expect(answer.status == 400)
            #expect(answer.json["invalid_parameters"]?[0]?["name"]?.string == name)
            #expect(box.commands.orders.isEmpty)
        }
    }

    @Test("talk with every option, level as text")
    func talk() async throws {
        try await TestBox.run { box in
            let body =
                #"{"text":"hi","language":"de-DE","style":2,"premium":true,"loop":0,"level":"-0.5","voice_name":"Amy"}"#
            let answer = try await box.ask("PUT", "/v1/calls/\(Self.uuid)/talk", body: body)
            #expect(answer.status == 200)
            #expect(answer.json == ["message": "Talk started", "uuid": .string(Self.uuid)])
            var talk = Talk(text: "hi")
            (talk.language, talk.style, talk.premium, talk.loop, talk.level) = ("de-DE", 2, true, 0, -0.5)
            #expect(box.commands.orders.map(\.command) == [.talk(talk)])
        }
    }

    @Test(
        "the other orders and their answers",
        arguments: [
            ("DELETE", "talk", "", LegCommand.stopTalk, "Talk stopped"),
            ("DELETE", "stream", "", .stopStream, "Stream stopped"),
            (
                "PUT", "stream", #"{"stream_url":["http://h/a.mp3"]}"#, .stream(Stream(url: "http://h/a.mp3")),
                "Stream started"
            ),
            ("PUT", "dtmf", #"{"digits":"1p2*#"}"#, .sendDigits("1p2*#"), "DTMF sent"),
            ("PUT", "dtmf", #"{"digits":1713}"#, .sendDigits("1713"), "DTMF sent"),
            ("PUT", "input/dtmf", #"{"event_url":["http://h/e"]}"#, .subscribeDigits(hook), "DTMF events started"),
            ("PUT", "input/dtmf", #"{"event_url":"http://h/e"}"#, .subscribeDigits(hook), "DTMF events started"),
            ("DELETE", "input/dtmf", "", .unsubscribeDigits, "DTMF events stopped"),
        ])
    func others(method: String, path: String, body: String, command: LegCommand, message: String) async throws {
        try await TestBox.run { box in
            let answer = try await box.ask(
                method, "/v1/calls/63F618634A514F6B86E146EDEBCF9356/\(path)", body: body.isEmpty ? nil : body)
            #expect(answer.status == 200)
            #expect(answer.json == ["message": .string(message), "uuid": .string(Self.uuid)])
            #expect(box.commands.orders == [FakeCommands.Order(command: command, leg: LegID(Self.uuid))])
        }
    }

    @Test(
        "user tokens never touch calls, other methods and media types are told apart",
        arguments: [
            ("PUT", "", "user:kiosk:/**", "application/json", 403), ("PUT", "/talk", "none", "application/json", 401),
            ("POST", "/talk", "admin", "application/json", 405), ("GET", "/dtmf", "admin", "application/json", 405),
            ("PUT", "/talk", "admin", "text/plain", 415), ("PUT", "/dance", "admin", "application/json", 404),
        ])
    func refusals(method: String, path: String, token: String, type: String, status: Int) async throws {
        try await TestBox.run { box in
            let answer = try await box.ask(
                method, "/v1/calls/\(Self.uuid)\(path)", token: token, headers: ["Content-Type: \(type)"],
                body: #"{"action":"hangup"}"#)
            #expect(answer.status == status)
            #expect(box.commands.orders.isEmpty)
        }
    }
}
