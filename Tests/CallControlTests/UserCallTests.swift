import CallControl
import CallModel
import EdgeProtocols
import MediaTime
import NCCO
import Testing
import WireJSON

/// Calls that users place with their own sound device.
@Suite struct UserCallTests {
    private static func leg(_ user: String = "kiosk", to: Endpoint = .phone(number: "447700900002")) -> Leg {
        var leg = Leg(
            id: LegID("a"), kind: .app, direction: .inbound, signalling: .device(user: user), from: .app(user: user),
            to: to, user: UserSummary(id: UserID("USR-k"), name: user), startedAt: WallTime(milliseconds: 0))
        leg.client = Leg.ClientCall(reference: "R-1", customData: ["room": 7])
        return leg
    }

    private func rig(_ edit: (Rig) -> Void = { _ in }) -> Rig {
        let rig = Rig()
        rig.application.answerURL = WebhookSetting(
            target: WebhookTarget(url: "http://127.0.0.1:1/answer", method: .get), socketTimeoutMilliseconds: 5000)
        edit(rig)
        rig.send(
            .knock(
                Self.leg(),
                script: .ask(
                    WebhookSetting(
                        target: WebhookTarget(url: "http://127.0.0.1:1/answer", method: .get),
                        socketTimeoutMilliseconds: 5000), fallback: nil), application: rig.application))
        return rig
    }

    private func asked(_ rig: Rig) throws -> ScriptRequest {
        try #require(rig.effects.compactMap { if case .ask(_, _, let request) = $0 { request } else { nil } }.last)
    }

    private func body(_ rig: Rig, _ type: String) throws -> JSON {
        try JSON(parsing: try #require(rig.rows.last { $0.type == type }).body)
    }

    @Test("user to phone: the user is answered as soon as the script is there, and named as the caller")
    func userToPhone() throws {
        let rig = rig()
        #expect(rig.lastAsk == nil, "the device opens first")
        let opened = rig.effects.compactMap { if case .openDevice(let leg, _) = $0 { leg } else { nil } }
        #expect(opened == [rig.caller])
        rig.send(.device(rig.caller, .opened))
        rig.give(.script([.connect(phone())]))
        let callee = try #require(rig.callee)
        rig.send(.sip(callee, .progress(status: 180, early: false)))
        rig.send(.sip(callee, .answered))
        rig.send(.sip(callee, .ended(.bye(reason: nil))))
        #expect(
            rig.rtcLog == [
                "- app:knocking knocker", "- conversation:created -", "1 member:joined M1",
                "2 leg:status:update answered M1", "3 rtc:answered M1", "4 member:media on M1",
                "5 member:invited M2", "6 leg:status:update ringing M2", "7 sip:ringing M2",
                "8 leg:status:update answered M2", "9 sip:answered M2", "10 member:joined M2", "11 member:media on M2",
                "12 leg:status:update completed M2", "13 sip:hangup M2", "14 member:left M2",
                "15 leg:status:update completed M1", "16 rtc:hangup M1", "17 member:left M1",
                "- conversation:deleted -",
            ])
        #expect(
            rig.voiceLog == [
                "started inbound", "answered inbound", "started outbound", "ringing outbound", "answered outbound",
                "completed outbound", "completed inbound",
            ])
        for row in rig.rows where row.stream == .voice {
            let event = try JSON(parsing: row.body)
            let isCaller = event["direction"] == "inbound"
            #expect(event["from"] == (isCaller ? .null : "kiosk") && event["to"] == "447700900002")
            for name in ["client_ref", "client_reference"] { #expect(event[name]?.string == (isCaller ? "R-1" : nil)) }
        }
        let dials = rig.effects.compactMap { if case .dial(_, _, let dial) = $0 { dial } else { nil } }
        #expect(dials.map(\.fromUser) == ["441632960100"], "a telephone network is shown a number of ours")
        #expect(rig.machine.hasEnded)
    }

    @Test("the knocker brings custom_data; the member names its leg, its knocker and the client's reference")
    func bodies() throws {
        let rig = rig()
        let knocking = try body(rig, "app:knocking")
        #expect(knocking["body"]?["properties"] == ["custom_data": ["room": 7]])
        #expect(knocking["body"]?["user"] == ["id": "USR-k"])
        #expect(
            knocking["body"]?["channel"] == [
                "type": "app", "id": "a", "from": ["type": "app", "user": "kiosk"],
                "to": ["type": "phone", "number": "447700900002"], "headers": [:], "legs": [], "leg_ids": [],
            ])
        rig.send(.device(rig.caller, .opened))
        rig.give(.script([.wait(seconds: 60)]))
        let joined = try body(rig, "member:joined")
        #expect(joined["client_ref"] == "R-1" && joined["body"]?["client_ref"] == "R-1")
        #expect(joined["body"]?["channel"]?["id"] == "a")
        #expect(joined["body"]?["channel"]?["knocking_id"] == knocking["from"])
        #expect(joined["body"]?["user"]?["name"] == "kiosk" && joined["body"]?["user"]?["user_id"] == "USR-k")
        #expect(try body(rig, "member:media")["client_ref"] == nil)
        #expect(rig.legs.last?.clientReference == "R-1")
    }

    @Test("the answer webhook has from_user in place of from, custom_data, and 4.5 s", arguments: [true, false])
    func answerWebhook(isFull: Bool) throws {
        let rig = rig { $0.application.answerWebhookFields = isFull ? .full : .legacy }
        rig.send(.device(rig.caller, .opened))
        let request = try asked(rig)
        #expect(request.deadlineMilliseconds == 4500)
        let own = ["from_user", "to", "uuid", "conversation_uuid"]
        #expect(request.fields.keys == own + (isFull ? ["endpoint_type", "region_url", "custom_data"] : []))
        #expect(request.fields["from_user"] == "kiosk" && request.fields["to"] == "447700900002")
        if isFull {
            #expect(request.fields["endpoint_type"] == "app" && request.fields["custom_data"] == ["room": 7])
        }
    }

    @Test("given up before the script is there, it is cancelled with the client's words; the script comes too late")
    func cancelled() throws {
        for isOpen in [false, true] {
            let rig = rig()
            if isOpen { rig.send(.device(rig.caller, .opened)) }
            rig.send(
                .command(
                    rig.caller, .giveUp(LegCommand.Farewell(code: "7", text: "wrong number")), CommandID(rawValue: 1)))
            #expect(rig.voiceLog == ["started inbound", "cancelled inbound"])
            #expect(try body(rig, "app:knocking:cancel")["body"]?["reason"] == ["code": "7", "text": "wrong number"])
            #expect(rig.voice("cancelled")?["disconnected_by"] == "user" && rig.voice("cancelled")?["from"] == .null)
            #expect(rig.machine.hasEnded)
            let rows = rig.rows.count
            if isOpen { rig.give(.script([.wait(seconds: 1)])) } else { rig.send(.device(rig.caller, .opened)) }
            #expect(rig.rows.count == rows)
        }
    }

    @Test("given up later it is hung up, as by the button of the device", arguments: [true, false])
    func hungUp(byClient: Bool) throws {
        let rig = rig()
        rig.send(.device(rig.caller, .opened))
        rig.give(.script([.connect(phone())]))
        let callee = try #require(rig.callee)
        rig.send(.sip(callee, .answered))
        rig.send(
            byClient
                ? .command(rig.caller, .giveUp(LegCommand.Farewell()), CommandID(rawValue: 1))
                : .device(rig.caller, .hungUp))
        #expect(rig.voiceLog.suffix(2) == ["completed inbound", "completed outbound"])
        #expect(rig.voice("completed") != nil && rig.machine.hasEnded)
    }

    @Test(
        "a device that cannot be had ends the call before anybody is asked",
        arguments: [(DeviceEvent.busy, "busy inbound"), (.refused("No such device"), "failed inbound internal_error")])
    func noDevice(event: DeviceEvent, ending: String) throws {
        let rig = rig()
        rig.send(.device(rig.caller, event))
        #expect(rig.lastAsk == nil && rig.voiceLog.last == ending && rig.machine.hasEnded)
        #expect(rig.rtcLog == ["- app:knocking knocker", "- app:knocking:cancel knocker"])
    }

    @Test("a caller without a script is told of as any caller is")
    func noScript() throws {
        let rig = rig()
        rig.send(.device(rig.caller, .opened))
        rig.give(.failed("HTTP 500"))
        #expect(rig.voiceLog == ["started inbound", "error", "unanswered inbound unavailable"])
        #expect(rig.voice("unanswered")?["client_ref"] == "R-1")
    }

    @Test("a user who calls itself finds its device busy, and its script goes on")
    func ownDevice() throws {
        let rig = rig()
        rig.send(.device(rig.caller, .opened))
        rig.give(.script([.connect(Connect(endpoint: .app(user: "kiosk"))), .wait(seconds: 60)]))
        let callee = try #require(rig.callee)
        rig.send(.device(callee, .busy))
        #expect(rig.voiceLog.suffix(2) == ["started outbound", "busy outbound"])
        #expect(rig.voice("busy")?["from"] == "kiosk" && rig.voice("busy")?["to"] == "kiosk")
        #expect(rig.machine.has(rig.caller))
    }

    @Test("a room as the first action is joined directly")
    func room() throws {
        let rig = rig()
        rig.send(.device(rig.caller, .opened))
        rig.give(.script([.conversation(ConversationAction(name: "hall"))]))
        #expect(
            rig.rtcLog == [
                "- app:knocking knocker", "- conversation:created -", "1 member:joined M1",
                "2 leg:status:update answered M1", "3 rtc:answered M1", "4 member:media on M1",
            ])
        #expect(rig.voiceLog == ["started inbound", "transfer", "answered inbound"])
    }

    @Test("a call that the box did not survive is closed with the caller and the reference that it had")
    func restart() throws {
        let rig = rig()
        let record = try #require(rig.legs.last)
        let batch = Restart.close(
            Restart.Remains(conversation: nil, legs: [record], members: []), application: rig.application,
            id: ConversationID("CON-1"), in: rig.world)
        let row = try #require(batch.events.first { $0.stream == .voice })
        let event = try JSON(parsing: row.body)
        #expect(row.type == "failed" && event["from"] == .null && event["client_ref"] == "R-1")
        let cancel = try JSON(parsing: try #require(batch.events.first { $0.type == "app:knocking:cancel" }).body)
        let user = rig.directory.userID("kiosk", application: rig.application.id)
        #expect(cancel["body"]?["user"]?["id"]?.string == user.text)
    }
}
