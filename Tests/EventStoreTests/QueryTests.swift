import CallModel
import EdgeProtocols
import EventStore
import MediaTime
import Testing

@Suite struct QueryTests {
    private let folder = Folder()

    @Test("events of a conversation are found by their ids in both directions", arguments: [false, true])
    func byID(descending: Bool) async throws {
        let store = try EventStore(folder)
        let one = ConversationID.make()
        let two = ConversationID.make()
        for id in 1...30 {
            store.append(LogBatch(events: [Sample.row(one, id: id), Sample.row(two, id: id), Sample.row(one)]))
        }
        try await store.flush()
        let found = try await store.events(of: one, ids: 5...25, limit: 10, descending: descending)
        #expect(found.map(\.id) == (descending ? (16...25).reversed().map { $0 } : (5...14).map { $0 }))
        #expect(found.allSatisfy { $0.conversation == one })
    }

    @Test("rows are filtered alike in memory and on disk")
    func filters() async throws {
        let conversation = ConversationID.make()
        let store = try EventStore(folder)
        for id in 1...10 {
            store.append(
                LogBatch(events: [Sample.row(conversation, id: id), Sample.row(nil, stream: .voice, delivery: .none)]))
        }
        try await store.flush()
        let query = { (store: EventStore) in
            try await store.rows(
                after: 4, limit: 3, application: Sample.application, conversation: conversation, stream: .rtc)
        }
        let memory = try await query(store)
        #expect(memory.map(\.position) == [5, 7, 9])
        try await store.close()
        let again = try EventStore(folder)
        #expect(try await query(again) == memory)
        let other = try await again.rows(
            after: 0, limit: 3, application: ApplicationID("x"), conversation: nil, stream: nil)
        #expect(other.isEmpty)
    }

    @Test("legs are counted and paged by start time and status")
    func legs() async throws {
        let store = try EventStore(folder)
        let conversation = ConversationID.make()
        let legs = (1...12).map { Sample.leg(conversation, $0 % 2 == 0 ? .completed : .answered, started: Int64($0)) }
        _ = try await store.appendDurably(LogBatch(legs: legs))
        var filter = LegFilter(application: Sample.application)
        filter.statuses = [.completed]
        filter.startedFrom = WallTime(milliseconds: 3)
        filter.descending = true
        filter.offset = 1
        filter.limit = 2
        let page = try await store.legs(filter)
        #expect(page.total == 5)
        #expect(page.legs.map(\.started.milliseconds) == [10, 8])
    }

    @Test("conversations are paged after the last one seen", arguments: [false, true])
    func conversations(descending: Bool) async throws {
        let store = try EventStore(folder)
        let all = (1...5).map { Sample.conversation(.make(), created: Int64($0 / 2)) }
        _ = try await store.appendDurably(LogBatch(conversations: all))
        var filter = ConversationFilter()
        filter.limit = 2
        filter.descending = descending
        var seen: [ConversationID] = []
        for _ in 0..<4 {
            let page = try await store.conversations(application: Sample.application, filter: filter)
            seen += page.map(\.id)
            filter.afterCreated = page.last?.created
            filter.afterID = page.last?.id
            if page.isEmpty { break }
        }
        #expect(seen.count == 5)
        #expect(Set(seen) == Set(all.map(\.id)))
    }

    @Test("a user sees the conversations of its app members only")
    func visibility() async throws {
        let store = try EventStore(folder)
        let mine = ConversationID.make()
        _ = try await store.appendDurably(
            LogBatch(members: [
                Sample.member(mine, user: "kiosk"), Sample.member(.make(), user: "other"),
                Sample.member(.make(), user: "kiosk", channel: "phone"),
            ]))
        #expect(try await store.conversations(ofUser: "kiosk", application: Sample.application) == [mine])
    }
}
