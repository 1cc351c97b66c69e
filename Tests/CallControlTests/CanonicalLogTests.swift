import CallControl
import CallModel
import EdgeProtocols
import NCCO
import Testing
import WireJSON

/// The two canonical logs of contract events.md §5 and §6, event by event.
@Suite struct CanonicalLogTests {
    @Test("phone to phone comes out exactly as the contract draws it")
    func phoneToPhone() throws {
        let rig = Rig()
        rig.call(.connect(phone()))
        let callee = try #require(rig.callee)
        rig.send(.sip(callee, .progress(status: 180, early: false)))
        rig.send(.sip(callee, .answered))
        rig.send(.sip(rig.caller, .ended(.bye(reason: nil))))
        #expect(
            rig.rtcLog == [
                "- app:knocking knocker", "- sip:ringing knocker", "- conversation:created -",
                "1 member:joined M1", "2 member:invited M2", "3 leg:status:update ringing M2", "4 sip:ringing M2",
                "5 leg:status:update answered M2", "6 sip:answered M2", "7 member:joined M2", "8 member:media on M2",
                "9 leg:status:update answered M1", "10 sip:answered M1", "11 member:media on M1",
                "12 leg:status:update completed M1", "13 sip:hangup M1", "14 member:left M1",
                "15 leg:status:update completed M2", "16 sip:hangup M2", "17 member:left M2",
                "- conversation:deleted -",
            ])
        #expect(
            rig.voiceLog == [
                "started inbound", "ringing inbound", "started outbound", "ringing outbound", "answered outbound",
                "answered inbound", "completed inbound", "completed outbound",
            ])
    }

    @Test("a card that goes and comes back is two events of its member, and the call goes on")
    func deviceLost() throws {
        let rig = Rig()
        rig.call(.connect(Connect(endpoint: .app(user: "auto"))))
        let callee = try #require(rig.callee)
        rig.send(.device(callee, .opened))
        let before = rig.rtcLog.count
        rig.send(.device(callee, .lost(device: "card:PCH", reason: "No such device")))
        rig.send(.device(callee, .back(device: "card:USB")))
        #expect(
            Array(rig.rtcLog.dropFirst(before)) == ["11 custom:device-lost M2", "12 custom:device-back M2"])
    }

    @Test("phone to app user comes out exactly as the contract draws it")
    func phoneToApp() throws {
        let rig = Rig()
        rig.call(.connect(Connect(endpoint: .app(user: "auto"))))
        let callee = try #require(rig.callee)
        rig.send(.device(callee, .opened))
        rig.send(.device(callee, .hungUp))
        #expect(
            rig.rtcLog == [
                "- app:knocking knocker", "- sip:ringing knocker", "- conversation:created -",
                "1 member:joined M1", "2 member:invited M2", "3 rtc:ringing M2", "4 member:joined M2",
                "5 leg:status:update answered M2", "6 rtc:answered M2", "7 member:media on M2",
                "8 leg:status:update answered M1", "9 sip:answered M1", "10 member:media on M1",
                "11 leg:status:update completed M2", "12 rtc:hangup M2", "13 member:left M2",
                "14 leg:status:update completed M1", "15 sip:hangup M1", "16 member:left M1",
                "- conversation:deleted -",
            ])
        #expect(
            rig.voiceLog == [
                "started inbound", "ringing inbound", "started outbound", "answered outbound", "answered inbound",
                "completed outbound", "completed inbound",
            ])
        let answered = rig.rows.filter { $0.stream == .voice && $0.type == "started" }.last
        #expect(answered?.instant == rig.rows.last { $0.type == "answered" }?.instant)
    }

    @Test("a script that speaks first answers the caller right after it has joined")
    func talkFirst() throws {
        let rig = Rig()
        rig.call(.talk(Talk(text: "Hello")))
        rig.send(.playDone(try #require(rig.lastPlay)))
        #expect(
            rig.rtcLog == [
                "- app:knocking knocker", "- sip:ringing knocker", "- conversation:created -", "1 member:joined M1",
                "2 leg:status:update answered M1", "3 sip:answered M1", "4 member:media on M1", "5 audio:say -",
                "6 audio:say:done -", "7 leg:status:update completed M1", "8 sip:hangup M1", "9 member:left M1",
                "- conversation:deleted -",
            ])
        #expect(rig.voice("completed")?["disconnected_by"] == "platform")
    }

    @Test("events that precede the conversation do not name it, all others do")
    func conversationID() throws {
        let rig = Rig()
        rig.call(.talk(Talk(text: "Hello")))
        for row in rig.rows where row.stream == .rtc {
            let payload = try JSON(parsing: row.body)
            let precedes = row.type == "app:knocking" || row.type == "sip:ringing"
            #expect((payload["conversation_id"] == nil) == precedes, "\(row.type)")
        }
    }

    @Test("ids have no hole and instants never run backwards")
    func order() throws {
        let rig = Rig()
        rig.call(.connect(phone()))
        let callee = try #require(rig.callee)
        rig.send(.sip(callee, .answered))
        rig.send(.sip(callee, .ended(.bye(reason: nil))))
        let ids = rig.rows.compactMap(\.id)
        #expect(ids == Array(1...ids.count))
        #expect(zip(rig.rows, rig.rows.dropFirst()).allSatisfy { $0.instant <= $1.instant })
    }
}
