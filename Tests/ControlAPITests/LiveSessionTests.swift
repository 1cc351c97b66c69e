import CallModel
import EdgeProtocols
import Testing
import WireJSON

import LiveLink
@testable import ControlAPI

@Suite("What a live session sees")
struct LiveSessionTests {
    let log = FakeLog()
    let commands = FakeCommands()

    private func hub(sessions: Int = 8, perUser: Int = 8) -> LiveHub {
        LiveHub(log: log, commands: commands, sessionLimit: sessions, userLimit: perUser)
    }

    /// Ids of everything up to the newest row.
    private func ids(_ session: LiveSession, upTo end: Int64) async throws -> [Int] {
        var ids: [Int] = []
        while let batch = try await session.next() {
            for row in batch.rows { ids.append(try JSON(parsing: row.message)["id"]?.int ?? 0) }
            if batch.end >= end { break }
        }
        return ids
    }

    @Test("a user follows a conversation from the invitation on, the application follows all of its own")
    func invitation() async throws {
        let hub = hub()
        let user = try await hub.open(application: Samples.mine, user: "kiosk", since: nil)
        let admin = try await hub.open(application: Samples.mine, user: nil, since: nil)
        log.commit([
            Samples.row("member:joined", in: "CON-1", id: 1, user: "NAM-2"),
            Samples.row("member:invited", in: "CON-1", id: 2, user: "kiosk"),
            Samples.row("audio:record:done", in: "CON-1", id: 3, visible: false),
            Samples.row("sip:ringing", in: "CON-1", id: 4), Samples.row("sip:ringing", in: "CON-2", id: 5),
            Samples.row("sip:ringing", in: "CON-1", id: 6, application: ApplicationID("other")),
            Samples.row("app:knocking", in: nil, id: nil),
        ])
        #expect(try await ids(user, upTo: 7) == [2, 4])
        #expect(try await ids(admin, upTo: 7) == [1, 2, 4, 5])
    }

    @Test("a replay shows what a live session would have shown", arguments: [Int64(0), 2, 4])
    func replay(since: Int64) async throws {
        log.commit([
            Samples.row("member:joined", in: "CON-1", id: 1, user: "NAM-2"),
            Samples.row("member:invited", in: "CON-1", id: 2, user: "kiosk"),
            Samples.row("sip:ringing", in: "CON-1", id: 3),
            Samples.row("member:left", in: "CON-1", id: 4, user: "kiosk"),
            Samples.row("conversation:deleted", in: "CON-1", id: nil), Samples.row("x", in: "CON-1", id: 6),
        ])
        log.put(members: [Samples.member("MEM-1", of: "CON-1", state: .left)])
        let session = try await hub().open(application: Samples.mine, user: "kiosk", since: since)
        let expected = [2, 3, 4, 0].dropFirst(max(0, Int(since) - 1))
        #expect(try await ids(session, upTo: 6) == Array(expected))
    }

    @Test("the position is the last member of a message and everything else is untouched")
    func encoding() async throws {
        var row = Samples.row("x", in: "CON-1", id: 1)
        row.body = Array("{\"a\":\n 1}\n".utf8)
        log.commit([row])
        let session = try await hub().open(application: Samples.mine, user: nil, since: 0)
        let message = try await session.next()?.rows.first?.message
        #expect(message.map { String(decoding: $0, as: UTF8.self) } == "{\"a\":  1,\"position\":1}")
    }

    @Test("only the rows of a long log that are asked for are read, page by page")
    func pages() async throws {
        log.commit((1...1000).map { Samples.row("x", in: "CON-1", id: $0) })
        let hub = hub()
        let a = try await hub.open(application: Samples.mine, user: nil, since: 10)
        let b = try await hub.open(application: Samples.mine, user: nil, since: 900)
        #expect(try await ids(a, upTo: 1000) == Array(11...1000))
        #expect(try await ids(b, upTo: 1000) == Array(901...1000))
    }

    @Test("an acknowledgement rings the invitations up to it, once")
    func acknowledgement() async throws {
        let session = try await hub().open(application: Samples.mine, user: "kiosk", since: nil)
        log.commit([
            Samples.row("member:invited", in: "CON-1", id: 1, user: "kiosk", member: "MEM-1"),
            Samples.row("member:invited", in: "CON-2", id: 1, user: "kiosk", member: "MEM-2"),
            Samples.row("member:invited", in: "CON-2", id: 2, user: "other", member: "MEM-3"),
        ])
        _ = try await ids(session, upTo: 3)
        await session.acknowledge(upTo: 1)
        await session.acknowledge(upTo: 3)
        await session.acknowledge(upTo: 3)
        #expect(commands.acknowledged.map(\.member.text) == ["MEM-1", "MEM-2"])
    }

    @Test("sessions are counted in all and per user, and a released one frees its place")
    func limits() async throws {
        let hub = hub(sessions: 3, perUser: 2)
        var kiosk: [LiveSession] = []
        for _ in 0..<2 { kiosk.append(try await hub.open(application: Samples.mine, user: "kiosk", since: nil)) }
        await #expect(throws: LiveRefusal.self) {
            _ = try await hub.open(application: Samples.mine, user: "kiosk", since: nil)
        }
        let other = try await hub.open(application: Samples.mine, user: "other", since: nil)
        await #expect(throws: LiveRefusal.self) {
            _ = try await hub.open(application: Samples.mine, user: "third", since: nil)
        }
        kiosk.removeAll()
        #expect(hub.sessions == 1 && other.user == "other")
        _ = try await hub.open(application: Samples.mine, user: "third", since: nil)
    }

    @Test("a waiting reader ends when its task is cancelled and when the box shuts down")
    func endings() async throws {
        let hub = hub()
        let a = try await hub.open(application: Samples.mine, user: nil, since: nil)
        let waiting = Task { try await a.next() == nil }
        waiting.cancel()
        #expect(try await waiting.value)
        let b = try await hub.open(application: Samples.mine, user: nil, since: nil)
        async let ended = b.next() == nil
        hub.shutdown()
        #expect(try await ended)
        await #expect(throws: LiveRefusal.self) {
            _ = try await hub.open(application: Samples.mine, user: nil, since: nil)
        }
    }

    @Test("the runtime is told which users have sessions, when the first of one comes and the last goes")
    func presence() async throws {
        let hub = hub()
        var sessions = [try await hub.open(application: Samples.mine, user: "kiosk", since: nil)]
        sessions.append(try await hub.open(application: Samples.mine, user: "kiosk", since: nil))
        sessions.append(try await hub.open(application: Samples.mine, user: nil, since: nil))
        let kiosk = ClientPresence(users: ["kiosk"])
        sessions.append(try await hub.open(application: Samples.mine, user: "other", since: nil))
        #expect(commands.presence == [kiosk, ClientPresence(users: ["kiosk", "other"])])
        sessions.removeLast()
        sessions.removeLast()
        #expect(commands.presence.dropFirst(2) == [kiosk])
        sessions.removeLast()
        #expect(commands.presence.count == 3)
        sessions.removeLast()
        #expect(commands.presence.dropFirst(3) == [ClientPresence()])
    }

    @Test("what is not stored is shown to sessions of its application, of conversations that they see")
    func passing() async throws {
        let hub = hub()
        let admin = try await hub.open(application: Samples.mine, user: nil, since: nil)
        log.commit([Samples.row("member:joined", in: "CON-1", id: 1, user: "kiosk")])
        log.put(members: [Samples.member("MEM-1", of: "CON-1")])
        let user = try await hub.open(application: Samples.mine, user: "kiosk", since: nil)
        hub.tell(Samples.row("audio:speaking:on", in: "CON-1", id: nil, application: ApplicationID("other")))
        for type in ["audio:speaking:on", "audio:speaking:off"] { hub.tell(Samples.row(type, in: "CON-1", id: nil)) }
        hub.tell(Samples.row("audio:speaking:on", in: "CON-2", id: nil))
        var types: [String] = []
        for await event in admin.passing.prefix(3) { types.append(event.type) }
        #expect(types == ["audio:speaking:on", "audio:speaking:off", "audio:speaking:on"])
        #expect(try await user.sees(ConversationID("CON-1")))
        #expect(try await !user.sees(ConversationID("CON-2")))
        #expect(try await admin.sees(ConversationID("CON-2")))
    }

    @Test("a position from the future starts now")
    func future() async throws {
        log.commit([Samples.row("x", in: "CON-1", id: 1)])
        let session = try await hub().open(application: Samples.mine, user: nil, since: 99)
        #expect(session.start == 1)
    }

    @Test("a backlog is too long at 1 000 events or a megabyte")
    func backlog() {
        var backlog = Backlog()
        backlog.queued(events: 999, bytes: 999_999)
        #expect(!backlog.isTooLong)
        backlog.queued(events: 1, bytes: 0)
        #expect(backlog.isTooLong)
        backlog.taken(events: 1000, bytes: 0)
        backlog.queued(events: 1, bytes: 1)
        #expect(backlog.isTooLong)
    }
}
