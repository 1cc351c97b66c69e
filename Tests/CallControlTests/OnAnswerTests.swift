import CallControl
import CallModel
import EdgeProtocols
import NCCO
import Testing
import WireJSON

@Suite struct OnAnswerTests {
    private func connected(_ rig: Rig, tone: String? = nil) throws -> LegID {
        rig.call(
            .connect(
                Connect(
                    endpoint: .phone(
                        number: "447700900002", dtmfAnswer: "1p2",
                        onAnswer: OnAnswer(url: "http://127.0.0.1:1/b", ringbackTone: tone)))),
            .talk(Talk(text: "both hear this")))
        let callee = try #require(rig.callee)
        rig.send(.sip(callee, .answered))
        return callee
    }

    private func targets(_ rig: Rig) -> [PlayTarget] {
        rig.effects.compactMap { if case .play(_, .speech, let target, _, _) = $0 { target } else { nil } }
    }

    @Test("B alone hears its script, then joins, and only then is A answered and its script goes on")
    func alone() throws {
        let rig = Rig()
        let callee = try connected(rig)
        let asked = rig.effects.compactMap { if case .ask(callee, _, let request) = $0 { request } else { nil } }
        #expect(asked.map(\.target) == [WebhookTarget(url: "http://127.0.0.1:1/b", method: .get)])
        #expect(rig.effects.contains { if case .sendDigits(callee, "1p2") = $0 { true } else { false } })
        rig.give(.script([.talk(Talk(text: "a call for you"))]), to: callee)
        #expect(targets(rig) == [.leg(callee)])
        let apart = rig.effects.compactMap { if case .attach(callee, let audio) = $0 { audio } else { nil } }
        #expect(apart.map(\.canHear) == [[]] && apart.map(\.canSpeak) == [[]])
        #expect(!rig.effects.contains { if case .answer = $0 { true } else { false } })
        #expect(rig.rtcLog.filter { $0.contains("member:joined") }.count == 1)
        rig.send(.playDone(try #require(rig.lastPlay)))
        #expect(rig.effects.contains { if case .answer = $0 { true } else { false } })
        #expect(rig.rtcLog.filter { $0.contains("member:joined") }.count == 2)
        let together = rig.effects.compactMap { if case .updateAudio(callee, let audio) = $0 { audio } else { nil } }
        #expect(together.map(\.canHear) == [nil] && together.last?.flowing == true)
        #expect(targets(rig).last == .conversation(ConversationID("CON-1")))
    }

    @Test("the caller hears the ringback of onAnswer while B listens")
    func ringback() throws {
        let rig = Rig()
        let callee = try connected(rig, tone: "http://127.0.0.1:1/tone.mp3")
        #expect(
            rig.effects.contains {
                if case .play(_, .url("http://127.0.0.1:1/tone.mp3"), .leg(rig.caller), loop: 0, _) = $0 {
                    true
                } else {
                    false
                }
            })
        #expect(rig.effects.contains { if case .ring(rig.caller, _, earlyMedia: true) = $0 { true } else { false } })
        rig.give(.script([]), to: callee)
        #expect(rig.effects.contains { if case .answer = $0 { true } else { false } })
    }

    @Test("an unusable script, and one that would connect, are told and B joins directly", arguments: [true, false])
    func unusable(fails: Bool) throws {
        let rig = Rig()
        let callee = try connected(rig)
        rig.give(fails ? .failed("HTTP 500") : .script([.connect(phone())]), to: callee)
        let reason = try #require(rig.voice("error")?["reason"]?.string)
        #expect(
            fails ? reason == "HTTP 500" : reason.hasPrefix("Syntax error in NCCO.") && reason.contains("/0/action"))
        #expect(rig.effects.contains { if case .answer = $0 { true } else { false } })
        #expect(rig.machine.has(callee))
    }

    @Test("the caller who gives up meanwhile takes B with it")
    func givesUp() throws {
        let rig = Rig()
        let callee = try connected(rig)
        rig.send(.sip(rig.caller, .cancelled))
        #expect(rig.voiceLog.suffix(2) == ["cancelled inbound", "completed outbound"])
        #expect(!rig.machine.has(callee) && rig.machine.hasEnded)
    }
}
