import EdgeProtocols
import Testing
import WireJSON

@testable import SocketLegs

@Suite struct SocketTextTests {
    @Test("the first message holds the headers beside the protocol's own members, which win")
    func connected() throws {
        let call = SocketCall(
            uri: "ws://h/", rate: 24_000,
            headers: ["caller": "447700900001", "event": "mine", "content-type": "mine", "deep": ["a": [1, true]]])
        let message = SocketMessages.connected(call)
        #expect(
            message == [
                "event": "websocket:connected", "content-type": "audio/l16;rate=24000", "caller": "447700900001",
                "deep": ["a": [1, true]],
            ])
    }

    @Test(
        "a text message that is none of ours says why",
        arguments: [
            ("", "no JSON"), ("hello", "no JSON"), ("[1]", "no JSON object"), ("{}", "no action"),
            (#"{"action":"stop"}"#, "unknown action 'stop'"), (#"{"action":7}"#, "no action"),
        ])
    func wrongText(text: String, reason: String) {
        do {
            _ = try SocketRequest(text: Array(text.utf8))
            Issue.record("taken: \(text)")
        } catch {
            #expect(error.reason.hasPrefix(reason), "\(error.reason)")
        }
    }

    @Test(
        "a URL gives host, port, Host header and request target",
        arguments: [
            ("ws://example.com", "example.com", 80, "example.com", "/"),
            ("wss://example.com/a/b?c=d#e", "example.com", 443, "example.com", "/a/b?c=d"),
            ("WS://127.0.0.1:8000?x=1", "127.0.0.1", 8000, "127.0.0.1:8000", "/?x=1"),
            ("ws://[::1]:9/x", "::1", 9, "[::1]:9", "/x"), ("ws://u:p@host/x", "host", 80, "host", "/x"),
        ])
    func url(text: String, host: String, port: Int, authority: String, target: String) throws {
        let url = try #require(SocketURL(text))
        #expect(url.host == host && url.port == port && url.authority == authority && url.target == target)
    }

    @Test(
        "what is no websocket URL is refused",
        arguments: ["http://h/", "ws://", "ws://h:0/", "ws://h:99999/", "ws://[::1/", "ws://h/a b", "h:80"])
    func noURL(text: String) { #expect(SocketURL(text) == nil) }
}
