import CallModel
import EdgeProtocols
import Testing

@testable import MediaEngine

@Suite(.serialized) struct PromptAndDigitTests {
    @Test(
        "a prompt to a leg outside conversations is heard to its end, which is reported once",
        arguments: [8000, 48_000])
    func promptToLeg(rate: Int) throws {
        let bench = try EngineBench(ports: 41_000...41_099)
        defer { bench.engine.stop() }
        let phone = LoopbackPhone()
        defer { phone.stop() }
        let leg = try bench.connect(phone, frequency: nil)
        let play = PlayID.make()
        let clip = PCMClip(sampleRate: rate, samples: Tones.sine(500, rate: rate, seconds: 0.5))
        bench.engine.play(clip, as: play, to: .leg(leg), loop: 2, gainDecibels: -6)
        #expect(eventually { bench.donePlays() == [play] })
        let heard = phone.heard(last: 50)
        #expect(abs(heard.count - 8000) <= 640)
        let middle = Array(heard.dropFirst(800).prefix(3200))
        #expect(abs(Tones.level(of: 500, in: middle) - 4000) < 250)
    }

    @Test("a prompt to a conversation is heard by all but the earmuffed, and a stopped one is not reported")
    func promptToConversation() throws {
        let bench = try EngineBench(ports: 41_100...41_199)
        defer { bench.engine.stop() }
        let (a, b) = (LoopbackPhone(), LoopbackPhone())
        defer {
            a.stop()
            b.stop()
        }
        let room = ConversationID.make()
        bench.engine.attach(try bench.connect(a, frequency: 400), to: room, audio: .flowing)
        bench.engine.attach(
            try bench.connect(b, frequency: 700), to: room, audio: MemberAudio(flowing: true, earmuffed: true))
        let play = PlayID.make()
        let clip = PCMClip(sampleRate: 8000, samples: Tones.sine(500, rate: 8000, seconds: 0.2))
        bench.engine.play(clip, as: play, to: .conversation(room), loop: 0, gainDecibels: 0)
        #expect(eventually { Tones.level(of: 500, in: a.heard(last: 10)) > 7500 })
        #expect(eventually { Tones.level(of: 700, in: a.heard(last: 10)) > 7500 })
        #expect(Tones.level(of: 500, in: b.heard(last: 10)) < 100)
        bench.engine.stopPlaying(play)
        #expect(eventually { Tones.level(of: 500, in: a.heard(last: 10)) < 100 })
        #expect(bench.donePlays().isEmpty)
    }

    @Test("a prompt to a relayed pair is mixed in, and relaying goes on after it without a hole in the numbers")
    func promptInRelay() throws {
        let bench = try EngineBench(ports: 41_200...41_299)
        defer { bench.engine.stop() }
        let (a, b) = (LoopbackPhone(), LoopbackPhone())
        defer {
            a.stop()
            b.stop()
        }
        let room = ConversationID.make()
        bench.engine.attach(try bench.connect(a, frequency: 400), to: room, audio: .flowing)
        bench.engine.attach(try bench.connect(b, frequency: 700), to: room, audio: .flowing)
        #expect(eventually { bench.engine.gauges().packetsRelayed > 20 })
        let play = PlayID.make()
        let clip = PCMClip(sampleRate: 8000, samples: Tones.sine(1100, rate: 8000, seconds: 0.4))
        bench.engine.play(clip, as: play, to: .conversation(room), loop: 1, gainDecibels: 0)
        #expect(eventually { Tones.level(of: 1100, in: a.heard(last: 10)) > 7500 })
        #expect(eventually { bench.donePlays() == [play] })
        let relayed = bench.engine.gauges().packetsRelayed
        #expect(eventually { bench.engine.gauges().packetsRelayed > relayed + 20 })
        let packets = a.packets
        for (one, next) in zip(packets, packets.dropFirst()).dropFirst(5) {
            #expect(next.sequence == one.sequence &+ 1)
            #expect(next.timestamp == one.timestamp &+ UInt32(one.payload.count))
        }
    }

    @Test("a pressed key is reported once, in a relay, a mix and alone", arguments: [0, 1, 2])
    func keyIn(others: Int) throws {
        let bench = try EngineBench(ports: 41_300...41_399)
        defer { bench.engine.stop() }
        let phones = (0...others).map { _ in LoopbackPhone() }
        defer { phones.forEach { $0.stop() } }
        let room = ConversationID.make()
        for phone in phones {
            let leg = try bench.connect(phone, frequency: 400)
            if others > 0 { bench.engine.attach(leg, to: room, audio: .flowing) }
        }
        #expect(eventually { bench.reports.count >= phones.count })
        phones[0].press(5)
        phones[0].press(11)
        #expect(eventually { bench.digits == "5#" })
        guard others == 1 else { return }
        // Relayed packets close up behind those that are not passed on.
        #expect(eventually { phones[1].packets.count > 40 })
        let packets = phones[1].packets.suffix(25)
        #expect(packets.allSatisfy { $0.payloadType == 0 })
        for (one, next) in zip(packets, packets.dropFirst()) { #expect(next.sequence == one.sequence &+ 1) }
    }

    @Test(
        "digits go out as telephone-events, three end packets each, with one timestamp a key", arguments: [false, true])
    func keysOut(isAttached: Bool) throws {
        let bench = try EngineBench(ports: 41_400...41_499)
        defer { bench.engine.stop() }
        let phone = LoopbackPhone()
        defer { phone.stop() }
        let leg = try bench.connect(phone, frequency: nil)
        if isAttached { bench.engine.attach(leg, to: ConversationID.make(), audio: .flowing) }
        bench.engine.sendDigits(leg, "1p#")
        #expect(eventually { phone.packets.count { $0.payloadType == 101 && $0.payload[1] & 0x80 != 0 } == 6 })
        let events = phone.packets.filter { $0.payloadType == 101 }
        #expect(Set(events.map { $0.payload[0] }) == [1, 11])
        #expect(Set(events.map { $0.timestamp }).count == 2)
        #expect(events.first?.marker == true)
        let packets = phone.packets
        for (one, next) in zip(packets, packets.dropFirst()) { #expect(next.sequence == one.sequence &+ 1) }
    }
}
