import EdgeProtocols
import Testing

@testable import SIPStack

struct HeaderTextTests {
    @Test(
        "display names lose their quotes",
        arguments: [
            ("\"Ann \\\"A\\\" B\\\\C\"", "Ann \"A\" B\\C"), (" Plain Name ", "Plain Name"), ("\"\"", nil), ("", nil),
            ("\"", "\""),
        ] as [(String, String?)])
    func displayName(text: String, name: String?) {
        #expect(HeaderText.displayName(text) == name)
    }

    @Test("an address is quoted and escaped so that nothing breaks out")
    func address() {
        #expect(HeaderText.address(displayName: nil, user: "4930", host: "box") == "<sip:4930@box>")
        #expect(HeaderText.address(displayName: "", user: nil, host: "::1") == "<sip:[::1]>")
        #expect(HeaderText.address(displayName: nil, user: nil, host: "[::1]") == "<sip:[::1]>")
        #expect(
            HeaderText.address(displayName: "A \"x\" \\ \r\nEvil: 1", user: "a b>", host: "box")
                == "\"A \\\"x\\\" \\\\ Evil: 1\" <sip:a%20b%3E@box>")
    }

    @Test(
        "the user of an asserted identity is found",
        arguments: [
            ("\"Boss\" <sip:%2B49555;npdi@example.net>, <tel:+1>", "+49555"), ("sip:bob@h", "bob"),
            ("<tel:+1-555;phone-context=x>", "+1-555"), ("<sip:host>", nil), ("<>", nil), ("nonsense", nil), ("", nil),
        ] as [(String, String?)])
    func assertedIdentity(header: String, user: String?) {
        #expect(HeaderText.addressUser(header) == user)
    }

    @Test("header lines refuse what could start a line of its own")
    func lines() {
        #expect(HeaderText.lines([]) == "")
        #expect(HeaderText.lines([SIPHeader(name: "X-A", value: "1 \u{e9}\t2")]) == "X-A: 1 \u{e9}\t2\r\n")
        for header in [("", "x"), ("X A", "x"), ("X:", "x"), ("X-A", "1\r\nX-B: 2"), ("X-A", "\u{0}"), ("X-\n", "1")] {
            #expect(HeaderText.lines([SIPHeader(name: header.0, value: header.1)]) == nil)
        }
        #expect(HeaderText.phrase("Busy\r\nX: 1\u{7f}") == "BusyX: 1")
    }
}

struct InfoDigitTests {
    @Test(
        "key presses are read",
        arguments: [
            ("application/dtmf-relay", "Signal=5\r\nDuration=160", "5", 160),
            ("Application/DTMF-Relay", "Signal= * \n Duration = 99999", "*", 250),
            ("application/dtmf-relay", "Duration=80\nSignal=11\n", "#", 80), ("application/dtmf", "d", "D", 250),
            ("application/dtmf", " 10 \r\n", "*", 250),
        ] as [(String, String, Character, Int)])
    func good(type: String, body: String, digit: Character, duration: Int) throws {
        let read = try #require(InfoDigit(contentType: type, body: body))
        #expect(read.digit == digit)
        #expect(read.durationMilliseconds == duration)
    }

    @Test(
        "bodies without a key are refused",
        arguments: [
            "", "Signal=", "Signal=55", "Signal=x", "Duration=5", "=5", "Signal",
            String(repeating: "Signal=5\n", count: 100),
        ])
    func bad(body: String) {
        #expect(InfoDigit(contentType: "application/dtmf-relay", body: body) == nil)
        #expect(InfoDigit(contentType: "application/dtmf", body: body) == nil)
    }
}
