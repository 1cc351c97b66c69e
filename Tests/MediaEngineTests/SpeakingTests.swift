import CallModel
import EdgeProtocols
import Testing

@testable import MediaEngine

@Suite(.serialized) struct SpeakingTests {
    /// What was told of a leg's speaking, in order.
    private func told(_ bench: EngineBench, _ leg: LegID) -> [Bool] {
        bench.reports.compactMap { report in
            if case .speaking(leg, let isSpeaking) = report { return isSpeaking }
            return nil
        }
    }

    @Test("who speaks is told while somebody wants to know, and a relayed call is mixed meanwhile")
    func told() throws {
        let bench = try EngineBench(ports: 46_000...46_099)
        defer { bench.engine.stop() }
        let (a, b) = (LoopbackPhone(), LoopbackPhone())
        defer { [a, b].forEach { $0.stop() } }
        let room = ConversationID.make()
        let speaker = try bench.connect(a, frequency: 400)
        let listener = try bench.connect(b, frequency: nil)
        bench.engine.attach(speaker, to: room, audio: .flowing)
        bench.engine.attach(listener, to: room, audio: .flowing)
        func passed() -> Int { bench.engine.gauges().packetsRelayed }
        #expect(eventually { passed() > 20 })
        #expect(told(bench, speaker).isEmpty)
        bench.engine.tellSpeaking(in: room, isOn: true)
        #expect(eventually { told(bench, speaker) == [true] })
        let relayed = passed()
        a.setFrequency(nil)
        #expect(eventually { told(bench, speaker) == [true, false] })
        a.setFrequency(400)
        #expect(eventually { told(bench, speaker).count == 3 })
        bench.engine.update(speaker, audio: MemberAudio(flowing: true, muted: true))
        #expect(eventually { told(bench, speaker) == [true, false, true, false] }, "the muted speak to nobody")
        bench.engine.update(speaker, audio: .flowing)
        #expect(eventually { told(bench, speaker).count == 5 })
        #expect(passed() == relayed)
        bench.engine.tellSpeaking(in: room, isOn: false)
        #expect(eventually { passed() > relayed + 10 }, "it is relayed again")
        #expect(told(bench, speaker).count == 5 && told(bench, listener).isEmpty)
    }

    @Test("what was wanted before there was a mix is told, and who leaves while speaking has ended")
    func early() throws {
        let bench = try EngineBench(ports: 46_100...46_199)
        defer { bench.engine.stop() }
        let phone = LoopbackPhone()
        defer { phone.stop() }
        let room = ConversationID.make()
        bench.engine.tellSpeaking(in: room, isOn: true)
        let leg = try bench.connect(phone, frequency: 400)
        bench.engine.attach(leg, to: room, audio: .flowing)
        #expect(eventually { told(bench, leg) == [true] })
        bench.engine.detach(leg)
        #expect(eventually { told(bench, leg) == [true, false] })
    }

    @Test("voices are lower by what is set while a prompt plays, to those who hear it, and come back")
    func ducked() throws {
        let bench = try EngineBench(ports: 46_200...46_299) { $0.duckingDecibels = 12 }
        defer { bench.engine.stop() }
        let phones = (0..<3).map { _ in LoopbackPhone() }
        defer { phones.forEach { $0.stop() } }
        let room = ConversationID.make()
        var legs: [LegID] = []
        for (index, phone) in phones.enumerated() {
            legs.append(try bench.connect(phone, frequency: index == 0 ? 700 : nil))
            bench.engine.attach(legs[index], to: room, audio: .flowing)
        }
        func hears(_ listener: Int, _ voice: Double, _ prompt: Double) -> Bool {
            eventually {
                let heard = phones[listener].heard(last: 10)
                return heard.count == 1600 && abs(Tones.level(of: 700, in: heard) - voice) < voice / 20 + 40
                    && abs(Tones.level(of: 1100, in: heard) - prompt) < 400
            }
        }
        #expect(hears(1, 8000, 0) && hears(2, 8000, 0))
        let clip = PCMClip(sampleRate: 8000, samples: Tones.sine(1100, rate: 8000, seconds: 1))
        let all = PlayID.make()
        bench.engine.play(clip, as: all, to: .conversation(room), loop: 0, gainDecibels: 0)
        #expect(hears(1, 8000 * 0.251, 8000) && hears(2, 8000 * 0.251, 8000))
        bench.engine.stopPlaying(all)
        #expect(hears(1, 8000, 0) && hears(2, 8000, 0))
        let one = PlayID.make()
        bench.engine.play(clip, as: one, to: .leg(legs[1]), loop: 0, gainDecibels: 0)
        #expect(hears(1, 8000 * 0.251, 8000))
        #expect(hears(2, 8000, 0), "nobody else's voices are lowered")
        bench.engine.stopPlaying(one)
        #expect(hears(1, 8000, 0))
        // -0.3 is -6 dB.
        var quiet = MemberAudio.flowing
        quiet.level = -0.3
        bench.engine.update(legs[1], audio: quiet)
        #expect(hears(1, 4010, 0) && hears(2, 8000, 0), "a member's volume is its own")
    }
}
