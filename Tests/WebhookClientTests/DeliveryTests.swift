import CallModel
import EdgeProtocols
import EventStore
import HTTPFetch
import MediaTime
import Testing
import WireJSON

@testable import WebhookClient

/// Store, delivery and fetcher together, against a receiver on loopback.
@Suite struct DeliveryTests {
    private let folder = Folder()
    private let fetcher = HTTPFetcher()
    private let conversation = ConversationID.make()

    /// Waits a hundred times shorter than the real ones, limits that no busy machine reaches.
    private var quick: DeliverySettings {
        var settings = DeliverySettings()
        settings.firstDelay = .milliseconds(10)
        settings.longestDelay = .milliseconds(200)
        settings.hold = .seconds(60)
        settings.laterAttemptLimit = .seconds(20)
        return settings
    }

    private func delivery(
        _ store: EventStore, _ directory: TestDirectory, _ settings: DeliverySettings? = nil
    ) async throws -> WebhookDelivery {
        let delivery = WebhookDelivery(
            journal: store, fetcher: fetcher, settings: settings ?? quick, logger: Sample.logger,
            directory: directory.lookup)
        try await delivery.start()
        return delivery
    }

    private func drain(_ delivery: WebhookDelivery, _ seconds: Int = 20) async throws {
        try await delivery.drain(until: SystemTimeSource().now + .seconds(seconds))
    }

    @Test("thousands of rows of a conversation that may go nowhere are dropped one after the other")
    func nowhere() async throws {
        let store = try folder.store()
        for id in 1...8000 { store.append(LogBatch(events: [Sample.row(conversation, id)])) }
        try await store.flush()
        let delivery = try await delivery(store, TestDirectory(Sample.application("ftp://127.0.0.1/rtc")))
        try await drain(delivery, 60)
        #expect(try await delivery.lag(.rtc).droppedRows == 8000)
        await delivery.stop()
        await fetcher.shutdown()
    }

    @Test("rows of many conversations arrive once each, in order within each, with their bytes and a fresh signature")
    func order() async throws {
        let receiver = try await Receiver()
        let store = try folder.store()
        let delivery = try await delivery(store, TestDirectory(Sample.application(receiver.url())))
        let conversations = (0..<20).map { _ in ConversationID.make() }
        for id in 1...10 {
            for conversation in conversations { store.append(LogBatch(events: [Sample.row(conversation, id)])) }
        }
        try await drain(delivery)
        let received = receiver.received
        #expect(received.count == 200)
        for conversation in conversations {
            let ids = received.map(Sample.key).filter { $0.conversation == conversation.text }.map(\.id)
            #expect(ids == Array(1...10))
        }
        let first = try #require(received.first)
        #expect(first.method == "POST")
        #expect(first.header("content-type") == "application/json")
        let token = try Token(authorization: first.header("authorization"))
        #expect(token.header == JSONObject([("alg", "HS256"), ("typ", "JWT")]))
        #expect(token.claims["iss"] == "Vonage")
        #expect(token.claims["api_key"] == .string(Sample.account.apiKey))
        #expect(token.claims["application_id"] == .string(Sample.application.text))
        #expect(token.claims["payload_hash"]?.string?.count == 64)
        #expect(
            Set(try received.map { try Token(authorization: $0.header("authorization")).claims["jti"] }).count == 200)
        await delivery.stop()
        await fetcher.shutdown()
    }

    @Test("a row that fails is repeated byte for byte and the next one waits for it", arguments: [429, 500, 503])
    func retry(status: Int) async throws {
        let receiver = try await Receiver { _, index in .status(index < 2 ? status : 204) }
        let store = try folder.store()
        let delivery = try await delivery(store, TestDirectory(Sample.application(receiver.url())))
        let conversation = ConversationID.make()
        store.append(LogBatch(events: [Sample.row(conversation, 1), Sample.row(conversation, 2)]))
        let received = try await receiver.requests(4)
        #expect(received.map { Sample.key($0).id } == [1, 1, 1, 2])
        #expect(Set(received.prefix(3).map(\.text)).count == 1)
        #expect(Set(received.map { $0.header("authorization") }).count == 4)
        await delivery.stop()
        await fetcher.shutdown()
    }

    @Test("a row that the receiver refuses is not repeated", arguments: [302, 400, 404, 410])
    func refused(status: Int) async throws {
        let receiver = try await Receiver { _, index in
            .status(index == 0 ? status : 200, headers: ["location": "/elsewhere"])
        }
        let store = try folder.store()
        let delivery = try await delivery(store, TestDirectory(Sample.application(receiver.url())))
        let conversation = ConversationID.make()
        store.append(LogBatch(events: [Sample.row(conversation, 1), Sample.row(conversation, 2)]))
        try await drain(delivery)
        #expect(receiver.received.map { Sample.key($0).id } == [1, 2])
        #expect(try await delivery.lag(.rtc).droppedRows == 1)
        await delivery.stop()
        await fetcher.shutdown()
    }

    @Test("a dead receiver holds up neither another application nor the other stream")
    func isolation() async throws {
        let dead = try await Receiver(.hang)
        let alive = try await Receiver()
        var broken = Sample.application(alive.url("/voice"))
        broken.rtcEventURL?.target.url = dead.url()
        let store = try folder.store()
        var settings = quick
        settings.connectionsPerHost = 2
        settings.window = 8
        let delivery = try await delivery(
            store, TestDirectory(broken, Sample.application(alive.url("/other"), id: Sample.other)), settings)
        for _ in 0..<30 {
            let conversation = ConversationID.make()
            store.append(
                LogBatch(events: [
                    Sample.row(conversation, 1), Sample.row(conversation, 1, stream: .voice),
                    Sample.row(.make(), 1, application: Sample.other),
                ]))
        }
        try await alive.requests(60)
        #expect(try await delivery.lag(.rtc).positionsBehind > 0)
        await delivery.stop()
        await fetcher.shutdown()
    }

    @Test("a voice row with method GET goes out as a query, and its own destination wins")
    func query() async throws {
        let receiver = try await Receiver()
        let store = try folder.store()
        let delivery = try await delivery(store, TestDirectory(Sample.application(receiver.url("/app"))))
        var row = Sample.row(.make(), 1, stream: .voice)
        row.body = Array(#"{"from":"+44 7","to":null,"dtmf":{"digits":"1"},"n":3,"ok":true}"#.utf8)
        row.destination = WebhookTarget(url: receiver.url("/call?k=v#part"), method: .get)
        store.append(LogBatch(events: [row]))
        let received = try #require(try await receiver.requests(1).first)
        #expect(received.method == "GET")
        #expect(received.uri == "/call?k=v&from=%2B44%207&dtmf=%7B%22digits%22%3A%221%22%7D&n=3&ok=true")
        #expect(received.body.isEmpty)
        let token = try Token(authorization: received.header("authorization"))
        #expect(
            token.claims["payload_hash"] == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        await delivery.stop()
        await fetcher.shutdown()
    }

    @Test("a URL that is configured later takes rows from then on; unsigned when the application says so")
    func currentURL() async throws {
        let receiver = try await Receiver()
        let store = try folder.store()
        let directory = TestDirectory(Sample.application(nil))
        let delivery = try await delivery(store, directory)
        store.append(LogBatch(events: [Sample.row(.make(), 1)]))
        try await drain(delivery)
        var application = Sample.application(receiver.url())
        application.rtcSignedCallbacks = false
        directory.set(application)
        store.append(LogBatch(events: [Sample.row(.make(), 2)]))
        let received = try await receiver.requests(1)
        #expect(received.map { Sample.key($0).id } == [2])
        #expect(received.first?.header("authorization") == nil)
        await delivery.stop()
        await fetcher.shutdown()
    }

    @Test("what was not delivered before a crash is delivered after it, in order and without a hole")
    func restart() async throws {
        let receiver = try await Receiver { _, index in index < 40 ? .status(200) : .status(503) }
        let directory = TestDirectory(Sample.application(receiver.url()))
        let conversations = (0..<10).map { _ in ConversationID.make() }
        do {
            let store = try folder.store()
            let delivery = try await delivery(store, directory)
            for id in 1...10 {
                for conversation in conversations { store.append(LogBatch(events: [Sample.row(conversation, id)])) }
            }
            try await receiver.requests(60)
            // No drain: what a killed process leaves behind is less, never other.
            await delivery.stop()
            try await store.close()
        }
        let before = receiver.received.prefix(40).map(Sample.key)
        let again = try await Receiver()
        directory.set(Sample.application(again.url()))
        let store = try folder.store()
        let delivery = try await delivery(store, directory)
        try await drain(delivery)
        let missing = {
            let got = Set((before + again.received.map(Sample.key)).map { "\($0.conversation) \($0.id)" })
            return 100 - got.count
        }
        // What was parked comes alongside.
        while missing() > 0 { try await again.requests(again.received.count + 1) }
        await delivery.stop()
        await fetcher.shutdown()
    }

    @Test("kill -9 loses and reorders nothing that was committed", arguments: [1, 40, 150, 290])
    func killed(afterRow: Int) async throws {
        let receiver = try await Receiver()
        await #expect(processExitsWith: .signal(9)) {
            [path = folder.path as String, url = receiver.url() as String, afterRow = afterRow as Int] in
            let store = try EventStore(path: path, logger: Sample.logger)
            let subscription = store.onCommit { if $0 >= Int64(afterRow) { killSelf() } }
            let delivery = WebhookDelivery(
                journal: store, fetcher: HTTPFetcher(), logger: Sample.logger,
                directory: TestDirectory(Sample.application(url)).lookup)
            try await delivery.start()
            let conversations = (0..<10).map { ConversationID("CON-\($0)") }
            for id in 1...30 {
                for conversation in conversations {
                    _ = try await store.appendDurably(LogBatch(events: [Sample.row(conversation, id)]))
                }
            }
            subscription.cancel()
        }
        let store = try folder.store()
        let delivery = try await delivery(store, TestDirectory(Sample.application(receiver.url())))
        try await drain(delivery)
        let committed = try await store.rows(
            after: 0, limit: 1000, application: nil, conversation: nil, stream: nil)
        #expect(committed.count >= afterRow)
        let received = receiver.received.map(Sample.key)
        for conversation in Set(committed.compactMap(\.conversation)) {
            let ids = received.filter { $0.conversation == conversation.text }.map(\.id)
            var firsts: [Int] = []
            for id in ids where !firsts.contains(id) { firsts.append(id) }
            #expect(firsts == committed.filter { $0.conversation == conversation }.compactMap(\.id))
        }
        await delivery.stop()
        await fetcher.shutdown()
    }

    @Test("a row of the call's own path is skipped in its run and delivered in the next one when it was left open")
    func asked() async throws {
        let receiver = try await Receiver()
        let directory = TestDirectory(Sample.application(receiver.url()))
        let conversation = ConversationID.make()
        let leg = LegID.make()
        let open = Sample.row(conversation, 1, stream: .voice, delivery: .asked, leg: leg)
        let through = Sample.row(conversation, 2, stream: .voice, delivery: .asked, leg: leg)
        do {
            let store = try folder.store()
            let delivery = try await delivery(store, directory)
            store.append(
                LogBatch(events: [open, through, Sample.row(conversation, 3, stream: .voice, leg: leg)]))
            await delivery.asked(through.body)
            try await drain(delivery)
            #expect(receiver.received.map { Sample.key($0).id } == [3])
            await delivery.stop()
            try await store.close()
        }
        let store = try folder.store()
        let delivery = try await delivery(store, directory)
        let received = try await receiver.requests(2)
        #expect(received.map { Sample.key($0).id } == [3, 1])
        try await drain(delivery)
        #expect(receiver.received.count == 2)
        await delivery.stop()
        await fetcher.shutdown()
    }
}
