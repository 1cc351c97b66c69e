import MediaTime
import Testing
import Tokens

@testable import ControlAPI

@Suite("Request paths, queries and cursors")
struct RequestPathTests {
    @Test(
        "one form of a path serves routes and access rules",
        arguments: [
            ("/v1/calls", "/v1/calls"), ("/v1/calls/", "/v1/calls"), ("//v1///calls", "/v1/calls"), ("/", "/"),
            ("/v1/%63alls", "/v1/calls"), ("/v1/a%2fb", "/v1/a%2Fb"), ("/v1/a%252Fb", "/v1/a%252Fb"),
        ])
    func forms(raw: String, text: String) { #expect(RequestPath(bounded: raw[...])?.text == text) }

    @Test(
        "paths that could mislead a rule are refused",
        arguments: ["/v1/../x", "/v1/%2e%2e/x", "/v1/./x", "/v1/%zz", "/v1/%f", "/v1/%00", "/v1/%ff"])
    func refused(raw: String) { #expect(RequestPath(bounded: raw[...]) == nil) }

    @Test("a path longer than the limit is refused")
    func length() { #expect(RequestPath(bounded: "/\(String(repeating: "a", count: 2048))"[...]) == nil) }

    @Test("queries decode escapes and blanks, and an empty value is absent")
    func query() {
        let query = Query("a=1&b=x+y%26z&c=&d&a=2")
        #expect(query["a"] == "1" && query["b"] == "x y&z" && query["c"] == nil && query["d"] == nil)
    }

    @Test("a cursor reads back what it was made of")
    func cursor() {
        let text = Paging.encode(["asc", "17", "CON-é"])
        #expect(Paging.decode(text) == ["asc", "17", "CON-é"])
    }

    @Test("what is no cursor is not read", arguments: ["zz", "1", "ff", String(repeating: "00", count: 300)])
    func badCursor(text: String) { #expect(Paging.decode(text) == nil) }

    @Test(
        "dates are written as HTTP writes them",
        arguments: [
            (Int64(0), "Thu, 01 Jan 1970 00:00:00 GMT"), (1_773_480_365_118, "Sat, 14 Mar 2026 09:26:05 GMT"),
        ])
    func date(milliseconds: Int64, text: String) {
        #expect(HTTPDate.text(WallTime(milliseconds: milliseconds)) == text)
    }
}
