import CallModel
import EdgeProtocols
import Foundation
import Rings
import Synchronization
import Testing

@testable import MediaEngine

/// Members of different rates in one mix.
@Suite(.serialized) struct RateTests {
    /// A phone behind a second engine, heard by the first over a leg of the given codec.
    private final class FarPhone {
        let bench: EngineBench
        let phone = LoopbackPhone()
        let leg = LegID.make()
        /// The same call as the second engine has it.
        let into = LegID.make()

        init(ports: ClosedRange<UInt16>, codec: String, frequency: Double?, of near: EngineBench) throws {
            bench = try EngineBench(ports: ports)
            let policy = MediaPolicy(codecs: [codec])
            let offer = try near.engine.offer(leg, policy: policy)
            let answer = try bench.engine.accept(
                into, offer: offer, policy: policy, signallingAddress: EngineBench.peer)
            try near.engine.applyAnswer(leg, answer: answer, signallingAddress: EngineBench.peer)
            let end = ConversationID.make()
            bench.engine.attach(try bench.connect(phone, frequency: frequency), to: end, audio: .flowing)
            bench.engine.attach(into, to: end, audio: .flowing)
        }

        func stop() {
            phone.stop()
            bench.engine.stop()
        }
    }

    @Test(
        "members at 8, 16 and 48 kHz with packets of 10 and 20 ms hear each other and not themselves",
        arguments: [false, true])
    func threeRates(usesLists: Bool) throws {
        let bench = try EngineBench(ports: 44_000...44_099)
        let opus = try FarPhone(ports: 44_100...44_199, codec: "opus", frequency: 1100, of: bench)
        let wide = try FarPhone(ports: 44_200...44_299, codec: "l16/48000", frequency: 1500, of: bench)
        let g722 = try FarPhone(ports: 44_300...44_399, codec: "g722", frequency: 700, of: bench)
        let phone = LoopbackPhone()
        defer {
            phone.stop()
            [opus, wide, g722].forEach { $0.stop() }
            bench.engine.stop()
        }
        let room = ConversationID.make()
        let leg = try bench.connect(phone, frequency: 400)
        let everybody = [leg, opus.leg, wide.leg, g722.leg]
        let audio = MemberAudio(flowing: true, canHear: usesLists ? everybody : nil)
        for member in everybody { bench.engine.attach(member, to: room, audio: audio) }
        let tones = [400.0, 1100, 1500, 700]
        for (listener, ear) in [phone, opus.phone, wide.phone, g722.phone].enumerated() {
            for (speaker, frequency) in tones.enumerated() {
                let isRight = eventually(within: 8) {
                    let level = Tones.level(of: frequency, in: ear.heard(last: 25))
                    return listener == speaker ? level < 250 : abs(level - 8000) < 1800
                }
                #expect(isRight, "\(listener) hears \(speaker)")
            }
        }
        // A prompt for all is heard at every rate.
        let prompt = PCMClip(sampleRate: 48_000, samples: Tones.sine(2500, rate: 48_000, seconds: 3))
        bench.engine.play(prompt, as: PlayID.make(), to: .conversation(room), loop: 1, gainDecibels: 0)
        for ear in [phone, opus.phone, wide.phone, g722.phone] {
            #expect(eventually { abs(Tones.level(of: 2500, in: ear.heard(last: 25)) - 8000) < 2500 })
        }
    }

    @Test(
        "a wide member that comes and goes 100 times changes no sample that telephones hear of each other",
        arguments: ["opus", "g722", "l16/48000"])
    func comings(codec: String) throws {
        // A host that stands still makes the engine conceal, or take a pitch period out of what has piled up; such a run
        // says nothing and is done again. A seam would show in each.
        for attempt in 1...4 {
            let bench = try EngineBench(ports: 44_400...44_499)
            let wide = try FarPhone(ports: 44_500...44_599, codec: codec, frequency: nil, of: bench)
            let phones = (0..<10).map { _ in LoopbackPhone() }
            defer {
                phones.forEach { $0.stop() }
                wide.stop()
                bench.engine.stop()
            }
            let room = ConversationID.make()
            let legs = try phones.enumerated().map { try bench.connect($1, frequency: $0 == 0 ? 400 : nil) }
            for leg in legs { bench.engine.attach(leg, to: room, audio: .flowing) }
            #expect(eventually { phones[1].packets.count > 50 })
            let first = phones[1].packets.count - 10
            for _ in 0..<100 {
                bench.engine.attach(wide.leg, to: room, audio: .flowing)
                usleep(15_000)
                bench.engine.detach(wide.leg)
                usleep(15_000)
            }
            let packets = Array(phones[1].packets[first...])
            let isCalm = legs.allSatisfy {
                bench.engine.statistics($0).concealedSamples == 0 && bench.engine.statistics($0).packetsLate == 0
            }
            #expect(packets.count > 100)
            for (a, b) in zip(packets, packets.dropFirst()) {
                #expect(b.sequence == a.sequence &+ 1 && b.timestamp == a.timestamp &+ 160)
            }
            if !isCalm && attempt < 4 { continue }
            let (wrong, count) = try differing(packets)
            if wrong != 0 && attempt < 4 { continue }
            #expect(wrong == 0, "\(wrong) samples of \(count) differ")
            return
        }
    }

    /// A tone of 400 Hz repeats every 20 samples: what is heard must be bit by bit what was said, one packet after the
    /// other.
    private func differing(_ packets: [LoopbackPhone.Packet]) throws -> (wrong: Int, of: Int) {
        let said = (0..<20).map { LoopbackPhone.encode(Int16(8000 * sin(2 * Double.pi * 400 * Double($0) / 8000))) }
        let heard = packets.flatMap { $0.payload }
        let phase = (0..<20).first { start in (0..<160).allSatisfy { said[(start + $0) % 20] == heard[$0] } }
        let start = try #require(phase)
        return (heard.indices.count { said[(start + $0) % 20] != heard[$0] }, heard.count)
    }

    @Test("steps that get longer when a member with short packets has been gone for long change no sample")
    func longerSteps() throws {
        for attempt in 1...4 {
            let bench = try EngineBench(ports: 45_300...45_399) { $0.shortStepSeconds = 0.2 }
            let wide = try FarPhone(ports: 45_400...45_499, codec: "l16/48000", frequency: nil, of: bench)
            let phones = (0..<4).map { _ in LoopbackPhone() }
            defer {
                phones.forEach { $0.stop() }
                wide.stop()
                bench.engine.stop()
            }
            let room = ConversationID.make()
            let legs = try phones.enumerated().map { try bench.connect($1, frequency: $0 == 0 ? 400 : nil) }
            for leg in legs { bench.engine.attach(leg, to: room, audio: .flowing) }
            /// Ticks of the room in half a second.
            func ticks() -> Int {
                let before = bench.engine.gauges().ticks
                usleep(500_000)
                return bench.engine.gauges().ticks - before
            }
            #expect(eventually { phones[1].packets.count > 25 })
            let first = phones[1].packets.count - 10
            bench.engine.attach(wide.leg, to: room, audio: .flowing)
            usleep(100_000)
            bench.engine.detach(wide.leg)
            usleep(600_000)
            let count = ticks()
            let packets = Array(phones[1].packets[first...])
            let (wrong, all) = try differing(packets)
            let isSteady = zip(packets, packets.dropFirst()).allSatisfy {
                $1.sequence == $0.sequence &+ 1 && $1.timestamp == $0.timestamp &+ 160
            }
            if (count > 30 || wrong != 0 || !isSteady) && attempt < 4 { continue }
            #expect(count <= 30, "steps of 20 ms again")
            #expect(isSteady)
            #expect(wrong == 0, "\(wrong) samples of \(all) differ")
            return
        }
    }

    /// Its first and last sound in the room are wherever its tone happens to be.
    @Test("a 48 kHz member that speaks while it comes and goes makes no step above -60 dBFS in what telephones hear")
    func seamless() throws {
        let bench = try EngineBench(ports: 45_200...45_299)
        defer { bench.engine.stop() }
        let (speaker, listener) = (AudioPort(rate: 48_000, doorbell: -1), AudioPort(rate: 8000, doorbell: -1))
        let phones = (0..<2).map { _ in LoopbackPhone() }
        defer { phones.forEach { $0.stop() } }
        let (wide, ear) = (LegID.make(), LegID.make())
        try bench.engine.openPort(wide, speaker)
        try bench.engine.openPort(ear, listener)
        let room = ConversationID.make()
        bench.engine.attach(ear, to: room, audio: .flowing)
        for phone in phones { bench.engine.attach(try bench.connect(phone, frequency: nil), to: room, audio: .flowing) }
        // Soft and low, so that its own bends are far below what is looked for.
        let tone = (0..<48_000).map { Int16(2000 * sin(2 * Double.pi * 100 * Double($0) / 48_000)) }
        var said = 0
        var heard: [Int16] = []
        func speakAndListen(_ milliseconds: Int) {
            for _ in 0..<milliseconds / 5 {
                while speaker.rings.toMix.space >= 480 {
                    let start = said % 48_000
                    said += speaker.rings.toMix.push(tone[start..<start + 480])
                }
                heard += listener.rings.fromMix.pop(listener.rings.fromMix.fill)
                usleep(5000)
            }
        }
        speakAndListen(100)
        for round in 0..<20 {
            bench.engine.attach(wide, to: room, audio: .flowing)
            speakAndListen(60 + round % 4 * 5)
            if round % 2 == 0 {
                bench.engine.detach(wide)
            } else {
                bench.engine.update(wide, audio: MemberAudio(flowing: true, muted: true))
            }
            speakAndListen(40)
            bench.engine.detach(wide)
            bench.engine.update(wide, audio: .flowing)
        }
        let loudest = heard.map { abs(Int($0)) }.max() ?? 0
        #expect((1900...2100).contains(loudest), "its voice is heard, at \(loudest)")
        // The mix has no step where no sample is further from the line through those before it than -60 dBFS.
        let values = heard.map { Int($0) }
        let steps = (1..<values.count - 1).map { index -> Int in
            let line = 2 * values[index] - values[index - 1]
            return abs(values[index + 1] - line)
        }
        let step = steps.max() ?? 0
        #expect(step <= 33)
    }

    @Test(
        "Opus runs at the lowest rate that loses nothing of the others and of prompts, and is heard through each change"
    )
    func opusRate() throws {
        let bench = try EngineBench(ports: 44_800...44_899)
        let opus = try FarPhone(ports: 44_900...44_999, codec: "opus", frequency: 1100, of: bench)
        let other = try FarPhone(ports: 45_000...45_099, codec: "opus", frequency: 700, of: bench)
        let phone = LoopbackPhone()
        defer {
            phone.stop()
            [opus, other].forEach { $0.stop() }
            bench.engine.stop()
        }
        func rate(_ leg: LegID) -> Int? { bench.engine.state.withLock { $0.legs[leg]?.rate } }
        func areHeard(_ tones: [(LoopbackPhone, Double)]) -> Bool {
            eventually(within: 8) {
                tones.allSatisfy { abs(Tones.level(of: $1, in: $0.heard(last: 25)) - 8000) < 1800 }
            }
        }
        let room = ConversationID.make()
        bench.engine.attach(try bench.connect(phone, frequency: 400), to: room, audio: .flowing)
        bench.engine.attach(opus.leg, to: room, audio: .flowing)
        #expect(rate(opus.leg) == 8000)
        #expect(areHeard([(phone, 1100), (opus.phone, 400)]))
        let prompt = PCMClip(sampleRate: 16_000, samples: Tones.sine(2500, rate: 16_000, seconds: 3))
        bench.engine.play(prompt, as: PlayID.make(), to: .conversation(room), loop: 1, gainDecibels: 0)
        #expect(rate(opus.leg) == 16_000)
        #expect(areHeard([(phone, 1100), (opus.phone, 400), (phone, 2500), (opus.phone, 2500)]))
        bench.engine.attach(other.leg, to: room, audio: .flowing)
        #expect(rate(opus.leg) == 48_000 && rate(other.leg) == 48_000)
        #expect(areHeard([(phone, 1100), (opus.phone, 400), (opus.phone, 700), (other.phone, 1100)]))
        // Leaving does not lower it: who comes back finds it as it was.
        bench.engine.detach(other.leg)
        #expect(rate(opus.leg) == 48_000)
        for far in [opus, other] {
            #expect(far.bench.engine.statistics(far.into).packetsLost == 0)
            #expect(bench.engine.statistics(far.leg).packetsLost == 0)
        }
    }

    @Test("a member that goes silent with a description of its noise is heard as that noise, then speaks again")
    func comfortNoise() throws {
        let bench = try EngineBench(ports: 44_600...44_699)
        let phones = (0..<3).map { _ in LoopbackPhone() }
        defer {
            phones.forEach { $0.stop() }
            bench.engine.stop()
        }
        let room = ConversationID.make()
        for (index, phone) in phones.enumerated() {
            bench.engine.attach(
                try bench.connect(phone, frequency: index == 0 ? 400 : nil), to: room, audio: .flowing)
        }
        #expect(eventually { abs(Tones.level(of: 400, in: phones[1].heard(last: 10)) - 8000) < 500 })
        phones[0].rest(level: 40)
        func power(_ samples: [Int16]) -> Double {
            (samples.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(1, samples.count))).squareRoot()
        }
        // -40 dBov are 328 of 32 768; a second and more of it, long after the stream has stopped.
        #expect(
            eventually { phones[1].heard(last: 50).count == 8000 && abs(power(phones[1].heard(last: 50)) - 328) < 60 })
        phones[0].speakAgain()
        #expect(eventually { abs(Tones.level(of: 400, in: phones[1].heard(last: 10)) - 8000) < 500 })
    }

    @Test(
        "silence of a mix is described to who wants that and sent to the others; a voice comes with its time and marker",
        arguments: [true, false])
    func describedSilence(isWanted: Bool) throws {
        let bench = try EngineBench(ports: 45_100...45_199)
        let phones = (0..<3).map { _ in LoopbackPhone() }
        defer {
            phones.forEach { $0.stop() }
            bench.engine.stop()
        }
        var policy = MediaPolicy(codecs: ["pcmu"])
        policy.describesNoise = isWanted
        let room = ConversationID.make()
        for phone in phones {
            bench.engine.attach(try bench.connect(phone, frequency: nil, policy: policy), to: room, audio: .flowing)
        }
        let ear = phones[1]
        func isNoise(_ packet: LoopbackPhone.Packet) -> Bool { packet.payloadType == 13 }
        guard isWanted else {
            #expect(eventually { ear.packets.count > 100 })
            #expect(!ear.packets.contains(where: isNoise))
            return
        }
        #expect(eventually { ear.packets.count(where: isNoise) >= 3 })
        // More than two seconds of silence, and no packets of it.
        let still = Array(ear.packets.drop { !isNoise($0) }.prefix { isNoise($0) })
        #expect(still.count >= 3 && still.allSatisfy { $0.payload == [127] })
        #expect(
            zip(still, still.dropFirst()).allSatisfy {
                $1.sequence == $0.sequence &+ 1 && $1.timestamp &- $0.timestamp == 8000
            })
        phones[0].setFrequency(400)
        #expect(eventually { abs(Tones.level(of: 400, in: ear.heard(last: 10)) - 8000) < 500 })
        let packets = ear.packets
        let last = try #require(packets.lastIndex(where: isNoise))
        let (noise, voice) = (packets[last], packets[last + 1])
        #expect(voice.marker && voice.sequence == noise.sequence &+ 1)
        let passed = Double(voice.arrival - noise.arrival) / 1e6
        #expect(abs(Double(voice.timestamp &- noise.timestamp) / 8 - passed) < 60)
    }

    @Test("a relayed description of noise keeps its payload type and leaves no hole in the numbers")
    func relayedNoise() throws {
        let bench = try EngineBench(ports: 44_700...44_799)
        let (a, b) = (LoopbackPhone(), LoopbackPhone())
        defer {
            a.stop()
            b.stop()
            bench.engine.stop()
        }
        let room = ConversationID.make()
        for phone in [a, b] {
            bench.engine.attach(try bench.connect(phone, frequency: 400), to: room, audio: .flowing)
        }
        #expect(eventually { bench.engine.gauges().packetsRelayed > 50 })
        a.rest(level: 50)
        #expect(eventually { b.packets.contains { $0.payloadType == 13 && $0.payload == [50] } })
        a.speakAgain()
        let count = b.packets.count
        #expect(eventually { b.packets.count > count + 10 })
        let packets = b.packets.drop { $0.payloadType != 13 }
        for (one, next) in zip(packets, packets.dropFirst()) { #expect(next.sequence == one.sequence &+ 1) }
    }

    @Test("keys go as tones between two peers without telephone-events, and are heard in the sound")
    func inbandKeys() throws {
        let bench = try EngineBench(ports: 44_800...44_899)
        let far = try EngineBench(ports: 44_900...44_999)
        let (phone, other) = (LoopbackPhone(), LoopbackPhone())
        defer {
            phone.stop()
            other.stop()
            bench.engine.stop()
            far.engine.stop()
        }
        var policy = MediaPolicy(codecs: ["pcmu"])
        policy.hearsKeys = true
        let (out, into) = (LegID.make(), LegID.make())
        let offer = try bench.engine.offer(out, policy: policy).replacingOccurrences(
            of: "telephone-event", with: "x-no")
        let answer = try far.engine.accept(into, offer: offer, policy: policy, signallingAddress: EngineBench.peer)
        try bench.engine.applyAnswer(out, answer: answer, signallingAddress: EngineBench.peer)
        let (near, end) = (ConversationID.make(), ConversationID.make())
        bench.engine.attach(try bench.connect(phone, frequency: nil), to: near, audio: .flowing)
        bench.engine.attach(out, to: near, audio: .flowing)
        far.engine.attach(try far.connect(other, frequency: nil), to: end, audio: .flowing)
        far.engine.attach(into, to: end, audio: .flowing)
        #expect(eventually { phone.packets.count > 20 && other.packets.count > 20 })
        far.engine.sendDigits(into, "159*#D")
        #expect(eventually { bench.digits == "159*#D" })
        #expect(far.digits.isEmpty)
    }
}
