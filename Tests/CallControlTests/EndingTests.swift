import CallControl
import CallModel
import EdgeProtocols
import NCCO
import TestKit
import Testing
import WireJSON

@Suite struct EndingTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var code: Int
        var trunk = true
        var fromPeer = true
        var voice: LegStatus
        var detail: String?
        var leg: LegStatus
        var reason: String
        var testDescription: String { "\(code)\(trunk ? "" : " from a device")\(fromPeer ? "" : " of our own")" }
    }

    static let table = [
        Row(code: 486, voice: .busy, leg: .busy, reason: "busy_here"),
        Row(code: 600, voice: .busy, leg: .busy, reason: "busy"),
        Row(code: 603, voice: .rejected, detail: "declined", leg: .rejected, reason: "rejected"),
        Row(code: 403, trunk: false, voice: .rejected, detail: "declined", leg: .failed, reason: "forbidden"),
        Row(code: 403, voice: .rejected, detail: "restricted", leg: .failed, reason: "forbidden"),
        Row(code: 488, voice: .rejected, detail: "restricted", leg: .failed, reason: "failed"),
        Row(code: 484, voice: .rejected, detail: "invalid_number", leg: .failed, reason: "address_incomplete"),
        Row(code: 416, voice: .rejected, detail: "invalid_number", leg: .failed, reason: "failed"),
        Row(code: 480, voice: .unanswered, detail: "unavailable", leg: .timeout, reason: "temporarily_unavailable"),
        Row(
            code: 408, fromPeer: false, voice: .unanswered, detail: "carrier_timeout", leg: .timeout,
            reason: "request_timeout"),
        Row(code: 504, voice: .unanswered, detail: "carrier_timeout", leg: .timeout, reason: "request_timeout"),
        Row(code: 404, voice: .failed, detail: "cannot_route", leg: .failed, reason: "not_found"),
        Row(
            code: 503, fromPeer: false, voice: .failed, detail: "cannot_route", leg: .failed,
            reason: "service_unavailable"),
        Row(code: 503, voice: .failed, detail: "internal_error", leg: .failed, reason: "failed"),
        Row(code: 410, voice: .failed, detail: "number_out_of_service", leg: .failed, reason: "gone"),
        Row(code: 500, voice: .failed, detail: "internal_error", leg: .failed, reason: "failed"),
        Row(code: 487, voice: .unanswered, detail: "unavailable", leg: .cancelled, reason: "request_terminated"),
    ]

    @Test("a final response is told as the table of endings says", arguments: table)
    func finalResponse(row: Row) {
        let ending = Endings.finalResponse(row.code, viaTrunk: row.trunk, fromPeer: row.fromPeer)
        #expect(ending.voiceStatus == row.voice)
        #expect(ending.detail == row.detail)
        #expect(ending.legStatus == row.leg)
        #expect(ending.reason == row.reason)
        #expect(ending.sipCode == row.code)
    }

    @Test(
        "a caller that still rings gets B's code, or 480, and is told of as B was",
        arguments: [
            (486, 486, "busy inbound"), (600, 480, "busy inbound"), (480, 480, "unanswered inbound unavailable"),
            (408, 408, "unanswered inbound carrier_timeout"), (404, 404, "failed inbound cannot_route"),
            (484, 484, "rejected inbound invalid_number"), (603, 603, "rejected inbound declined"),
            (488, 480, "rejected inbound restricted"), (410, 480, "failed inbound number_out_of_service"),
            (500, 480, "failed inbound internal_error"), (487, 480, "unanswered inbound unavailable"),
        ])
    func codeForCaller(of callee: Int, sent: Int, told: String) throws {
        let rig = Rig()
        rig.call(.connect(phone()))
        rig.send(.sip(try #require(rig.callee), .failed(status: callee, fromPeer: true)))
        #expect(rig.effects.contains { if case .refuse(_, sent) = $0 { true } else { false } })
        #expect(rig.legs.last { $0.id == rig.caller }?.status.isTerminal == true)
        #expect(rig.voiceLog.last == told)
        let event = rig.voice(String(told.prefix { $0 != " " }))
        #expect(event?["sip_code"] == JSON(sent) && event?["disconnected_by"] == "platform")
        #expect(rig.machine.hasEnded)
    }

    @Test(
        "a call that could not be connected is an error event before its status; a refusal, or nobody there, is none",
        arguments: [(404, true), (500, true), (486, false), (480, false), (603, false)])
    func outboundError(code: Int, isError: Bool) throws {
        let rig = Rig()
        rig.call(.connect(phone()), .wait(seconds: 60))
        rig.send(.sip(try #require(rig.callee), .failed(status: code, fromPeer: true)))
        let types = rig.rows.filter { $0.stream == .voice }.map(\.type)
        #expect(types.contains("error") == isError)
        guard isError, let index = types.firstIndex(of: "error") else { return }
        #expect(types[index + 1] == "failed")
        let row = try #require(rig.rows.first { $0.type == "error" })
        let failed = try #require(rig.voice("failed"))
        #expect(row.leg?.text == failed["uuid"]?.string && row.destination == nil)
        let event = try #require(rig.voice("error")?.object)
        #expect(event.keys == ["reason", "conversation_uuid", "timestamp"])
        let detail = failed["detail"]?.string ?? ""
        #expect(event["reason"] == .string("Outbound call failed. \(detail) (\(code)): 447700900002"))
    }

    @Test("our ring timer ends B as timeout, A hears 480 and the Application timeout")
    func ringTimeout() throws {
        let rig = Rig()
        rig.call(.connect(phone()))
        rig.send(.timer(.ring(try #require(rig.callee))))
        #expect(rig.voiceLog.suffix(2) == ["timeout outbound", "timeout inbound"])
        let ended = try #require(rig.voice("timeout"))
        #expect(ended["sip_code"] == 480 && ended["disconnected_by"] == "platform" && ended["detail"] == nil)
        #expect(rig.effects.contains { if case .refuse(_, 480) = $0 { true } else { false } })
        #expect(rig.effects.contains { if case .cancel = $0 { true } else { false } })
    }

    @Test("a caller nobody answers in the time that it may ring gets 480, and is told of as timeout")
    func callerRingsOut() throws {
        let rig = Rig()
        rig.knock()
        rig.send(.timer(.ring(rig.caller)))
        #expect(rig.voiceLog.last == "timeout inbound")
        #expect(rig.voice("timeout")?["sip_code"] == 480)
        #expect(rig.effects.contains { if case .refuse(_, 480) = $0 { true } else { false } })
        #expect(rig.machine.hasEnded)
    }

    @Test("a caller who gives up ends first, then B is cancelled")
    func callerCancels() throws {
        let rig = Rig()
        rig.call(.connect(phone()))
        rig.send(.sip(try #require(rig.callee), .progress(status: 180, early: false)))
        rig.send(.sip(rig.caller, .cancelled))
        #expect(rig.voiceLog.suffix(2) == ["cancelled inbound", "cancelled outbound"])
        #expect(rig.rtcLog.last == "- conversation:deleted -")
    }

    @Test("a caller who gives up while the script is fetched leaves only knocking events")
    func cancelWhileKnocking() {
        let rig = Rig()
        rig.knock()
        rig.send(.sip(rig.caller, .cancelled))
        #expect(rig.rtcLog == ["- app:knocking knocker", "- sip:ringing knocker", "- app:knocking:cancel knocker"])
        #expect(rig.voiceLog.last == "cancelled inbound")
        #expect(rig.machine.hasEnded)
    }

    @Test("an unusable answer_url refuses the caller with 480 and tells the reason")
    func scriptFails() {
        let rig = Rig()
        rig.knock()
        rig.give(.failed("Socket timeout."))
        #expect(rig.effects.contains { if case .refuse(_, 480) = $0 { true } else { false } })
        #expect(rig.voice("error")?["reason"] == "Socket timeout.")
        #expect(rig.voice("error")?["status"] == nil)
        #expect(!rig.voiceLog.contains { $0.hasPrefix("completed") })
    }

    @Test("a script that ends without an answer or a connect refuses with 480")
    func emptyScript() {
        let rig = Rig()
        rig.call()
        #expect(rig.effects.contains { if case .refuse(_, 480) = $0 { true } else { false } })
        #expect(rig.voiceLog.last == "unanswered inbound unavailable")
    }

    @Test("a REST hang-up before the answer refuses with 603, after it sends BYE", arguments: [false, true])
    func restHangUp(answered: Bool) {
        let rig = Rig()
        if answered { rig.call(.wait(seconds: 10)) } else { rig.knock() }
        rig.send(.hangUp(rig.caller))
        #expect(
            rig.effects.contains {
                switch $0 {
                case .bye: answered
                case .refuse(_, 603): !answered
                default: false
                }
            })
    }

    @Test("legs found open at start-up are closed with the reason restart", arguments: [false, true])
    func restart(answered: Bool) throws {
        let rig = Rig()
        rig.call(answered ? .wait(seconds: 100) : .connect(phone()))
        let open = rig.legs.last { $0.id == rig.caller }
        let conversation = ConversationRecord(
            id: rig.machine.id, application: rig.application.id, name: "NAM-1", state: .active,
            sequenceNumber: rig.rows.compactMap(\.id).max() ?? 0, isTransient: true, created: rig.time.wallNow)
        let batch = Restart.close(
            .init(conversation: conversation, legs: [try #require(open)], members: []),
            application: rig.application, id: rig.machine.id, in: rig.world)
        let next = conversation.sequenceNumber + 1
        #expect(batch.events.compactMap(\.id).first == next)
        #expect(batch.events.contains { $0.type == "conversation:deleted" })
        let voice = try #require(batch.events.first { $0.stream == .voice })
        let body = try JSON(parsing: voice.body)
        #expect(body["status"] == (answered ? "completed" : "failed"))
        #expect(body["sip_code"] == nil)
        let update = try JSON(parsing: try #require(batch.events.first { $0.type == "leg:status:update" }).body)
        #expect(update["body"]?["state"]?["reason"] == "restart")
        #expect(batch.legs.last?.status.isTerminal == true)
        #expect(batch.conversations.last?.state == .deleted)
    }
}
