import CallControl
import CallModel
import EdgeProtocols
import NCCO
import Testing
import WireJSON

@Suite struct ScriptTests {
    private func dtmf(_ maxDigits: Int = 4, submitOnHash: Bool = false) -> Input {
        var input = Input()
        var keys = Input.DTMF()
        keys.maxDigits = maxDigits
        keys.submitOnHash = submitOnHash
        input.dtmf = keys
        return input
    }

    private func press(_ keys: String, _ rig: Rig) {
        for key in keys { rig.send(.digit(rig.caller, key, durationMilliseconds: 100)) }
    }

    @Test("input submits at maxDigits, at the hash that is not part of it, or when its time is over")
    func inputEnds() {
        let full = Rig()
        full.call(.input(dtmf(2)))
        press("12", full)
        #expect(full.voice("input")?["dtmf"] == ["digits": "12", "timed_out": false])

        let hash = Rig()
        hash.call(.input(dtmf(9, submitOnHash: true)))
        press("7#", hash)
        #expect(hash.voice("input")?["dtmf"] == ["digits": "7", "timed_out": false])

        let late = Rig()
        late.call(.input(dtmf()))
        late.send(.timer(.digits(late.caller)))
        #expect(late.voice("input")?["dtmf"] == ["digits": .null, "timed_out": true])
        #expect(late.voice("input")?["speech"] == ["results": []])
    }

    @Test("a key interrupts the barge-in prompt, skips the rest of the run and counts")
    func bargeIn() throws {
        let rig = Rig()
        var first = Talk(text: "one")
        first.bargeIn = true
        rig.call(.talk(first), .talk(Talk(text: "two")), .input(dtmf(1)), .talk(Talk(text: "after")))
        let playing = try #require(rig.lastPlay)
        press("5", rig)
        #expect(rig.effects.contains { if case .stopPlay(playing) = $0 { true } else { false } })
        #expect(rig.rtcLog.filter { $0.contains("audio:say -") }.count == 1)
        rig.give(.nothing)
        #expect(rig.rtcLog.filter { $0.contains("audio:say -") }.count == 2)
    }

    @Test("a prompt that may be interrupted stops when the key goes down, the key counts when it is let go")
    func keyDown() throws {
        let rig = Rig()
        var first = Talk(text: "one")
        first.bargeIn = true
        rig.call(.talk(first), .talk(Talk(text: "two")), .input(dtmf(1)))
        let playing = try #require(rig.lastPlay)
        func stops() -> Int { rig.effects.count { if case .stopPlay(playing) = $0 { true } else { false } } }
        rig.send(.keyDown(rig.caller))
        #expect(stops() == 1)
        #expect(rig.voice("input") == nil)
        press("5", rig)
        #expect(rig.voice("input")?["dtmf"] == ["digits": "5", "timed_out": false])
        #expect(stops() == 1)
        #expect(rig.rtcLog.filter { $0.contains("audio:say -") }.count == 1)
    }

    @Test("a key that goes down stops no prompt that it may not interrupt")
    func keyDownOutside() throws {
        let rig = Rig()
        rig.call(.talk(Talk(text: "one")), .input(dtmf(1)))
        rig.send(.keyDown(rig.caller))
        #expect(!rig.effects.contains { if case .stopPlay = $0 { true } else { false } })
    }

    @Test("the input clock starts after the last prompt of the run")
    func clockAfterPrompts() throws {
        let rig = Rig()
        var first = Talk(text: "one")
        first.bargeIn = true
        rig.call(.talk(first), .input(dtmf()))
        func armed() -> Bool { rig.effects.contains { if case .setTimer(.digits, _) = $0 { true } else { false } } }
        #expect(!armed())
        rig.send(.playDone(try #require(rig.lastPlay)))
        #expect(armed())
    }

    @Test("the answer to input replaces the rest of the script, no script lets it go on")
    func inputReply() {
        let rig = Rig()
        rig.call(.input(dtmf(1)), .talk(Talk(text: "old")))
        press("1", rig)
        rig.give(.script([.talk(Talk(text: "new"))]))
        let said = rig.rows.filter { $0.type == "audio:say" }.compactMap { try? JSON(parsing: $0.body) }
        #expect(said.map { $0["body"]?["text"] } == ["new"])
    }

    @Test("notify wraps its payload and does not answer the call")
    func notify() {
        let rig = Rig()
        rig.call(
            .notify(Notify(payload: ["a": 1], event: WebhookTarget(url: "http://127.0.0.1:1/n", method: .post))),
            .connect(phone()))
        #expect(rig.voice("notify")?["payload"] == ["a": 1])
        #expect(!rig.effects.contains { if case .answer = $0 { true } else { false } })
        rig.give(.nothing)
        #expect(rig.callee != nil)
    }

    @Test("connect goes on when B answers, a synchronous one when B leaves")
    func blocking() throws {
        let plain = Rig()
        plain.call(.connect(phone()), .talk(Talk(text: "all hear this")))
        plain.send(.sip(try #require(plain.callee), .answered))
        #expect(plain.rows.contains { $0.type == "audio:say" })

        let synchronous = Rig()
        var connect = phone()
        connect.isSynchronous = true
        synchronous.call(.connect(connect), .talk(Talk(text: "after B")))
        let callee = try #require(synchronous.callee)
        synchronous.send(.sip(callee, .answered))
        #expect(!synchronous.rows.contains { $0.type == "audio:say" })
        synchronous.send(.sip(callee, .ended(.bye(reason: nil))))
        #expect(synchronous.rows.contains { $0.type == "audio:say" })
    }

    @Test("the failure of a synchronous connect is asked, and its answer replaces the script")
    func synchronousFailure() throws {
        let rig = Rig()
        var connect = phone()
        connect.isSynchronous = true
        rig.call(.connect(connect))
        rig.send(.sip(try #require(rig.callee), .failed(status: 486, fromPeer: true)))
        #expect(rig.rows.last { $0.type == "busy" }?.delivery == .asked)
        rig.give(.script([.talk(Talk(text: "busy"))]))
        #expect(rig.rows.contains { $0.type == "audio:say" })
    }

    @Test("the last party hangs up the caller whose script is over")
    func nobodyLeftAlone() throws {
        let rig = Rig()
        rig.call(.connect(phone()))
        let callee = try #require(rig.callee)
        rig.send(.sip(callee, .answered))
        rig.send(.sip(callee, .ended(.bye(reason: nil))))
        #expect(rig.voiceLog.suffix(2) == ["completed outbound", "completed inbound"])
        #expect(rig.machine.hasEnded)
    }

    @Test("asynchronous input tells each key at once and holds the script only for prompts that a key may interrupt")
    func realTimeKeys() throws {
        let rig = Rig()
        var input = Input()
        input.dtmf = Input.DTMF()
        input.isAsynchronous = true
        input.event = WebhookTarget(url: "http://127.0.0.1:1/keys", method: .post)
        rig.call(.input(input), .talk(Talk(text: "goes on")))
        #expect(rig.rows.contains { $0.type == "audio:say" })
        press("5#", rig)
        let told = rig.rows.filter { $0.type == "input" }
        #expect(told.map(\.destination) == [input.event, input.event] && told.allSatisfy { $0.delivery == .webhook })
        let digits = told.compactMap { try? JSON(parsing: $0.body) }.map { $0["dtmf"] }
        #expect(
            digits == [["digits": "5", "timed_out": false], ["digits": "#", "timed_out": false]])

        let prompted = Rig()
        var first = Talk(text: "one")
        first.bargeIn = true
        prompted.call(.talk(first), .talk(Talk(text: "two")), .input(input), .talk(Talk(text: "after")))
        let playing = try #require(prompted.lastPlay)
        #expect(prompted.rows.filter { $0.type == "audio:say" }.count == 1)
        press("1", prompted)
        #expect(prompted.effects.contains { if case .stopPlay(playing) = $0 { true } else { false } })
        let said = prompted.rows.filter { $0.type == "audio:say" }.compactMap { try? JSON(parsing: $0.body) }
        #expect(said.map { $0["body"]?["text"] } == ["one", "after"])
    }

    @Test("vbc reaches the contact of the user of that name, and none is a failed leg")
    func vbc() throws {
        let rig = Rig()
        rig.call(.connect(Connect(endpoint: .vbc(extension: "4321"))))
        let dials = rig.effects.compactMap { if case .dial(_, _, let dial) = $0 { dial } else { nil } }
        #expect(dials.map(\.target) == ["sip:desk@127.0.0.1:5080"] && dials.map(\.fromUser) == ["441632960001"])
        let leg = try #require(rig.legs.last { $0.direction == .outbound })
        #expect(leg.kind == .vbc && leg.to == .vbc(extension: "4321"))
        let nobody = Rig()
        nobody.call(.connect(Connect(endpoint: .vbc(extension: "bob"))))
        #expect(nobody.voiceLog.contains("failed outbound cannot_route"))
    }

    @Test("randomFromNumber shows one of the Application's own numbers, not always the same")
    func randomNumber() {
        let rig = Rig()
        let other = ApplicationID("00000000-0000-4000-8000-000000000000")
        rig.directory.numbers += [
            NumberRoute(number: "441632960101", application: rig.application.id),
            NumberRoute(number: "441632969999", application: other),
            NumberRoute(number: "44163*", application: rig.application.id),
        ]
        var seen: Set<String> = []
        for endpoint in [phone().endpoint, .sip(SIPEndpoint(address: .uri("sip:bob@127.0.0.1:5090")))] {
            var connect = Connect(endpoint: endpoint)
            connect.randomFromNumber = true
            for _ in 0..<2 {
                guard
                    case .sip(_, let dial) = Routing.route(
                        connect, caller: rig.machine.liveLegs.first ?? Rig.callerLeg, of: rig.application.id, rig.world)
                else {
                    Issue.record("not dialled")
                    continue
                }
                seen.insert(dial.fromUser)
            }
        }
        #expect(seen == ["441632960100", "441632960101"])
    }

    @Test("music on hold that cannot be fetched is an error event")
    func musicFails() throws {
        let rig = Rig()
        var action = ConversationAction(name: "hall")
        action.startOnEnter = false
        action.musicOnHoldURL = "http://127.0.0.1:1/music.mp3"
        rig.call(.conversation(action))
        rig.sendToRoom("hall", .playFailed(try #require(rig.lastPlay), reason: "stream: 404"))
        #expect(rig.voice("error")?["reason"] == "stream: 404")
    }

    @Test("a prompt that cannot be played is an error event and the next action runs")
    func promptFails() throws {
        let rig = Rig()
        rig.call(.stream(Stream(url: "http://127.0.0.1:1/x.mp3")), .talk(Talk(text: "next")))
        rig.send(.playFailed(try #require(rig.lastPlay), reason: "stream: 404"))
        #expect(rig.voice("error")?["reason"] == "stream: 404")
        #expect(rig.rows.contains { $0.type == "audio:say" })
    }

    @Test("early media of B reaches an unanswered caller in a 183")
    func earlyMedia() throws {
        let rig = Rig()
        rig.call(.connect(phone()))
        rig.send(.sip(try #require(rig.callee), .progress(status: 183, early: true)))
        #expect(rig.effects.contains { if case .ring(_, _, earlyMedia: true) = $0 { true } else { false } })
        #expect(rig.effects.filter { if case .attach = $0 { true } else { false } }.count == 2)
        #expect(!rig.effects.contains { if case .answer = $0 { true } else { false } })
    }

    @Test("a room first: no conversation is made for the reserved id, one transfer is told")
    func roomFirst() {
        let rig = Rig()
        rig.call(.conversation(ConversationAction(name: "lobby")))
        #expect(
            rig.rtcLog == [
                "- app:knocking knocker", "- sip:ringing knocker", "- conversation:created -", "1 member:joined M1",
                "2 leg:status:update answered M1", "3 sip:answered M1", "4 member:media on M1",
            ])
        #expect(rig.voiceLog == ["started inbound", "ringing inbound", "transfer", "answered inbound"])
        #expect(rig.voice("transfer")?["status"] == nil)
        #expect(rig.voice("answered")?["conversation_uuid"] == "CON-lobby")
        #expect(rig.machine.hasEnded)
    }

    @Test("a room after a talk moves the leg: joined there before it has left here")
    func roomAfterTalk() throws {
        let rig = Rig()
        rig.call(.talk(Talk(text: "hi")), .conversation(ConversationAction(name: "lobby")))
        rig.send(.playDone(try #require(rig.lastPlay)))
        #expect(
            rig.rtcLog.suffix(6) == [
                "- conversation:created -", "1 rtc:transfer M2", "2 member:joined M2", "3 member:media on M2",
                "7 member:left M1", "- conversation:deleted -",
            ])
        #expect(!rig.effects.contains { if case .closeMedia = $0 { true } else { false } })
    }

    @Test("attendees hear nobody until a member with startOnEnter comes")
    func startOnEnter() throws {
        let rig = Rig()
        var waiting = ConversationAction(name: "lobby")
        waiting.startOnEnter = false
        rig.call(.conversation(waiting))
        let attached = rig.effects.compactMap { effect -> MemberAudio? in
            if case .attach(_, let audio) = effect { return audio }
            return nil
        }
        #expect(attached.last?.canHear == [])
    }

    @Test("endOnExit drops everybody")
    func endOnExit() throws {
        let rig = Rig()
        var action = ConversationAction(name: "lobby")
        action.endOnExit = true
        rig.call(.conversation(action))
        rig.sendToRoom("lobby", .sip(rig.caller, .ended(.bye(reason: nil))))
        #expect(rig.rooms["lobby"]?.liveLegs.isEmpty == true)
        #expect(rig.rooms["lobby"]?.hasEnded == false)
    }

    @Test("the answer webhook carries every field, a repeated header joined")
    func answerFields() throws {
        let rig = Rig()
        rig.knock()
        let request = rig.effects.compactMap { effect -> ScriptRequest? in
            if case .ask(_, _, let request) = effect { return request }
            return nil
        }.first
        let fields = try #require(request?.fields)
        #expect(fields.keys == ["from", "to", "uuid", "conversation_uuid", "endpoint_type", "region_url"])
    }
}
