import CallModel
import EdgeProtocols
import EventStore
import MediaTime
import Testing

@Suite struct ReaderTests {
    private let folder = Folder()

    @Test("a reader's place and debts survive, and removals too")
    func progress() async throws {
        let store = try EventStore(folder)
        let row: EventStore.ParkedRow = (
            position: 3, application: Sample.application, attempts: 2, ageMilliseconds: 1500
        )
        store.record(reader: "voice", cursors: ["": 9, "A": 4], parked: [row], unparked: [])
        store.record(reader: "rtc", cursors: ["": 1], parked: [], unparked: [])
        store.record(reader: "voice", cursors: ["": 12, "A": nil], parked: [], unparked: [])
        try await store.close()
        let again = try EventStore(folder)
        #expect(try await again.cursors(of: "voice") == ["": 12])
        let parked = try await again.parked(of: "voice")
        #expect(parked.count == 1)
        #expect(parked.first.map { $0 == row } == true)
        again.record(reader: "voice", cursors: [:], parked: [], unparked: [3])
        try await again.flush()
        #expect(try await again.parked(of: "voice").isEmpty)
    }

    @Test("finished legs go when their own application's time is over, running ones stay")
    func pruneLegs() async throws {
        let store = try EventStore(folder)
        let conversation = ConversationID.make()
        func leg(_ name: String, _ application: String, ended: Int64?) -> LegRecord {
            var leg = LegRecord(
                id: LegID(name), application: ApplicationID(application), conversation: conversation, kind: .phone,
                direction: .inbound, from: nil, to: .phone(number: "1"), status: ended == nil ? .answered : .completed,
                started: WallTime(milliseconds: 1))
            leg.ended = ended.map { WallTime(milliseconds: $0) }
            return leg
        }
        _ = try await store.appendDurably(
            LogBatch(legs: [
                leg("short", "brief", ended: 150), leg("kept", "brief", ended: 250), leg("long", "patient", ended: 60),
                leg("running", "brief", ended: nil), leg("old", "unknown", ended: 90),
                leg("new", "unknown", ended: 110),
            ]))
        try await store.prune(
            before: WallTime(milliseconds: 100),
            legs: [
                ApplicationID("brief"): WallTime(milliseconds: 200),
                ApplicationID("patient"): WallTime(milliseconds: 50),
            ])
        var left: [String] = []
        for name in ["short", "kept", "long", "running", "old", "new"] {
            if try await store.leg(LegID(name)) != nil { left.append(name) }
        }
        #expect(left == ["kept", "long", "running", "new"])
        var filter = LegFilter(application: ApplicationID("brief"))
        filter.keptSince = WallTime(milliseconds: 251)
        #expect(try await store.legs(filter).legs.map(\.id.text) == ["running"])
    }

    @Test("pruning keeps what is young, unread, owed or of a living conversation, and the newest row")
    func prune() async throws {
        let store = try EventStore(folder)
        let living = ConversationID.make()
        let ended = ConversationID.make()
        var gone = Sample.conversation(ended)
        gone.state = .deleted
        gone.destroyed = WallTime(milliseconds: 50)
        _ = try await store.appendDurably(
            LogBatch(
                events: [
                    Sample.row(ended, id: 1, instant: 10), Sample.row(ended, id: 2, instant: 10),
                    Sample.row(living, id: 1, instant: 10), Sample.row(ended, id: 3, instant: 200),
                    Sample.row(nil, instant: 10), Sample.row(nil, instant: 10), Sample.row(nil, instant: 10),
                ],
                legs: [Sample.leg(ended, .completed), Sample.leg(living)],
                members: [Sample.member(ended, user: "a"), Sample.member(living, user: "a")],
                conversations: [gone, Sample.conversation(living)]))
        let owed: EventStore.ParkedRow = (
            position: 2, application: Sample.application, attempts: 1, ageMilliseconds: 0
        )
        store.record(reader: "voice", cursors: ["": 5], parked: [owed], unparked: [])
        try await store.flush()
        #expect(try await store.prune(before: WallTime(milliseconds: 100)) == 2)
        try await store.close()
        let again = try EventStore(folder)
        #expect(try await again.all().map(\.position) == [2, 3, 4, 6, 7])
        #expect(try await again.conversation(ended) == nil)
        #expect(try await again.members(of: ended).isEmpty)
        #expect(try await again.members(of: living).count == 1)
        #expect(try await again.openLegs().count == 1)
        again.record(reader: "voice", cursors: ["": 7], parked: [], unparked: [2])
        try await again.flush()
        #expect(try await again.prune(before: WallTime(milliseconds: 1000)) == 3)
        let next = try await again.appendDurably(LogBatch(events: [Sample.row(nil)]))
        #expect(next.map(\.position) == [8])
    }
}
