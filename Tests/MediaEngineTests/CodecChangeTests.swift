import AudioGraph
import CallModel
import EdgeProtocols
import Foundation
import MediaTime
import Rings
import Synchronization
import Testing
import VoiceCodecs

@testable import MediaEngine

@Suite(.serialized) struct CodecChangeTests {
    /// Longest run of samples that stay near zero.
    private func longestSilence(_ samples: some Sequence<Int16>, below level: Int = 700) -> Int {
        var (run, longest) = (0, 0)
        for sample in samples {
            run = abs(Int(sample)) < level ? run + 1 : 0
            longest = max(longest, run)
        }
        return longest
    }

    // MARK: - In virtual time

    private struct Change: CustomTestStringConvertible {
        var (old, new): (CodecKind, CodecKind)
        /// Packets of the old codec that the peer still sends after the agreement; negative: so many of the new one are
        /// there before those of the old one have been played.
        var following = 8
        /// The peer's timestamps begin anew.
        var jumps = false
        /// The packets right before and after the change overtake each other.
        var overtakes = false

        init(_ old: CodecKind, _ new: CodecKind, following: Int = 8, jumps: Bool = false, overtakes: Bool = false) {
            (self.old, self.new) = (old, new)
            self.following = following
            self.jumps = jumps
            self.overtakes = overtakes
        }

        var testDescription: String {
            "\(old) to \(new), \(following) later\(jumps ? ", new time line" : "")\(overtakes ? ", overtaken" : "")"
        }
    }

    private struct Heard {
        /// Before and after the agreement, at the rate of each codec.
        var (before, after): ([Int16], [Int16]) = ([], [])
        var concealed = 0
        var late = 0
        var isTurning = true
    }

    /// A second in one codec and one in another, of a tone; packets of 20 ms come without jitter.
    private func hear(_ change: Change, frequency: Double) -> Heard {
        var (input, output) = (LegInput(), LegOutput(ssrc: 1, sequence: 0, timestamp: 0))
        func equipment(_ codec: CodecKind) -> LegEquipment {
            var equipment = LegEquipment()
            guard codec.isOpus else { return equipment }
            equipment.encoder = OpusEncoderHandle(sampleRate: Int32(codec.sampleRate), settings: OpusSettings())
            equipment.decoder = OpusDecoderHandle(sampleRate: Int32(codec.sampleRate))
            return equipment
        }
        let equipments = [equipment(change.old), equipment(change.new)]
        input.use(change.old)
        output.use(change.old, eventClockRate: 8000)
        defer {
            input.deallocate()
            output.deallocate()
            equipments.forEach { $0.free() }
        }
        var packets: [(at: Int, number: Int, timestamp: UInt32, isNew: Bool, payload: [UInt8])] = []
        var timestamp: UInt32 = 0xFFFF_F000
        for number in 0..<100 {
            let isNew = number >= 50
            let codec = isNew ? change.new : change.old
            if number == 50 {
                output.use(codec, eventClockRate: 8000)
                if change.jumps { timestamp = 0x1234_5678 }
            }
            let frame = codec.sampleRate / 50
            let sound = (0..<frame).map { index in
                Int16(
                    8000 * sin(2 * .pi * frequency * (Double(number) / 50 + Double(index) / Double(codec.sampleRate))))
            }
            var payload = [UInt8](repeating: 0, count: 2000)
            let count = unsafe payload.withUnsafeMutableBufferPointer { room -> Int in
                guard let to = room.baseAddress, let place = unsafe output.room(for: frame) else { return 0 }
                unsafe sound.withUnsafeBufferPointer { samples in
                    if let from = samples.baseAddress { unsafe SampleMath.copy(from, to: place, count: frame) }
                }
                output.gathered(frame)
                return unsafe output.encode(
                    frame: frame, into: to, capacity: 1500, equipment: equipments[isNew ? 1 : 0])
            }
            packets.append((number * 20 + 1, number, timestamp, isNew, Array(payload.prefix(count))))
            timestamp &+= UInt32(codec.ticks(ofSamples: frame))
        }
        if change.overtakes {
            for number in [49, 51] { packets[number].at += 25 }
            packets.sort { $0.at < $1.at }
        }
        var heard = Heard()
        var next = 0
        for step in 0...204 {
            let now = step * 10
            input.pulled(next: UInt64(1_000 + now) * 1_000_000)
            if now == (50 - change.following) * 20 {
                heard.before = heard.after
                heard.after = []
                input.turn(to: change.new, from: equipments[0].decoder)
            }
            let isAfter = now >= (50 - change.following) * 20
            while next < packets.count, packets[next].at <= now {
                let packet = packets[next]
                next += 1
                unsafe packet.payload.withUnsafeBufferPointer { bytes in
                    guard let start = bytes.baseAddress else { return }
                    unsafe input.push(
                        start, count: bytes.count, sequence: UInt64(70_000 + packet.number),
                        timestamp: packet.timestamp,
                        arrival: MonotonicInstant(nanoseconds: UInt64(1_000 + packet.at) * 1_000_000),
                        isFormer: isAfter && !packet.isNew)
                }
            }
            let wanted = (isAfter ? change.new : change.old).sampleRate / 100
            var room = [Int16](repeating: 0, count: wanted)
            unsafe room.withUnsafeMutableBufferPointer { target in
                guard let to = target.baseAddress else { return }
                _ = unsafe input.pull(wanted, into: to, equipment: equipments[isAfter ? 1 : 0])
            }
            heard.after += room
        }
        heard.concealed = Int(input.playout.concealed)
        heard.late = Int(input.playout.late)
        heard.isTurning = input.isTurning
        return heard
    }

    @Test(
        "what was sent in the codec before is played, and the new one follows it without a hole",
        arguments: [
            Change(.pcmu, .pcma), Change(.pcmu, .pcma, following: 0), Change(.pcmu, .pcma, jumps: true),
            Change(.pcmu, .pcma, overtakes: true), Change(.pcma, .g722), Change(.g722, .pcmu), Change(.pcmu, .l16Wide),
            Change(.l16Wide, .pcmu), Change(.l16Wide, .pcmu, following: 0, jumps: true), Change(.l16Wide, .g722),
            Change(.pcmu, .opusNarrow), Change(.pcmu, .opus), Change(.opusNarrow, .pcma, jumps: true),
            Change(.opus, .pcmu), Change(.opus, .g722), Change(.g722, .opus), Change(.opus, .l16Wide),
        ])
    private func follows(_ change: Change) {
        let heard = hear(change, frequency: 200)
        let isTurning = heard.isTurning
        #expect(!isTurning)
        let late = heard.late
        #expect(late <= (change.overtakes ? 2 : 0))
        // Nothing is made up but what the tone's end needs, and what a packet that is overtaken.
        let ticks = Int(change.new.ticksPerMillisecond)
        let atEnd = 45 * ticks
        let concealed = heard.concealed
        #expect(concealed <= atEnd + (change.overtakes ? 40 * ticks : 0))
        let rate = change.new.sampleRate
        // The sound of 50 new packets and of those that follow, less the coders' delay.
        let sound = heard.after.prefix(rate / 50 * (50 + change.following))
        #expect(sound.count == rate / 50 * (50 + change.following))
        let milliseconds = longestSilence(sound) * 1000 / rate
        #expect(milliseconds <= (change.old.isOpus || change.new.isOpus ? 12 : 2), "silent for \(milliseconds) ms")
        // 200 Hz bend by 197 a sample at 8 000; a step would be thousands. G.711 is as coarse as 512.
        let values = sound.map(Int.init)
        let steps = zip(values, values.dropFirst()).map { abs($1 - $0) }
        let most = Int(8000 * 2 * Double.pi * 200 / Double(min(rate, change.old.sampleRate)))
        #expect((steps.max() ?? 0) < most * (change.old.isOpus || change.new.isOpus ? 3 : 2) + 600)
    }

    // MARK: - Live

    /// - Parameter packets: that the offerer still sends in the codec before, as the answer takes its time.
    @Test("another codec within a call is heard without a click and without a hole", arguments: [0, 10])
    func change(packets: Int) throws {
        let policy = MediaPolicy(codecs: ["pcmu", "pcma"])
        let near = try EngineBench(ports: 46_300...46_399)
        let far = try EngineBench(ports: 46_400...46_499)
        let phone = LoopbackPhone()
        defer {
            phone.stop()
            near.engine.stop()
            far.engine.stop()
        }
        let (leg, into, ear) = (LegID.make(), LegID.make(), LegID.make())
        let offer = try near.engine.offer(leg, policy: policy)
        let answer = try far.engine.accept(into, offer: offer, policy: policy, signallingAddress: EngineBench.peer)
        try near.engine.applyAnswer(leg, answer: answer, signallingAddress: EngineBench.peer)
        let (room, end) = (ConversationID.make(), ConversationID.make())
        far.engine.attach(try far.connect(phone, frequency: 90), to: end, audio: .flowing)
        far.engine.attach(into, to: end, audio: .flowing)
        let port = AudioPort(rate: 8000, doorbell: -1)
        try near.engine.openPort(ear, port)
        near.engine.attach(leg, to: room, audio: .flowing)
        near.engine.attach(ear, to: room, audio: .flowing)
        var heard: [Int16] = []
        /// Listens until so many more packets have come.
        func listen(_ count: Int) {
            let before = near.engine.statistics(leg).packetsReceived
            let isDone = eventually {
                heard += port.rings.fromMix.pop(port.rings.fromMix.fill)
                return near.engine.statistics(leg).packetsReceived >= before + count
            }
            #expect(isDone, "packets go on")
        }
        listen(10)
        #expect(
            eventually {
                heard += port.rings.fromMix.pop(port.rings.fromMix.fill)
                return heard.suffix(400).contains { $0 > 7000 }
            })
        heard = []
        for round in 0..<6 {
            let (old, new) = round % 2 == 0 ? (" 0 8", " 8") : (" 8 0", " 0")
            // The peer's next offer, of which one codec is left.
            let reoffer = try far.engine.renegotiate(into, offer: nil)
            let edited = reoffer.replacing("RTP/AVP 0 8", with: "RTP/AVP\(new)").replacing(
                "RTP/AVP 8 0", with: "RTP/AVP\(new)")
            #expect(edited != reoffer, "no\(old) in \(reoffer)")
            let reply = try near.engine.renegotiate(leg, offer: edited)
            let refused = near.engine.gauges().packetsRefused
            if packets > 0 { listen(packets) }
            try far.engine.applyAnswer(into, answer: reply, signallingAddress: EngineBench.peer)
            #expect(near.engine.statistics(leg).codec == (round % 2 == 0 ? "pcma" : "pcmu"))
            listen(12)
            #expect(near.engine.gauges().packetsRefused == refused)
            #expect(heard.suffix(400).contains { $0 > 7000 }, "it is heard again")
        }
        // The tone rises by 566 a sample at most, and the codecs' steps are 512 where it is loud.
        let steps = zip(heard, heard.dropFirst()).map { abs(Int($1) - Int($0)) }
        let step = steps.max() ?? 0
        #expect(step < 1700)
        let silence = longestSilence(heard) / 8
        #expect(silence <= 20, "silent for \(silence) ms")
        // What a change replaced has gone back.
        let isBack = near.engine.state.withLock { state in unsafe state.legs[leg]?.block.pointee.former.change == nil }
        #expect(isBack)
    }
}
