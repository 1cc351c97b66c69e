import CallControl
import CallModel
import EdgeProtocols
import NCCO
import Testing
import WireJSON

@Suite struct TransferTests {
    @Test("every leg moves into the named conversation, the old one ends and its script is dropped")
    func moves() throws {
        let rig = Rig()
        rig.openConversation("hall")
        rig.call(
            .connect(phone()), .transfer(Transfer(conversation: ConversationID("CON-hall"))),
            .talk(Talk(text: "never said")))
        let callee = try #require(rig.callee)
        rig.send(.sip(callee, .answered))
        let hall = try #require(rig.rooms["hall"])
        #expect(hall.has(rig.caller) && hall.has(callee) && hall.has(LegID("other")))
        #expect(rig.machine.hasEnded)
        #expect(!rig.rows.contains { $0.type == "audio:say" })
        let moved = rig.rows.filter { $0.type == "transfer" }.compactMap { try? JSON(parsing: $0.body) }
        #expect(moved.map { $0["conversation_uuid_from"] } == ["CON-1", "CON-1"])
        #expect(moved.map { $0["conversation_uuid_to"] } == ["CON-hall", "CON-hall"])
        #expect(rig.rtcLog.filter { $0.contains("rtc:transfer") }.count == 2)
        #expect(rig.rtcLog.filter { $0.contains("member:left") }.count == 2)
        #expect(!rig.rtcLog.contains { $0.contains("hangup") })
    }

    @Test("mute and the lists of the action hold in the new conversation")
    func audio() throws {
        let rig = Rig()
        rig.openConversation("hall")
        var transfer = Transfer(conversation: ConversationID("CON-hall"))
        transfer.mute = true
        transfer.canHear = ["other"]
        rig.call(.transfer(transfer))
        let audio = rig.effects.compactMap { if case .attach(rig.caller, let audio) = $0 { audio } else { nil } }.last
        #expect(audio?.muted == true && audio?.canHear == [LegID("other")])
        #expect(rig.effects.contains { if case .answer = $0 { true } else { false } })
    }

    @Test("an unknown conversation is an error event and the next action runs")
    func unknown() {
        let rig = Rig()
        rig.call(.transfer(Transfer(conversation: ConversationID("CON-nowhere"))), .talk(Talk(text: "next")))
        #expect(rig.voice("error")?["reason"]?.string?.contains("CON-nowhere") == true)
        #expect(rig.rows.contains { $0.type == "audio:say" })
    }

    @Test("a moved leg that is left alone is hung up")
    func alone() {
        let rig = Rig()
        rig.openConversation("hall")
        rig.call(.transfer(Transfer(conversation: ConversationID("CON-hall"))))
        rig.sendToRoom("hall", .sip(LegID("other"), .ended(.bye(reason: nil))))
        #expect(rig.rooms["hall"]?.hasEnded == true)
    }
}
