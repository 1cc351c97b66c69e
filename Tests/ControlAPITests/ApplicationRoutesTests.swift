import CallModel
import EdgeProtocols
import Foundation
import Testing
import WireJSON

@Suite("/v2/applications")
struct ApplicationRoutesTests {
    static let good = "Basic " + Data("k:s".utf8).base64EncodedString()

    private func ask(
        _ box: TestBox, _ method: String, _ path: String = "", authorization: String? = good, body: String? = nil
    ) async throws -> RawAnswer {
        try await box.ask(
            method, "/v2/applications\(path)", token: nil,
            headers: authorization.map { ["Authorization: \($0)"] } ?? [], body: body)
    }

    @Test(
        "only the account's key and secret open it",
        arguments: [
            nil, "Bearer admin", "Basic", "Basic !!", "Basic " + Data("k".utf8).base64EncodedString(),
            "Basic " + Data("k:x".utf8).base64EncodedString(), "Basic " + Data("x:s".utf8).base64EncodedString(),
            "Basic " + Data("k:ss".utf8).base64EncodedString(), "Basic " + Data(":".utf8).base64EncodedString(),
        ])
    func credentials(authorization: String?) async throws {
        try await TestBox.run { box in
            let answer = try await ask(box, "GET", authorization: authorization)
            #expect(answer.status == 401)
            #expect(answer.headers["www-authenticate"]?.hasPrefix("Basic") == true)
            #expect(try await ask(box, "GET", authorization: Self.good.replacing("Basic", with: "bAsIc")).status == 200)
            // And the account's credentials open nothing else (auth §4).
            #expect(
                try await box.ask("GET", "/v1/calls", token: nil, headers: ["Authorization: \(Self.good)"]).status
                    == 401)
        }
    }

    @Test("an application is created with its keys, shown, changed as a whole and deleted")
    func lifecycle() async throws {
        try await TestBox.run { box in
            let body = """
                {"name":"Demo","capabilities":{"voice":{"webhooks":{"answer_url":{"address":"https://h/a",
                "connection_timeout":500},"event_url":{"address":"https://h/e","http_method":"POST","socket_timeout":10000}},
                "conversations_ttl":12,"leg_persistence_time":31},"rtc":{"webhooks":{"event_url":{"address":"https://h/r"}}},
                "messages":{"version":"v1"},"vbc":{}},"privacy":{"improve_ai":false}}
                """
            let made = try await ask(box, "POST", body: body)
            #expect(made.status == 201)
            let id = try #require(made.json["id"]?.string)
            #expect(made.json["keys"]?["private_key"] == .string("private of \(id)"))
            let voice = made.json["capabilities"]?["voice"]
            #expect(
                voice?["webhooks"]?["answer_url"] == [
                    "address": "https://h/a", "http_method": "GET", "connect_timeout": 500,
                ])
            #expect(voice?["signed_callbacks"] == true && voice?["conversations_ttl"] == 12)
            #expect(made.json["capabilities"]?["messages"]?["version"] == "v1")
            #expect(made.json["privacy"] == ["improve_ai": false])

            let shown = try await ask(box, "GET", "/\(id.uppercased())").json
            #expect(shown["keys"] == ["public_key": .string("public of \(id)")])
            #expect(shown["_links"]?["self"]?["href"] == .string("http://box.test:8080/v2/applications/\(id)"))
            let application = try #require(FakeStatus(editing: box.editing).directory.applications[ApplicationID(id)])
            #expect(application.answerURL?.connectTimeoutMilliseconds == 500)
            #expect(application.voiceEventURL?.socketTimeoutMilliseconds == 10_000)
            #expect(application.rtcEventURL?.target == WebhookTarget(url: "https://h/r", method: .post))
            #expect(application.roomSeconds == 12 * 3600)
            #expect(application.legPersistenceDays == 31)

            let changed = try await ask(
                box, "PUT", "/\(id)", body: #"{"name":"New","keys":{"public_key":"PEM 2"}}"#)
            #expect(changed.status == 200 && changed.json["name"] == "New")
            #expect(changed.json["keys"] == ["public_key": "PEM 2"])
            #expect(changed.json["capabilities"] == [:])

            #expect(try await ask(box, "DELETE", "/\(id)").status == 204)
            #expect(try await ask(box, "GET", "/\(id)").status == 404)
            #expect(try await ask(box, "DELETE", "/\(id)").status == 404)
        }
    }

    @Test("what is configured is shown and cannot be changed; the answer says where it is written")
    func configured() async throws {
        try await TestBox.run { box in
            let id = Samples.mine.text
            let shown = try await ask(box, "GET", "/\(id)").json
            #expect(shown["name"] == "mine")
            #expect(
                shown["capabilities"]?["voice"]?["webhooks"]?["event_url"] == [
                    "address": "http://127.0.0.1:1/event", "http_method": "POST", "connect_timeout": 1000,
                    "socket_timeout": 1000,
                ])
            for (method, body) in [("PUT", #"{"name":"x"}"#), ("DELETE", nil)] {
                let answer = try await ask(box, method, "/\(id)", body: body)
                #expect(answer.status == 409)
                #expect(answer.json["detail"]?.string?.contains("box.yaml:7") == true)
            }
        }
    }

    @Test("the list has pages")
    func pages() async throws {
        try await TestBox.run { box in
            for name in ["a", "b", "c"] { _ = try await ask(box, "POST", body: #"{"name":"\#(name)"}"#) }
            let first = try await ask(box, "GET", "?page_size=3").json
            #expect(first["total_items"] == 5 && first["total_pages"] == 2 && first["page"] == 1)
            #expect(first["_embedded"]?["applications"]?.array?.count == 3)
            #expect(first["_links"]?["next"]?["href"] == "http://box.test:8080/v2/applications?page_size=3&page=2")
            let last = try await ask(box, "GET", "?page_size=3&page=2").json
            #expect(last["_embedded"]?["applications"]?.array?.count == 2 && last["_links"]?["next"] == nil)
            #expect(try await ask(box, "GET", "?page=9").json["_embedded"]?["applications"] == [])
            #expect(try await ask(box, "GET", "?page_size=101").status == 400)
        }
    }

    @Test(
        "each bad field is named",
        arguments: [
            (#"{}"#, "name"), (#"{"name":""}"#, "name"), (#"{"name":7}"#, "name"),
            (#"{"name":"x","capabilities":[]}"#, "capabilities"),
            (#"{"name":"x","capabilities":{"dance":{}}}"#, "capabilities.dance"),
            (#"{"name":"x","capabilities":{"voice":7}}"#, "capabilities.voice"),
            (#"{"name":"x","capabilities":{"voice":{"webhooks":[]}}}"#, "capabilities.voice.webhooks"),
            (
                #"{"name":"x","capabilities":{"voice":{"webhooks":{"answer_url":{"address":"ftp://x"}}}}}"#,
                "capabilities.voice.webhooks.answer_url.address"
            ),
            (
                #"{"name":"x","capabilities":{"voice":{"webhooks":{"event_url":{"address":"http://x/","http_method":"PUT"}}}}}"#,
                "capabilities.voice.webhooks.event_url.http_method"
            ),
            (
                #"{"name":"x","capabilities":{"rtc":{"webhooks":{"event_url":{"address":"http://x/","socket_timeout":1}}}}}"#,
                "capabilities.rtc.webhooks.event_url.socket_timeout"
            ),
            (
                #"{"name":"x","capabilities":{"voice":{"signed_callbacks":"yes"}}}"#,
                "capabilities.voice.signed_callbacks"
            ),
            (#"{"name":"x","capabilities":{"voice":{"conversations_ttl":0}}}"#, "capabilities.voice.conversations_ttl"),
            (#"{"name":"x","capabilities":{"messages":{"webhooks":null}}}"#, "capabilities.messages.webhooks"),
            (
                #"{"name":"x","capabilities":{"messages":{"webhooks":{"status_url":{"address":{}}}}}}"#,
                "capabilities.messages.webhooks.status_url.address"
            ),
            (#"{"name":"x","keys":{"public_key":"no"}}"#, "keys.public_key"),
            (#"{"name":"x","privacy":{"improve_ai":1}}"#, "privacy.improve_ai"),
        ])
    func faults(body: String, name: String) async throws {
        try await TestBox.run { box in
            let answer = try await ask(box, "POST", body: body)
            #expect(answer.status == 400)
            #expect(answer.json["invalid_parameters"]?[0]?["name"]?.string == name)
            #expect(box.editing.applications.isEmpty)
        }
    }
}
