import CallControl
import CallModel
import EdgeProtocols
import NCCO
import TestKit
import Testing
import WireJSON

@Suite struct MachineDetectionTests {
    private func detection(
        _ mode: AdvancedMachineDetection.Mode, _ behavior: MachineDetection = .continue
    ) -> AdvancedMachineDetection {
        var detection = AdvancedMachineDetection(behavior)
        detection.mode = mode
        return detection
    }

    /// A call whose script connects to a telephone with detection, then talks.
    private func rig(_ detection: AdvancedMachineDetection) throws -> (Rig, LegID, ListeningID) {
        let rig = Rig()
        var connect = phone()
        connect.advancedMachineDetection = detection
        rig.call(.connect(connect), .talk(Talk(text: "next")))
        let callee = try #require(rig.callee)
        rig.send(.sip(callee, .answered))
        let id = rig.effects.compactMap { effect -> ListeningID? in
            if case .startListening(let id, callee, callee, .machine) = effect { id } else { nil }
        }
        return (rig, callee, try #require(id.last))
    }

    private func talks(_ rig: Rig) -> Bool { rig.rows.contains { $0.type == "audio:say" } }

    @Test(
        "in mode detect the script waits for human or machine, then goes on", arguments: [AnsweredBy.human, .machine])
    func detect(who: AnsweredBy) throws {
        let (rig, callee, id) = try rig(detection(.detect))
        #expect(!talks(rig))
        rig.send(.listened(callee, id, .answeredBy(who, confidence: 90)))
        let event = try #require(rig.voice(who.rawValue))
        #expect(event["call_uuid"]?.string == callee.text && event["uuid"]?.string == callee.text)
        #expect(event["status"]?.string == who.rawValue && event["direction"] == "outbound")
        #expect(!talks(rig), "its answer may be another script")
        rig.give(.nothing)
        #expect(talks(rig))
        #expect(rig.rows.contains { $0.type == "sip:machine" })
        #expect(rig.effects.contains { if case .stopListening(id) = $0 { true } else { false } })
    }

    @Test("the answer to the event takes the place of the script that waited")
    func replaced() throws {
        let (rig, callee, id) = try rig(detection(.detect))
        rig.send(.listened(callee, id, .answeredBy(.machine, confidence: 90)))
        rig.give(.script([.notify(Notify(payload: [:], event: WebhookTarget(url: "http://a/b", method: .post)))]))
        #expect(!talks(rig) && rig.voice("notify") != nil)
    }

    @Test("a machine is hung up on when that was asked, and the script goes on without it")
    func hangup() throws {
        let (rig, callee, id) = try rig(detection(.detect, .hangup))
        rig.send(.listened(callee, id, .answeredBy(.machine, confidence: 90)))
        #expect(rig.voiceLog.contains("machine outbound") && rig.voiceLog.contains("completed outbound"))
        #expect(try #require(rig.voice("completed"))["disconnected_by"] == "platform")
        #expect(talks(rig))
    }

    @Test(
        "in mode detect_beep the script waits for the beep too",
        arguments: [(true, "beep_start"), (false, "beep_timeout")])
    func beep(isHeard: Bool, state: String) throws {
        let (rig, callee, id) = try rig(detection(.detectBeep))
        rig.send(.listened(callee, id, .answeredBy(.machine, confidence: 90)))
        #expect(try #require(rig.voice("machine"))["sub_state"] == nil && !talks(rig))
        rig.send(.listened(callee, id, .beep(isHeard)))
        #expect(try #require(rig.voice("machine"))["sub_state"]?.string == state)
        rig.give(.nothing)
        #expect(talks(rig))
    }

    @Test("in mode default the script goes on at once, and both events come when they come")
    func parallel() throws {
        let (rig, callee, id) = try rig(detection(.default))
        #expect(talks(rig))
        rig.send(.listened(callee, id, .answeredBy(.machine, confidence: 90)))
        rig.send(.listened(callee, id, .beep(true)))
        #expect(rig.voiceLog.suffix(2) == ["machine outbound", "machine outbound"])
    }

    @Test("a detection that fails is told, and the script goes on")
    func failed() throws {
        for timer in [true, false] {
            let (rig, callee, id) = try rig(detection(.detect))
            rig.send(timer ? .timer(.detection(callee)) : .listened(callee, id, .failed("no sound")))
            #expect(rig.voice("error")?["reason"]?.string?.hasPrefix("machine detection: ") == true && talks(rig))
        }
    }

    @Test("a call of the Voice API waits with its own script, plain option included")
    func placed() throws {
        let rig = Rig()
        var leg = Leg(
            id: LegID("b"), kind: .phone, direction: .outbound, signalling: .sip(DialogID(rawValue: 9)), from: nil,
            to: .phone(number: "447700900002"), user: UserSummary(id: UserID("USR-b"), name: "NAM-b"),
            startedAt: rig.time.wallNow)
        leg.machineDetection = AdvancedMachineDetection(.continue)
        let dial = Dial(target: "sip:b", fromUser: "1", headers: [], trunk: nil, media: MediaPolicy())
        rig.send(
            .place(
                leg, .dial(dial), script: .inline([.talk(Talk(text: "hello"))]), application: rig.application,
                ringSeconds: 60))
        rig.send(.sip(leg.id, .answered))
        #expect(!talks(rig))
        let id = try #require(
            rig.effects.compactMap { effect -> ListeningID? in
                if case .startListening(let id, _, _, .machine(beepTimeoutSeconds: nil)) = effect { id } else { nil }
            }.last)
        rig.send(.listened(leg.id, id, .answeredBy(.human, confidence: 95)))
        rig.give(.nothing, to: leg.id)
        #expect(talks(rig))
        #expect(rig.voiceLog == ["started outbound", "answered outbound", "human outbound"])
    }
}
