import SIPStack
import Testing

struct SIPURITests {
    @Test("a full URI is taken apart and put together again")
    func full() throws {
        let uri = try #require(SIPURI("SIPS:+49%2B30;ext=5@Example.NET:5071;Transport=TLS;media=srtp;lr"))
        #expect(uri.isSecure)
        #expect(uri.user == "+49%2B30;ext=5")
        #expect(uri.plainUser == "+49+30")
        #expect(uri.host == "Example.NET")
        #expect(uri.port == 5071)
        #expect(uri.transport == "tls")
        #expect(uri.media == "srtp")
        #expect(uri.parameter("lr") == "")
        #expect(uri.parameter("maddr") == nil)
        #expect(uri.usesTLS)
        #expect(
            uri.removingParameter("media").description
                == "sips:+49%2B30;ext=5@Example.NET:5071;transport=TLS;lr")
    }

    @Test(
        "good URIs are read",
        arguments: [
            ("sip:host", nil, "host", nil), ("sip:192.0.2.1:5060", nil, "192.0.2.1", 5060),
            ("sip:a@[2001:db8::1]:5061", "a", "2001:db8::1", 5061), ("sip:[::1]", nil, "::1", nil),
            ("sip:j.doe-1_x!~*'()&=+$,?/@h.example", "j.doe-1_x!~*'()&=+$,?/", "h.example", nil),
        ] as [(String, String?, String, UInt16?)])
    func good(text: String, user: String?, host: String, port: UInt16?) throws {
        let uri = try #require(SIPURI(text))
        #expect(uri.user == user)
        #expect(uri.host == host)
        #expect(uri.port == port)
        #expect(uri.description == text)
        #expect(!uri.usesTLS)
    }

    @Test(
        "what RFC 3261 does not allow is refused",
        arguments: [
            "", "sip", "sip:", "sip:@h", "tel:+1555", "http://h", "sip:a b@h", "sip:a@h h", "sip:a@", "sip:a@h:",
            "sip:a@h:0", "sip:a@h:65536", "sip:a@h:-1", "sip:a@h:1x", "sip:a%@h", "sip:a%4@h", "sip:a%zz@h",
            "sip:a:secret@h", "sip:a@h?Subject=x", "sip:a@h;", "sip:a@h;=x", "sip:a@h;x=", "sip:a@h;x=a b",
            "sip:a@h\r\nEvil: 1", "sip:a@h;x=1\r\nEvil:1", "sip:a\r\n@h", "sip:a@[::1", "sip:a@[::1]x",
            "sip:a@[nonsense]", "sip:a@[]", "sip:a@-h", "sip:a@h<>", "sip:a\"@h", "sip:\u{e9}@h", "sip:a@h\u{0}",
            "sip:a@" + String(repeating: "h", count: 254), "sip:" + String(repeating: "a", count: 1100) + "@h",
            "sip:h" + String(repeating: ";a", count: 40),
        ])
    func refused(text: String) {
        #expect(SIPURI(text) == nil)
    }

    @Test("random bytes never crash it, and what it accepts comes out unchanged in meaning")
    func fuzz() {
        let pieces = [
            "sip:", "sips:", "@", ":", ";", "=", "[", "]", "%41", "%", "a", "9", ".", "\r\n", " ", "?", "<", "é",
        ]
        var seed: UInt64 = 42
        for _ in 0..<20_000 {
            var text = "sip:"
            for _ in 0..<12 {
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text += pieces[Int(seed >> 33) % pieces.count]
            }
            guard let uri = SIPURI(text) else { continue }
            #expect(SIPURI(uri.description) == uri)
            #expect(!uri.description.contains("\n"))
        }
    }

    @Test("user parts are escaped and read back", arguments: ["+4930", "a b", "x@y", "ü;ext=1", "\r\n", "a%b"])
    func escaping(user: String) {
        let escaped = SIPURI.escapedUser(user)
        #expect(SIPURI("sip:\(escaped)@h") != nil)
        #expect(SIPURI.plainUser(escaped) == user)
    }
}
