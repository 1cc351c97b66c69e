import NCCO
import Testing
import WireJSON

struct EndpointTests {
    @Test(
        "a phone number loses its plus and keeps its digits",
        arguments: [
            ("+447700900001", "447700900001"), ("4477009", "4477009"), ("123456789012345", "123456789012345"),
        ])
    func phoneNumbers(given: String, dialled: String) throws {
        #expect(
            try endpoint(#"{"type":"phone","number":"\#(given)"}"#)
                == .phone(number: dialled, dtmfAnswer: nil, onAnswer: nil))
    }

    @Test("a phone endpoint takes every option")
    func phoneOptions() throws {
        let text = """
            {"type":"phone","number":"447700900001","dtmfAnswer":"0p*#9","shaken":"x",
             "onAnswer":{"url":"http://a.test/n","ringback":"http://a.test/r"}}
            """
        let onAnswer = OnAnswer(url: "http://a.test/n", ringbackTone: "http://a.test/r")
        #expect(
            try endpoint(text) == .phone(number: "447700900001", dtmfAnswer: "0p*#9", onAnswer: onAnswer))
    }

    @Test("a websocket endpoint has 16 kHz, no headers and no authorization unless told")
    func webSocketDefaults() throws {
        #expect(
            try endpoint(#"{"type":"websocket","uri":"wss://b.test/s"}"#) == .websocket(.init(uri: "wss://b.test/s")))
    }

    @Test(
        "the media type of a websocket is read under its three names, blanks and case ignored",
        arguments: [
            (#""content-type":"audio/l16;rate=8000""#, 8000), (#""contentType":"audio/L16; rate=16000""#, 16_000),
            (#""content_type":" audio / l16 ; rate = 24000 ""#, 24_000),
        ])
    func mediaTypes(member: String, rate: Int) throws {
        guard case .websocket(let socket) = try endpoint(#"{"type":"websocket","uri":"ws://b.test",\#(member)}"#) else {
            throw NotThatAction()
        }
        #expect(socket.sampleRate == rate)
    }

    @Test("headers and authorization of a websocket are kept as given")
    func webSocketOptions() throws {
        let text = """
            {"type":"websocket","uri":"wss://b.test","headers":{"b":[1,{"c":null}],"a":"ü"},
             "authorization":{"type":"custom","value":"Bearer x"}}
            """
        var expected = WebSocketEndpoint(
            uri: "wss://b.test", headers: JSONObject([("b", [1, ["c": .null]]), ("a", "ü")]))
        expected.authorization = .custom("Bearer x")
        #expect(try endpoint(text) == .websocket(expected))
    }

    @Test("custom SIP headers get the prefix once, scalars become text")
    func sipHeaders() throws {
        let text = """
            {"type":"sip","uri":"sips:a@b.test;transport=tls","headers":{"floor":2,"x-up":true,"X-r":1.5,"t":"a\\tb"},
             "standard_headers":{"User-to-User":"34;encoding=hex"}}
            """
        let expected = SIPEndpoint(
            address: .uri("sips:a@b.test;transport=tls"),
            headers: [("X-floor", "2"), ("x-up", "true"), ("X-r", "1.5"), ("X-t", "a\tb")],
            userToUser: "34;encoding=hex")
        #expect(try endpoint(text) == .sip(expected))
    }

    @Test(
        "a SIP address is a URI or a user of a trunk",
        arguments: [
            (#""uri":"sip:b.test""#, SIPEndpoint.Address.uri("sip:b.test")),
            (#""uri":"SIP:+1@[::1]:5070""#, .uri("SIP:+1@[::1]:5070")),
            (#""user":"john","domain":"trunk""#, .trunk(user: "john", domain: "trunk")),
        ])
    func sipAddresses(members: String, address: SIPEndpoint.Address) throws {
        #expect(try endpoint(#"{"type":"sip",\#(members),"standard_headers":{}}"#) == .sip(.init(address: address)))
    }

    @Test("an extension is an endpoint")
    func extensions() throws {
        #expect(try endpoint(#"{"type":"vbc","extension":"111"}"#) == .vbc(extension: "111"))
    }

    @Test(
        "a faulty endpoint is refused where the fault stands",
        arguments: [
            ("5", ""), ("null", ""), ("{}", "/type"), (#"{"type":null}"#, "/type"), (#"{"type":"Phone"}"#, "/type"),
            (#"{"type":"phone","number":447700900001}"#, "/number"), (#"{"type":"phone","number":"+"}"#, "/number"),
            (#"{"type":"phone","number":""}"#, "/number"), (#"{"type":"phone","number":"++4477009"}"#, "/number"),
            (#"{"type":"phone","number":"٤٤٧٧٠٠٩"}"#, "/number"),
            (#"{"type":"phone","number":"4477009","dtmfAnswer":""}"#, "/dtmfAnswer"),
            (#"{"type":"phone","number":"4477009","onAnswer":"http://a.test"}"#, "/onAnswer"),
            (#"{"type":"phone","number":"4477009","onAnswer":{"url":"x"}}"#, "/onAnswer/url"),
            (
                #"{"type":"phone","number":"4477009","onAnswer":{"url":"http://a","ringback":"x"}}"#,
                "/onAnswer/ringback"
            ),
            (#"{"type":"app","user":""}"#, "/user"), (#"{"type":"vbc","extension":1}"#, "/extension"),
            (#"{"type":"websocket","uri":"ws:b.test"}"#, "/uri"), (#"{"type":"websocket","uri":5}"#, "/uri"),
            (#"{"type":"websocket","uri":"ws://b","content-type":"audio/l16"}"#, "/content-type"),
            (#"{"type":"websocket","uri":"ws://b","contentType":"audio/opus;rate=8000"}"#, "/contentType"),
            (#"{"type":"websocket","uri":"ws://b","authorization":"x"}"#, "/authorization"),
            (#"{"type":"websocket","uri":"ws://b","authorization":{}}"#, "/authorization/type"),
            (
                #"{"type":"websocket","uri":"ws://b","authorization":{"type":"custom","value":""}}"#,
                "/authorization/value"
            ),
            (#"{"type":"sip","uri":"sip:"}"#, "/uri"), (#"{"type":"sip","uri":"sip:a@"}"#, "/uri"),
            (#"{"type":"sip","uri":"sip:a b@c"}"#, "/uri"), (#"{"type":"sip","uri":"sip:a@b>\r\nX: y"}"#, "/uri"),
            (#"{"type":"sip","domain":"d"}"#, "/user"), (#"{"type":"sip","user":"a@b","domain":"d"}"#, "/user"),
            (#"{"type":"sip","user":"a","domain":""}"#, "/domain"),
            (#"{"type":"sip","uri":"sip:a@b","user":"a"}"#, "/uri"),
            (#"{"type":"sip","uri":"sip:a@b","headers":{"":"x"}}"#, "/headers/"),
            (#"{"type":"sip","uri":"sip:a@b","headers":{"a b":"x"}}"#, "/headers/a b"),
            (#"{"type":"sip","uri":"sip:a@b","headers":{"a":null}}"#, "/headers/a"),
            (#"{"type":"sip","uri":"sip:a@b","headers":{"a":"\u0000"}}"#, "/headers/a"),
            (#"{"type":"sip","uri":"sip:a@b","standardHeaders":{"User-to-User":7}}"#, "/standardHeaders/User-to-User"),
        ])
    func faulty(text: String, path: String) throws {
        let refusal = #expect(throws: ScriptRefusal.self) {
            try ConnectEndpoint.parse(try JSON(parsing: text), path: "/to/0")
        }
        #expect(refusal?.faults.map(\.path) == ["/to/0" + path])
    }

    @Test("8191 characters of authorization are taken, one more is not")
    func longAuthorization() throws {
        func document(_ count: Int) -> JSON {
            let value = JSON.string(String(repeating: "a", count: count))
            return ["type": "websocket", "uri": "ws://b", "authorization": ["type": "custom", "value": value]]
        }
        #expect(throws: Never.self) { try ConnectEndpoint.parse(document(8191), path: "") }
        #expect(throws: ScriptRefusal.self) { try ConnectEndpoint.parse(document(8192), path: "") }
    }
}
