import CallModel
import EdgeProtocols
import NCCO
import Testing
import WireJSON

@testable import CallControl

@Suite struct SocketTests {
    private func bot(synchronous: Bool = false, timeout: Int = 60) -> Connect {
        var endpoint = WebSocketEndpoint(uri: "ws://bot.example/talk", headers: ["order": 7])
        endpoint.sampleRate = 8000
        var connect = Connect(endpoint: .websocket(endpoint))
        connect.isSynchronous = synchronous
        connect.timeout = timeout
        return connect
    }

    private func callee(_ rig: Rig) throws -> LegID { try #require(rig.callee) }

    @Test("connect to a websocket answers the caller, opens it, and writes the events of a leg with its headers")
    func connected() throws {
        let rig = Rig()
        rig.call(.connect(bot()))
        let leg = try callee(rig)
        #expect(
            rig.effects.contains {
                if case .openSocket(leg, let call, timeoutSeconds: 10) = $0 {
                    return call.uri == "ws://bot.example/talk" && call.rate == 8000
                }
                return false
            })
        rig.send(.socket(leg, .opened))
        #expect(
            rig.voiceLog == [
                "started inbound", "ringing inbound", "answered inbound", "started outbound", "answered outbound",
            ])
        let answered = try #require(rig.voice("answered"))
        #expect(answered["headers"] == ["order": 7])
        #expect(answered["to"] == "ws://bot.example/talk")
        #expect(rig.effects.contains { if case .attach(leg, _) = $0 { true } else { false } })
        let joined = try #require(rig.rows.last { $0.type == "member:joined" }).body
        let channel = try JSON(parsing: joined)["body"]?["channel"]
        #expect(channel?["type"] == "websocket" && channel?["content-type"] == "audio/l16;rate=8000")
        #expect(channel?["headers"] == ["order": 7])
    }

    @Test(
        "a handshake that fails or is not answered is told with its status",
        arguments: [
            (SocketEvent.failed("refused"), "failed outbound cannot_route"),
            (.unanswered, "unanswered outbound carrier_timeout"),
        ])
    func notOpened(event: SocketEvent, row: String) throws {
        let rig = Rig()
        rig.call(.connect(bot(timeout: 3)), .talk(Talk(text: "nobody")))
        rig.send(.socket(try callee(rig), event))
        #expect(rig.voiceLog.last == row)
        #expect(rig.lastPlay != nil, "the next action runs")
    }

    @Test("a synchronous connect that fails asks for another script")
    func synchronous() throws {
        let rig = Rig()
        rig.call(.connect(bot(synchronous: true)))
        rig.send(.socket(try callee(rig), .failed("no")))
        rig.give(.script([.talk(Talk(text: "sorry"))]))
        #expect(rig.lastPlay != nil)
    }

    @Test("a closed websocket asks with disconnected; a script in the answer replaces what the caller does")
    func fallback() throws {
        let rig = Rig()
        rig.call(.connect(bot()), .talk(Talk(text: "a long prompt")))
        let leg = try callee(rig)
        rig.send(.socket(leg, .opened))
        let prompt = try #require(rig.lastPlay)
        rig.send(.socket(leg, .closed("code 1000")))
        #expect(rig.voiceLog.last == "disconnected outbound")
        #expect(rig.voice("disconnected")?["status"] == "disconnected")
        #expect(rig.voice("completed") == nil, "it completes after the answer")
        rig.give(.script([.talk(Talk(text: "a person takes over")), .wait(seconds: 1)]), to: leg)
        #expect(rig.effects.contains { if case .stopPlay(prompt) = $0 { true } else { false } })
        #expect(rig.voiceLog.last == "completed outbound")
        #expect(rig.lastPlay != prompt)
        #expect(rig.machine.liveLegs.map(\.id) == [rig.caller])
    }

    @Test("a closed websocket whose answer holds no script ends a call that has nothing left to do")
    func noFallback() throws {
        let rig = Rig()
        rig.call(.connect(bot()))
        let leg = try callee(rig)
        rig.send(.socket(leg, .opened))
        rig.send(.socket(leg, .closed("code 1000")))
        #expect(rig.machine.liveLegs.count == 2, "nobody is hung up before the answer")
        rig.give(.nothing, to: leg)
        #expect(rig.voiceLog.suffix(3) == ["disconnected outbound", "completed outbound", "completed inbound"])
        #expect(rig.machine.hasEnded)
    }

    @Test("the caller's end and a hang-up by REST complete the leg without disconnected", arguments: [true, false])
    func endedByUs(byCaller: Bool) throws {
        let rig = Rig()
        rig.call(.connect(bot()))
        let leg = try callee(rig)
        rig.send(.socket(leg, .opened))
        rig.send(byCaller ? .sip(rig.caller, .ended(.bye(reason: nil))) : .hangUp(leg))
        #expect(rig.voiceLog.filter { $0 == "completed outbound" }.count == 1)
        #expect(rig.voice("disconnected") == nil)
        #expect(rig.effects.contains { if case .closeMedia(leg) = $0 { true } else { false } })
    }

    @Test("keys of the caller reach the websocket, letters do not")
    func keys() throws {
        let rig = Rig()
        rig.call(.connect(bot()))
        let leg = try callee(rig)
        rig.send(.socket(leg, .opened))
        for key: Character in ["5", "A", "#"] { rig.send(.digit(rig.caller, key, durationMilliseconds: 100)) }
        let told = rig.effects.compactMap { effect -> Character? in
            if case .tellSocket(leg, let digit, durationMilliseconds: 100) = effect { return digit }
            return nil
        }
        #expect(told == ["5", "#"])
    }
}
