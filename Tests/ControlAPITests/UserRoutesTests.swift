import CallModel
import EdgeProtocols
import Testing
import WireJSON

@Suite("/v1/users")
struct UserRoutesTests {
    private func make(_ box: TestBox, _ body: String) async throws -> JSON {
        let answer = try await box.ask("POST", "/v1/users", body: body)
        #expect(answer.status == 201)
        return answer.json
    }

    @Test("a user is created, shown, changed field by field and deleted")
    func lifecycle() async throws {
        try await TestBox.run { box in
            let made = try await make(
                box,
                #"{"name":"ann","display_name":"Ann","image_url":"https://h/i.png","properties":{"custom_data":{"myKey":1}},"channels":{"sip":[{"uri":"sip:a@b"}],"pstn":[{"number":447700900001}]}}"#
            )
            let id = try #require(made["id"]?.string)
            #expect(id.hasPrefix("USR-") && id.count == 40)
            #expect(made["_links"]?["self"]?["href"] == .string("http://box.test:8080/v1/users/\(id)"))
            #expect(try await box.ask("GET", "/v0.3/users/\(id)").json["properties"] == ["custom_data": ["myKey": 1]])
            let changed = try await box.ask(
                "PATCH", "/v1/users/\(id)", body: #"{"name":"anna","image_url":null,"channels":{"vbc":[]}}"#)
            #expect(changed.status == 200 && changed.json["name"] == "anna" && changed.json["image_url"] == nil)
            #expect(changed.json["display_name"] == "Ann" && changed.json["channels"] == ["vbc": []])
            try await box.expect(404, "GET", "/v1/users/\(id)", token: "other")
            try await box.expect(204, "DELETE", "/v1/users/\(id)")
            let gone = try await box.ask("GET", "/v1/users/\(id)")
            #expect(
                gone.status == 404 && gone.json["code"] == "user:error:not-found" && gone.json["title"] == "Not found.")
        }
    }

    @Test("names are unique, a missing one is made")
    func names() async throws {
        try await TestBox.run { box in
            #expect(try await make(box, "{}")["name"]?.string?.hasPrefix("NAM-") == true)
            _ = try await make(box, #"{"name":"ann"}"#)
            for name in ["ann", "kiosk"] {
                let answer = try await box.ask("POST", "/v1/users", body: #"{"name":"\#(name)"}"#)
                #expect(answer.status == 409 && answer.json["code"] == "user:error:duplicate-name")
            }
        }
    }

    @Test("the list is walked by cursors, filtered by name, and holds the configured users as well")
    func list() async throws {
        try await TestBox.run { box in
            for name in ["a", "b", "z"] { _ = try await make(box, #"{"name":"\#(name)"}"#) }
            var seen: [String] = []
            var path = "/v1/users?page_size=2&order=desc"
            for _ in 0..<5 {
                let page = try await box.ask("GET", path).json
                seen += page["_embedded"]?["users"]?.array?.compactMap { $0["name"]?.string } ?? []
                guard let next = page["_links"]?["next"]?["href"]?.string else { break }
                path = String(next.dropFirst("http://box.test:8080".count))
            }
            #expect(seen == ["z", "kiosk", "b", "a"])
            let found = try await box.ask("GET", "/v1/users?name=b").json["_embedded"]?["users"]?.array
            #expect(found?.map { $0["name"] } == ["b"])
        }
    }

    @Test("a configured user is read only; the answer says where it is written")
    func configured() async throws {
        try await TestBox.run { box in
            let list = try await box.ask("GET", "/v1/users?name=kiosk").json
            let id = try #require(list["_embedded"]?["users"]?[0]?["id"]?.string)
            try await box.expect(200, "GET", "/v1/users/\(id)")
            for (method, body) in [("PATCH", #"{"display_name":"x"}"#), ("DELETE", nil)] {
                let answer = try await box.ask(method, "/v1/users/\(id)", body: body)
                #expect(answer.status == 409 && answer.json["detail"]?.string?.contains("box.yaml:12") == true)
            }
        }
    }

    @Test("a user token reads users as its rules admit, changes itself alone, and creates none")
    func userTokens() async throws {
        try await TestBox.run { box in
            let id = try #require(try await make(box, #"{"name":"ann"}"#)["id"]?.string)
            let other = try #require(try await make(box, #"{"name":"bob"}"#)["id"]?.string)
            let token = "user:ann:/*/users/**"
            try await box.expect(200, "GET", "/v1/users/\(other)", token: token)
            try await box.expect(200, "PATCH", "/v1/users/\(id)", token: token, body: #"{"display_name":"A"}"#)
            try await box.expect(403, "PATCH", "/v1/users/\(other)", token: token, body: #"{"display_name":"A"}"#)
            try await box.expect(403, "POST", "/v1/users", token: token, body: "{}")
            try await box.expect(403, "GET", "/v1/users", token: token)
            try await box.expect(403, "GET", "/v1/users/\(id)", token: "user:ann:/*/legs/**")
            try await box.expect(403, "GET", "/v1/users/\(other)/conversations", token: token)
        }
    }

    @Test("a user's conversations carry its membership")
    func conversations() async throws {
        try await TestBox.run { box in
            let list = try await box.ask("GET", "/v1/users?name=kiosk").json
            let id = try #require(list["_embedded"]?["users"]?[0]?["id"]?.string)
            box.log.put(
                conversations: [Samples.conversation("CON-1"), Samples.conversation("CON-2")],
                members: [Samples.member("MEM-1", of: "CON-1"), Samples.member("MEM-2", of: "CON-2", state: .left)])
            let page = try await box.ask("GET", "/v1/users/\(id)/conversations").json
            let items = page["_embedded"]?["conversations"]?.array ?? []
            #expect(items.map { $0["id"] } == ["CON-1", "CON-2"])
            #expect(items.map { $0["_embedded"]?["member"]?["state"] } == ["JOINED", "LEFT"])
        }
    }

    @Test(
        "each bad field is named",
        arguments: [
            (#"{"name":""}"#, "name"), (#"{"display_name":7}"#, "display_name"), (#"{"channels":[]}"#, "channels"),
            (#"{"channels":{"dance":[]}}"#, "channels/dance"), (#"{"channels":{"sip":{}}}"#, "channels/sip"),
            (#"{"properties":{"custom_data":[]}}"#, "properties/custom_data"),
            (#"{"properties":{"ttl":-1}}"#, "properties/ttl"), (#"{"image_url":""}"#, "image_url"),
        ])
    func faults(body: String, name: String) async throws {
        try await TestBox.run { box in
            let answer = try await box.ask("POST", "/v1/users", body: body)
            #expect(answer.status == 400 && answer.json["invalid_parameters"]?[0]?["name"]?.string == name)
        }
    }
}
