import HTTPFetch
import MediaTime
import Testing

@Suite struct FetchTests {
    private let fetcher = HTTPFetcher()
    private let time = SystemTimeSource()

    @Test("a response comes back with its status, headers and body")
    func plain() async throws {
        let receiver = try await Receiver(.status(201, body: "hello", headers: ["x-a": "b"]))
        let response = try await fetcher.send(
            FetchRequest(
                method: .post, url: receiver.url("/p?q=%2B"), headers: [("x-in", "1")], body: Array("body".utf8),
                timeoutMilliseconds: 5000))
        #expect(response.status == 201)
        #expect(response.body == Array("hello".utf8))
        #expect(response.header("X-A") == "b")
        let request = try #require(receiver.received.first)
        #expect(request.uri == "/p?q=%2B")
        #expect(request.text == "body")
        #expect(request.header("x-in") == "1")
        await fetcher.shutdown()
    }

    @Test(
        "each way to fail has its own word",
        arguments: [
            (Reply.close, FetchFault.Code.closed), (.reset, .reset), (.hang, .socketTimeout), (.drip, .socketTimeout),
            (.garbage, .badResponse), (.status(200, body: String(repeating: "x", count: 2000)), .tooLarge),
        ])
    func faults(reply: Reply, code: FetchFault.Code) async throws {
        let receiver = try await Receiver(reply)
        let fault = await #expect(throws: FetchFault.self) {
            _ = try await fetcher.send(
                FetchRequest(
                    method: .get, url: receiver.url(), timeoutMilliseconds: code == .socketTimeout ? 300 : 20_000,
                    maximumBodyBytes: 1000))
        }
        #expect(fault?.code == code)
        await fetcher.shutdown()
    }

    @Test("a refused port is told at once, not at the connect timeout")
    func refused() async throws {
        let port = try DeafPort()
        let started = time.now
        let fault = await #expect(throws: FetchFault.self) {
            _ = try await fetcher.send(
                FetchRequest(
                    method: .get, url: "http://127.0.0.1:\(port.number)/", connectTimeoutMilliseconds: 3000,
                    timeoutMilliseconds: 10_000))
        }
        #expect(fault?.code == .refused)
        #expect(time.now - started < .seconds(3))
        await fetcher.shutdown()
    }

    @Test("what is no http URL is refused", arguments: ["", "no url", "ftp://127.0.0.1/", "http://", "http+unix://x/"])
    func badURL(url: String) async throws {
        let fault = await #expect(throws: FetchFault.self) {
            _ = try await fetcher.send(FetchRequest(method: .get, url: url, timeoutMilliseconds: 1000))
        }
        #expect(fault?.code == .badURL)
        await fetcher.shutdown()
    }

    @Test("a body that is read away may be long")
    func discarded() async throws {
        let receiver = try await Receiver(.status(200, body: String(repeating: "x", count: 5000)))
        let response = try await fetcher.send(
            FetchRequest(
                method: .get, url: receiver.url(), timeoutMilliseconds: 5000, maximumBodyBytes: 10, discardsBody: true))
        #expect(response.status == 200)
        #expect(response.body.isEmpty)
        await fetcher.shutdown()
    }

    @Test("redirects are followed only as often as asked", arguments: [(0, 302), (2, 302), (3, 200)])
    func redirects(limit: Int, status: Int) async throws {
        let receiver = try await Receiver { request, _ in
            let step = request.uri.dropFirst().prefix { $0.isNumber }
            guard let number = Int(step), number < 3 else { return .status(200) }
            return .status(302, headers: ["location": "/\(number + 1)?a=b"])
        }
        let request = FetchRequest(method: .get, url: receiver.url("/0"), timeoutMilliseconds: 5000, redirects: limit)
        if limit == 2 {
            let fault = await #expect(throws: FetchFault.self) { _ = try await fetcher.send(request) }
            #expect(fault?.code == .badResponse)
        } else {
            #expect(try await fetcher.send(request).status == status)
        }
        await fetcher.shutdown()
    }

    @Test("a forbidden network is not called, by address or by name", arguments: ["127.0.0.1", "localhost"])
    func policy(host: String) async throws {
        let receiver = try await Receiver()
        let policy = OutboundPolicy(deny: ["127.0.0.0/8", "::1"].compactMap(IPNetwork.init))
        let closed = HTTPFetcher(HTTPFetcher.Configuration(outbound: policy))
        let fault = await #expect(throws: FetchFault.self) {
            _ = try await closed.send(
                FetchRequest(method: .get, url: "http://\(host):\(receiver.port)/", timeoutMilliseconds: 2000))
        }
        #expect(fault?.code == .policyDenied)
        #expect(receiver.received.isEmpty)
        await closed.shutdown()
    }

    @Test(
        "networks contain what they should",
        arguments: [
            ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.1", false), ("0.0.0.0/0", "8.8.8.8", true),
            ("192.168.1.64/26", "192.168.1.127", true), ("192.168.1.64/26", "192.168.1.128", false),
            ("fe80::/10", "fe80::1", true), ("::1", "::1", true), ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("::/0", "2001:db8::1", true),
        ])
    func networks(network: String, address: String, isDenied: Bool) throws {
        let policy = OutboundPolicy(deny: [try #require(IPNetwork(network))])
        #expect((policy.refusal(of: address) != nil) == isDenied)
        let only = OutboundPolicy(allow: [try #require(IPNetwork(network))])
        #expect((only.refusal(of: address) == nil) == isDenied)
    }

    @Test("what is no network is refused", arguments: ["", "10.0.0.0/33", "10.0.0/8", "x", "::/129", "10.0.0.0/-1"])
    func noNetworks(text: String) { #expect(IPNetwork(text) == nil) }
}
