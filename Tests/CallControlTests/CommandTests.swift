import CallControl
import CallModel
import EdgeProtocols
import NCCO
import Testing
import WireJSON

@Suite("orders to a running leg") struct CommandTests {
    /// A caller in a long wait: answered, alone.
    private func waiting() -> Rig {
        let rig = Rig()
        rig.call(.wait(seconds: 60))
        return rig
    }

    private func order(_ command: LegCommand, _ rig: Rig, leg: LegID? = nil) -> CommandFault? {
        let id = CommandID(rawValue: UInt64(rig.effects.count))
        rig.send(.command(leg ?? rig.caller, command, id))
        for effect in rig.effects.reversed() {
            if case .reply(id, let fault) = effect { return fault }
        }
        Issue.record("no reply")
        return nil
    }

    private func types(_ rig: Rig, from count: Int) -> [String] { rig.rows.dropFirst(count).map(\.type) }

    @Test(
        "mute and earmuff change the sound first, are written like a client's, and are idempotent",
        arguments: [
            (LegCommand.mute(true), "audio:mute:on"), (.earmuff(true), "audio:earmuff:on"),
        ])
    func mute(command: LegCommand, event: String) throws {
        let rig = waiting()
        let before = rig.rows.count
        #expect(order(command, rig) == nil)
        #expect(types(rig, from: before) == [event, "member:media"])
        let audio = rig.effects.compactMap { effect -> MemberAudio? in
            if case .updateAudio(rig.caller, let audio) = effect { audio } else { nil }
        }
        #expect(audio.count == 1)
        #expect((audio.first?.muted, audio.first?.earmuffed) == (command == .mute(true), command == .earmuff(true)))
        let payload = try JSON(parsing: rig.rows[before].body)
        let member = try #require(rig.machine.liveLegs[0].member)
        #expect(payload["from"] == nil && payload["to"] == .string(member.text))
        #expect(payload["body"] == ["rtc_id": .string(rig.caller.text)])
        #expect(order(command, rig) == nil)
        #expect(rig.rows.count == before + 2)
        let off: LegCommand = command == .mute(true) ? .mute(false) : .earmuff(false)
        #expect(order(off, rig) == nil)
        #expect(types(rig, from: before + 2) == [event.replacing(":on", with: ":off"), "member:media"])
    }

    @Test("a volume changes the sound, is told once, and stays with the leg that moves")
    func volume() throws {
        let rig = waiting()
        let before = rig.rows.count
        #expect(order(.volume(-0.5), rig) == nil)
        #expect(order(.volume(-0.5), rig) == nil)
        #expect(types(rig, from: before) == ["custom:volume"])
        let audio = rig.effects.compactMap { effect -> MemberAudio? in
            if case .updateAudio(rig.caller, let audio) = effect { audio } else { nil }
        }
        #expect(audio.map(\.levelDecibels) == [-10])
        let payload = try JSON(parsing: rig.rows[before].body)
        #expect(payload["body"]?["level"]?.double == -0.5 && payload["to"] != nil)
    }

    @Test("a leg muted while it rings is muted when it comes into the mix")
    func muteEarly() {
        let rig = Rig()
        rig.knock()
        #expect(order(.mute(true), rig) == nil)
        rig.give(.script([.wait(seconds: 60)]))
        let attached = rig.effects.compactMap { effect -> Bool? in
            if case .attach(rig.caller, let audio) = effect { audio.muted } else { nil }
        }
        #expect(attached == [true])
    }

    @Test("talk, stream, keys and transfer need an answered leg; a leg that has ended is unknown")
    func states() {
        let rig = Rig()
        rig.knock()
        let orders: [LegCommand] = [
            .talk(Talk(text: "x")), .stream(Stream(url: "http://h/a.wav")), .sendDigits("1"),
            .transfer(.inline([])),
        ]
        for command in orders { #expect(order(command, rig)?.code == .badState) }
        #expect(order(.hangUp, rig) == nil)
        for command in orders + [.hangUp, .mute(true), .stopTalk, .unsubscribeDigits] {
            #expect(order(command, rig)?.code == .notFound)
        }
    }

    @Test("talk and stream are heard by the leg alone, replace each other and stop only their own kind")
    func overlay() throws {
        let rig = waiting()
        #expect(order(.stopTalk, rig) == nil)
        #expect(order(.talk(Talk(text: "hello")), rig) == nil)
        let talk = try #require(rig.lastPlay)
        var before = rig.rows.count
        #expect(order(.stopStream, rig) == nil)
        #expect(rig.rows.count == before)
        #expect(order(.stream(Stream(url: "http://h/a.wav")), rig) == nil)
        #expect(types(rig, from: before) == ["audio:say:stop", "audio:say:done", "audio:play"])
        #expect(rig.effects.contains { if case .stopPlay(talk) = $0 { true } else { false } })
        let targets = rig.effects.compactMap { effect -> PlayTarget? in
            if case .play(_, _, let target, _, _) = effect { target } else { nil }
        }
        #expect(targets == [.leg(rig.caller), .leg(rig.caller)])
        before = rig.rows.count
        #expect(order(.stopStream, rig) == nil)
        #expect(types(rig, from: before) == ["audio:play:stop", "audio:play:done"])
        // The script is where it was.
        rig.send(.timer(.wait(rig.caller)))
        #expect(rig.voice("completed") != nil)
    }

    @Test("a prompt that cannot be played is told by the error event and leaves the call alone")
    func brokenPrompt() throws {
        let rig = waiting()
        #expect(order(.stream(Stream(url: "http://h/404")), rig) == nil)
        rig.send(.playFailed(try #require(rig.lastPlay), reason: "stream: HTTP 404"))
        #expect(rig.voice("error")?["reason"] == "stream: HTTP 404")
        #expect(rig.machine.liveLegs.count == 1)
        let before = rig.rows.count
        #expect(order(.stopStream, rig) == nil)
        #expect(rig.rows.count == before)
    }

    @Test("every key is told to the subscriber until it is unsubscribed")
    func digits() throws {
        let rig = waiting()
        let (first, second) = (
            WebhookTarget(url: "http://h/1", method: .post), WebhookTarget(url: "http://h/2", method: .post)
        )
        #expect(order(.subscribeDigits(first), rig) == nil)
        rig.send(.digit(rig.caller, "5", durationMilliseconds: 100))
        let row = try #require(rig.rows.last { $0.type == "input" })
        #expect(row.destination == first && row.delivery == .webhook)
        let body = try JSON(parsing: row.body)
        #expect(body["dtmf"] == ["digits": "5", "timed_out": false])
        #expect(body["speech"] == ["results": []] && body["uuid"] == .string(rig.caller.text))
        #expect(body["from"] == "441632960001" && body["to"] == "441632960100" && body["status"] == nil)
        #expect(order(.subscribeDigits(second), rig) == nil)
        rig.send(.digit(rig.caller, "#", durationMilliseconds: 100))
        #expect(rig.rows.last { $0.type == "input" }?.destination == second)
        #expect(order(.unsubscribeDigits, rig) == nil)
        rig.send(.digit(rig.caller, "6", durationMilliseconds: 100))
        #expect(rig.rows.filter { $0.type == "input" }.count == 2)
    }

    @Test("keys are sent to the leg alone")
    func sendDigits() {
        let rig = waiting()
        #expect(order(.sendDigits("1p#"), rig) == nil)
        #expect(rig.effects.contains { if case .sendDigits(rig.caller, "1p#") = $0 { true } else { false } })
    }

    @Test("a transfer moves the leg, keeps its mute, and writes the trace of a move; who is left alone is hung up")
    func transfer() throws {
        let rig = Rig()
        rig.call(.connect(phone()))
        let callee = try #require(rig.callee)
        rig.send(.sip(callee, .answered))
        #expect(order(.mute(true), rig) == nil)
        let oldMember = try #require(rig.machine.liveLegs.first { $0.id == rig.caller }?.member)
        let before = rig.rows.count
        #expect(order(.transfer(.inline([.wait(seconds: 5)])), rig) == nil)
        let moved = try #require(
            rig.effects.compactMap { effect -> (Leg, LegMove)? in
                if case .transfer(let leg, let move) = effect { (leg, move) } else { nil }
            }.last)
        #expect(rig.rows.count == before)
        var next = ConversationMachine(id: ConversationID("CON-2"), application: rig.application)
        let step = next.handle(.receive(moved.0, moved.1, application: rig.application), in: rig.world)
        #expect(
            step.batch.events.map(\.type) == [
                "conversation:created", "rtc:transfer", "member:joined", "transfer", "member:media",
            ])
        let transfer = try #require(step.batch.events.first { $0.type == "transfer" })
        let body = try JSON(parsing: transfer.body)
        #expect(body["type"] == "transfer" && body["status"] == nil && body["conversation_uuid"] == nil)
        #expect(body["conversation_uuid_from"] == "CON-1" && body["conversation_uuid_to"] == "CON-2")
        let trace = try JSON(parsing: step.batch.events[1].body)
        #expect(trace["body"]?["was_member"] == .string(oldMember.text))
        #expect(next.liveLegs.map(\.audio.muted) == [true])
        #expect(step.effects.contains { if case .setTimer(.wait(rig.caller), _) = $0 { true } else { false } })

        rig.send(.departed(moved.0, to: next.id))
        #expect(rig.voiceLog.suffix(1) == ["completed outbound"])
        let left = try #require(rig.rows.first { $0.type == "member:left" && $0.leg == rig.caller })
        #expect(try JSON(parsing: left.body)["body"]?["reason"]?["text"] == "transferred")
        #expect(rig.machine.hasEnded)
    }

    @Test("the script of a transfer by URL is asked for with the answer webhook's fields")
    func transferByURL() throws {
        let rig = waiting()
        let target = WebhookTarget(url: "http://h/next", method: .get)
        #expect(order(.transfer(.url(target)), rig) == nil)
        guard
            case .transfer(let leg, let move) = rig.effects.last(where: {
                if case .transfer = $0 { true } else { false }
            })
        else {
            Issue.record("no transfer")
            return
        }
        var next = ConversationMachine(id: ConversationID("CON-2"), application: rig.application)
        let step = next.handle(.receive(leg, move, application: rig.application), in: rig.world)
        let request = step.effects.compactMap { effect -> ScriptRequest? in
            if case .ask(_, _, let request) = effect { request } else { nil }
        }.first
        #expect(request?.target == target && request?.kind == .answer && request?.fallback == nil)
        #expect(request?.fields["conversation_uuid"] == "CON-2" && request?.fields["from"] == "441632960001")
    }

    @Test("when the connected leg is transferred away, the script that waited for it goes on")
    func transferOfCallee() throws {
        let rig = Rig()
        var connect = phone()
        connect.isSynchronous = true
        rig.call(.connect(connect), .wait(seconds: 9))
        let callee = try #require(rig.callee)
        rig.send(.sip(callee, .answered))
        #expect(order(.transfer(.inline([])), rig, leg: callee) == nil)
        guard case .transfer(let leg, _) = rig.effects.last(where: { if case .transfer = $0 { true } else { false } })
        else {
            Issue.record("no transfer")
            return
        }
        rig.send(.departed(leg, to: ConversationID("CON-2")))
        #expect(rig.effects.contains { if case .setTimer(.wait(rig.caller), _) = $0 { true } else { false } })
    }
}
