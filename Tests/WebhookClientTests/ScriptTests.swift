import CallModel
import EdgeProtocols
import EventStore
import HTTPFetch
import MediaTime
import Synchronization
import Testing
import WireJSON

@testable import WebhookClient

@Suite struct ScriptTests {
    private let fetcher = HTTPFetcher()
    private let time = SystemTimeSource()
    private static let script = #"[{"action":"talk","text":"hi"}]"#

    private func client(_ delivery: WebhookDelivery? = nil) -> ScriptClient {
        ScriptClient(fetcher: fetcher, account: { Sample.account }, delivery: delivery, logger: Sample.logger)
    }

    private func request(
        _ url: String, _ kind: ScriptRequest.Kind = .answer, method: WebhookTarget.Method = .post,
        fallback: String? = nil, leg: LegID = .make(), socket: Int = 10_000, deadline: Int = 60_000
    ) -> ScriptRequest {
        ScriptRequest(
            kind: kind, application: Sample.application(nil), leg: leg, conversation: ConversationID("CON-1"),
            target: WebhookTarget(url: url, method: method),
            fallback: fallback.map {
                WebhookSetting(
                    target: WebhookTarget(url: $0, method: .post), socketTimeoutMilliseconds: 10_000)
            }, connectTimeoutMilliseconds: 1000, socketTimeoutMilliseconds: socket, deadlineMilliseconds: deadline,
            fields: JSONObject([("to", "+4420"), ("from", "447 700"), ("custom_data", ["a": 1]), ("x", .null)]))
    }

    private static let isScript: @Sendable ([UInt8]) -> String? = { body in
        body.first == UInt8(ascii: "[") ? nil : "Syntax error"
    }

    @Test("an answer request is a query or a compact JSON body, signed", arguments: [WebhookTarget.Method.get, .post])
    func forms(method: WebhookTarget.Method) async throws {
        let receiver = try await Receiver(.status(200, body: Self.script))
        let reply = await client().ask(request(receiver.url("/a"), method: method), validate: Self.isScript)
        #expect(reply.body == Array(Self.script.utf8))
        #expect(reply.failure == nil)
        #expect(reply.requestedAt <= reply.repliedAt)
        let received = try #require(receiver.received.first)
        #expect(received.method == method.rawValue)
        if method == .get {
            #expect(received.uri == "/a?to=%2B4420&from=447%20700&custom_data=%7B%22a%22%3A1%7D")
        } else {
            #expect(received.text == #"{"to":"+4420","from":"447 700","custom_data":{"a":1},"x":null}"#)
        }
        let claims = try Token(authorization: received.header("authorization")).claims
        #expect(claims["application_id"] == .string(Sample.application.text))
        await fetcher.shutdown()
    }

    @Test(
        "a failure is repeated only when it may pass, and the fallback is told why",
        arguments: [
            (Reply.close, 2, "Connection closed."), (.reset, 2, "Connection reset."), (.hang, 2, "Socket timeout."),
            (.status(503), 2, "Invalid response code."), (.status(429), 2, "Invalid response code."),
            (.status(504), 2, "Invalid response code."), (.status(500), 1, "Invalid response code."),
            (.status(404), 1, "Invalid response code."), (.status(302), 1, "Invalid response code."),
            (.status(206, body: script), 1, "Invalid response code."), (.status(200, body: "{}"), 1, "Invalid NCCO."),
            (.status(200), 1, "Invalid NCCO."),
        ])
    func fallback(reply: Reply, attempts: Int, reason: String) async throws {
        let receiver = try await Receiver(reply)
        let spare = try await Receiver(.status(200, body: Self.script))
        let socket = reason == "Socket timeout." ? 200 : 20_000
        let asked = await client().ask(
            request(receiver.url("/a"), fallback: spare.url(), socket: socket, deadline: 60_000),
            validate: Self.isScript)
        #expect(asked.body == Array(Self.script.utf8))
        #expect(receiver.received.count == attempts)
        #expect(Set(receiver.received.map(\.text)).count == 1)
        let sent = try #require(spare.received.first)
        let fields = try #require(try JSON(parsing: sent.body).object)
        #expect(fields["to"] == "+4420")
        #expect(fields["reason"] == .string(reason))
        #expect(fields["original_request"] == ["url": .string(receiver.url("/a")), "type": "answer"])
        await fetcher.shutdown()
    }

    @Test("when the fallback fails too, the reply says in words what failed")
    func bothFail() async throws {
        let receiver = try await Receiver(.status(500))
        let spare = try await Receiver(.status(503))
        let reply = await client().ask(request(receiver.url(), fallback: spare.url()), validate: Self.isScript)
        #expect(reply.body == nil)
        let failure = try #require(reply.failure)
        #expect(failure.contains("500") && failure.contains("503") && failure.contains(spare.url()))
        #expect(spare.received.count == 2)
        await fetcher.shutdown()
    }

    @Test("all attempts together end at the deadline, a dripping answer too", arguments: [Reply.hang, .drip])
    func deadline(reply: Reply) async throws {
        let receiver = try await Receiver(reply)
        let started = time.now
        let answer = await client().ask(
            request(receiver.url(), fallback: receiver.url(), socket: 5000, deadline: 400), validate: Self.isScript)
        #expect(answer.body == nil)
        #expect(time.now - started < .seconds(8))
        await fetcher.shutdown()
    }

    @Test(
        "the response to an event is a script only when it is an array with something in it",
        arguments: [
            ("", false), ("{}", false), ("ok", false), ("[]", false), (" [ ]", false), (#"[{"action":"no"}]"#, true),
        ])
    func events(body: String, isJudged: Bool) async throws {
        let receiver = try await Receiver(.status(200, body: body))
        let judged = Mutex(false)
        let reply = await client().ask(request(receiver.url(), .event)) { _ in
            judged.withLock { $0 = true }
            return "Invalid"
        }
        #expect(judged.withLock { $0 } == isJudged)
        #expect((reply.body == nil) == isJudged)
        await fetcher.shutdown()
    }

    @Test(
        "earlier notifications of the leg go out first, but a slow one is waited for only half a second",
        arguments: [false, true])
    func waiting(isSlow: Bool) async throws {
        let folder = Folder()
        let store = try folder.store()
        let receiver = try await Receiver { request, _ in
            if request.uri == "/answer" { return .status(200, body: Self.script) }
            return isSlow ? .hang : .after(.milliseconds(50), status: 200)
        }
        var settings = DeliverySettings()
        settings.commitWait = .seconds(20)
        settings.hold = .seconds(60)
        if !isSlow { settings.notificationWait = .seconds(20) }
        let delivery = WebhookDelivery(
            journal: store, fetcher: fetcher, settings: settings, logger: Sample.logger,
            directory: TestDirectory(Sample.application(receiver.url("/event"))).lookup)
        try await delivery.start()
        let leg = LegID.make()
        let conversation = ConversationID.make()
        store.append(
            LogBatch(events: (1...2).map { Sample.row(conversation, $0, stream: .voice, leg: leg) }))
        if isSlow { try await receiver.requests(1) }
        let started = time.now
        let reply = await client(delivery).ask(request(receiver.url("/answer"), leg: leg), validate: Self.isScript)
        #expect(reply.body != nil)
        let uris = receiver.received.map(\.uri)
        #expect(uris == (isSlow ? ["/event", "/answer"] : ["/event", "/event", "/answer"]))
        if isSlow { #expect(time.now - started >= .milliseconds(500)) }
        await delivery.stop()
        await fetcher.shutdown()
    }

    @Test("a leg without earlier notifications does not wait")
    func notWaiting() async throws {
        let folder = Folder()
        let delivery = WebhookDelivery(
            journal: try folder.store(), fetcher: fetcher, logger: Sample.logger,
            directory: TestDirectory(Sample.application(nil)).lookup)
        try await delivery.start()
        let started = time.now
        await delivery.letNotificationsOut(of: .make())
        #expect(time.now - started < .seconds(5))
        await delivery.stop()
        await fetcher.shutdown()
    }

    @Test("a script is read from disk or by URL, and a missing one is an error")
    func files() async throws {
        let folder = Folder()
        _ = try folder.store()
        let receiver = try await Receiver(.status(200, body: Self.script))
        #expect(try await client().read(file: receiver.url()) == Array(Self.script.utf8))
        #expect(try await client().read(file: folder.path + "/switchhook.lock").isEmpty == false)
        await #expect(throws: (any Error).self) { _ = try await client().read(file: folder.path + "/none") }
        await fetcher.shutdown()
    }
}
