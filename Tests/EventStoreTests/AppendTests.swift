import CallModel
import EdgeProtocols
import EventStore
import GRDB
import MediaTime
import Synchronization
import Testing
import WireJSON

@Suite struct AppendTests {
    private let folder = Folder()

    @Test("rows get positions in the order they were appended, and come back as they were")
    func order() async throws {
        let store = try EventStore(folder)
        let conversation = ConversationID.make()
        var rows = (1...20).map { Sample.row(conversation, id: $0) }
        rows[3].destination = WebhookTarget(url: "http://127.0.0.1/x?a=b", method: .get)
        rows[4].leg = .make()
        rows[5].body = []
        for row in rows { store.append(LogBatch(events: [row])) }
        let last = try await store.appendDurably(
            LogBatch(events: [Sample.row(nil, stream: .voice), Sample.row(nil, stream: .voice)]))
        #expect(last.map(\.position) == [21, 22])
        for index in rows.indices { rows[index].position = Int64(index + 1) }
        #expect(try await store.all(stream: .rtc) == rows)
        try await store.close()

        // The same from disk, without the rows kept in memory.
        let again = try EventStore(folder)
        #expect(again.newestAtOpen == 22)
        #expect(try await again.all(stream: .rtc) == rows)
        #expect(try await again.all(after: 20).map(\.position) == [21, 22])
        #expect(try await again.all(after: 22).isEmpty)
        try await again.close()
    }

    @Test("a store that was dropped without a flush keeps every durable row and goes on after it")
    func dropped() async throws {
        var store: EventStore? = try EventStore(folder)
        let conversation = ConversationID.make()
        _ = try await store?.appendDurably(LogBatch(events: (1...5).map { Sample.row(conversation, id: $0) }))
        store = nil
        let again = try await reopened()
        #expect(try await again.all().map(\.id) == [1, 2, 3, 4, 5])
        let next = try await again.appendDurably(LogBatch(events: [Sample.row(conversation, id: 6)]))
        #expect(next.map(\.position) == [6])
    }

    @Test("a batch of one conversation is on disk as a whole with its records")
    func records() async throws {
        let store = try EventStore(folder)
        let conversation = ConversationID.make()
        var leg = Sample.leg(conversation)
        leg.from = nil
        leg.sipCallID = "a@b"
        leg.clientReference = "R-1"
        leg.eventTarget = WebhookTarget(url: "http://e", method: .post)
        var member = Sample.member(conversation, user: "kiosk")
        member.audio.canSpeak = [leg.id]
        store.append(
            LogBatch(
                events: [Sample.row(conversation, id: 1)], legs: [leg], members: [member],
                conversations: [Sample.conversation(conversation)]))
        leg.status = .answered
        leg.answered = WallTime(milliseconds: 7)
        _ = try await store.appendDurably(LogBatch(legs: [leg]))
        #expect(try await store.leg(leg.id) == leg)
        #expect(try await store.members(of: conversation) == [member])
        #expect(try await store.conversation(conversation) == Sample.conversation(conversation))
        #expect(try await store.openLegs() == [leg])
        leg.status = .completed
        _ = try await store.appendDurably(LogBatch(legs: [leg]))
        #expect(try await store.openLegs().isEmpty)
        #expect(try await store.livingConversations().map(\.id) == [conversation])
    }

    @Test("subscribers hear of every commit, in order, until they cancel")
    func commits() async throws {
        let store = try EventStore(folder)
        let heard = Mutex<[Int64]>([])
        let subscription = store.onCommit { newest in heard.withLock { $0.append(newest) } }
        for _ in 1...3 { _ = try await store.appendDurably(LogBatch(events: [Sample.row(nil)])) }
        #expect(heard.withLock { $0 } == [1, 2, 3])
        subscription.cancel()
        _ = try await store.appendDurably(LogBatch(events: [Sample.row(nil)]))
        #expect(heard.withLock { $0 } == [1, 2, 3])
    }

    @Test("a full queue refuses rows instead of growing, and says so")
    func bound() async throws {
        let store = try EventStore(folder, queueRows: 3)
        await #expect(throws: StoreFault.self) {
            _ = try await store.appendDurably(LogBatch(events: (0..<4).map { _ in Sample.row(nil) }))
        }
        #expect(store.health.droppedRows == 4)
        #expect(store.health.state == .good)
        #expect(try await store.appendDurably(LogBatch(events: [Sample.row(nil)])).map(\.position) == [1])
    }

    @Test("while more than half of the queue waits for the disk nothing new should begin")
    func behind() async throws {
        let store = try EventStore(folder, queueRows: 10)
        let disk = try DatabaseQueue(path: folder.path + "/switchhook.sqlite")
        let faults = try await disk.write { _ in
            (1...6).map { _ in
                store.append(LogBatch(events: [Sample.row(nil)]))
                return store.fault
            }
        }
        #expect(faults.dropLast().allSatisfy { $0 == nil })
        #expect(faults.last == "6 rows wait for the disk")
        try await store.flush()
        #expect(store.fault == nil)
    }

    @Test("a commit that fails is told, tried again, and loses and reorders nothing")
    func failing() async throws {
        let store = try EventStore(folder)
        let disk = try DatabaseQueue(path: folder.path + "/switchhook.sqlite")
        let rename: @Sendable (String, String) async throws -> Void = { (from: String, to: String) in
            try await disk.write { db in try db.execute(sql: "ALTER TABLE \(from) RENAME TO \(to)") }
        }
        try await rename("events", "away")
        let conversation = ConversationID.make()
        let fault = await #expect(throws: StoreFault.self) {
            _ = try await store.appendDurably(LogBatch(events: [Sample.row(conversation, id: 1)]))
        }
        #expect(fault?.code == .writeFailed)
        for id in 2...20 { store.append(LogBatch(events: [Sample.row(conversation, id: id)])) }
        guard case .failed = store.health.state else {
            Issue.record("the failure does not show in health")
            return
        }
        #expect(store.health.queuedRows == 20)
        let recovered = Mutex<CheckedContinuation<Void, Never>?>(nil)
        let subscription = store.onCommit { newest in
            if newest == 20 { recovered.withLock { $0.take() }?.resume() }
        }
        await withCheckedContinuation { continuation in
            recovered.withLock { $0 = continuation }
            Task { try await rename("away", "events") }
        }
        subscription.cancel()
        try await store.flush()
        #expect(try await store.all().map(\.id) == (1...20).map { $0 })
        #expect(store.health.state == .good)
    }

    @Test("what was committed before kill -9 is there afterwards")
    func killed() async throws {
        let path = folder.path
        await #expect(processExitsWith: .signal(9)) { [path = path as String] in
            let store = try EventStore(path: path, logger: Sample.logger)
            let conversation = ConversationID("CON-1")
            for id in 1...50 { _ = try await store.appendDurably(LogBatch(events: [Sample.row(conversation, id: id)])) }
            for id in 51...5000 { store.append(LogBatch(events: [Sample.row(conversation, id: id)])) }
            killSelf()
        }
        let store = try EventStore(folder)
        let found = try await store.rows(
            after: 0, limit: 10_000, application: nil, conversation: ConversationID("CON-1"), stream: nil)
        #expect(found.count >= 50)
        #expect(found.map(\.id) == (1...found.count).map { $0 })
    }

    /// The writer may hold the lock a moment longer than its owner.
    private func reopened() async throws -> EventStore {
        for _ in 0..<1000 {
            do { return try EventStore(folder) } catch let fault as StoreFault where fault.code == .locked {
                await Task.yield()
            }
        }
        return try EventStore(folder)
    }
}
