import SDP
import Testing

@Suite("Session descriptions")
struct SessionDescriptionTests {
    @Test("offers of known peers are read, and read again as they are printed", arguments: Offers.all)
    func roundTrip(text: String) throws {
        let description = try SessionDescription(parsing: text)
        #expect(try SessionDescription(parsing: description.text) == description)
    }

    @Test("sections keep their order, attributes and address")
    func sections() throws {
        let description = try SessionDescription(parsing: Offers.linphone)
        #expect(description.name == "Talk" && description.origin.user == "alice")
        #expect(description.media.map { $0.kind } == ["audio", "video"])
        #expect(description.media[0].formats == ["96", "97", "98", "0", "8", "101", "99"])
        #expect(description.attributes.count == 3)
        #expect(description.media[1].attributes.last == .init("rtcp-fb", "96 nack pli"))
        let other = try SessionDescription(parsing: Offers.ip6)
        #expect(other.connection == nil && other.media[0].connection?.address == "2001:db8::10")
    }

    @Test(
        "a fault names its line",
        arguments: [
            ("", 0), ("hello", 1), ("o=- 1 1 IN IP4 1.2.3.4\r\n", 1), ("v=1\r\n", 1), ("v=0\r\n", 0),
            ("v=0\r\no=- 1 1 IN IP4\r\n", 2),
            ("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\nno line\r\n", 3),
            ("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 300.1.1.1\r\n", 4),
            ("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 host.example.com\r\n", 4),
            ("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP6 1.2.3.4\r\n", 4),
            ("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nm=audio 70000 RTP/AVP 0\r\n", 4),
            ("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nm=audio x RTP/AVP 0\r\n", 4),
            ("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nm=audio 6000 RTP/AVP\r\n", 4),
            ("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nm=audio 6000 RTP/AVP 0\r\na=ptime:20\r\n", 4),
            ("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\na=:x\r\n", 4),
            ("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\nv=0\r\n", 3),
            ("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=a\u{0}b\r\n", 3),
        ])
    func faults(text: String, line: Int) {
        let fault = #expect(throws: SDPFault.self) { try SessionDescription(parsing: text) }
        #expect(fault?.line == line)
    }

    @Test("what passes a bound is refused")
    func bounds() {
        let head = "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 1.2.3.4\r\n"
        let section = "m=audio 6000 RTP/AVP 0\r\n"
        #expect(throws: Never.self) { try SessionDescription(parsing: head + String(repeating: section, count: 64)) }
        for text in [
            head + String(repeating: section, count: 65), head + String(repeating: "a=x\r\n", count: 2000),
            head + "a=x:" + String(repeating: "y", count: 66_000),
            head + "m=audio 6000 RTP/AVP" + String(repeating: " 0", count: 65) + "\r\n",
        ] {
            #expect(throws: SDPFault.self) { try SessionDescription(parsing: text) }
        }
    }

    @Test("empty lines, a missing end of line, s= and t= do no harm")
    func tolerance() throws {
        let text = "v=0\no=- 1 1 IN IP4 1.2.3.4\nc=IN IP4 1.2.3.4\n\nm=audio 6000/2 RTP/AVP 0\n\n"
        let description = try SessionDescription(parsing: text)
        #expect(description.media[0].port == 6000 && description.name == "-")
    }

    @Test(
        "IPv6 addresses are told from what only looks like them",
        arguments: [
            ("::1", true), ("::", true), ("fe80::1", true), ("1:2:3:4:5:6:7:8", true), ("::ffff:10.0.0.1", true),
            ("1::", true), ("1:2:3:4:5:6:7::", true), (":::", false), ("1:2", false), ("1::2::3", false),
            ("12345::", false), ("1:2:3:4:5:6:7:8:9", false), ("g::", false), (":1:2:3:4:5:6:7", false),
            ("::1.2.3", false), ("1:2:3:", false),
        ])
    func ip6(address: String, isValid: Bool) {
        let text = "v=0\r\no=- 1 1 IN IP6 ::1\r\ns=-\r\nc=IN IP6 \(address)\r\n"
        #expect(((try? SessionDescription(parsing: text)) != nil) == isValid)
    }
}
