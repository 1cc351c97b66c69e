import CallModel
import EdgeProtocols
import Foundation
import Synchronization
import Testing

@testable import MediaEngine

@Suite(.serialized) struct MoveTests {
    /// Two rooms on two workers, each with a member that speaks a tone; a third is moved to and fro.
    @Test("a leg moved a thousand times between two workers loses no packet, and its numbers have no hole")
    func thousandMoves() throws {
        let bench = try EngineBench(ports: 42_000...42_099, workers: 2)
        defer { bench.engine.stop() }
        let (mover, a, b) = (LoopbackPhone(), LoopbackPhone(), LoopbackPhone())
        defer { [mover, a, b].forEach { $0.stop() } }
        let rooms = [ConversationID.make(), ConversationID.make()]
        let first = try bench.connect(a, frequency: 400)
        let second = try bench.connect(b, frequency: 700)
        bench.engine.attach(first, to: rooms[0], audio: .flowing)
        bench.engine.attach(second, to: rooms[1], audio: .flowing)
        let leg = try bench.connect(mover, frequency: 1100)
        let workers = bench.engine.state.withLock { state in rooms.map { state.mixes[$0]?.worker } }
        try #require(Set(workers).count == 2)
        bench.engine.attach(leg, to: rooms[0], audio: .flowing)
        #expect(eventually { mover.packets.count > 20 })
        mover.clear()
        let sentBefore = bench.engine.statistics(leg).packetsReceived
        for move in 1...1000 {
            bench.engine.attach(leg, to: rooms[move % 2], audio: .flowing)
            usleep(UInt32.random(in: 500...9000))
        }
        let last = bench.engine.statistics(leg)
        #expect(last.packetsReceived - sentBefore > 100)
        #expect(last.packetsLost == 0)
        let packets = mover.packets
        let elapsed = Double((packets.last?.arrival ?? 0) - (packets.first?.arrival ?? 0)) / 1e9
        for (one, next) in zip(packets, packets.dropFirst()) {
            #expect(next.sequence == one.sequence &+ 1)
            #expect(next.ssrc == one.ssrc)
        }
        // Sound goes out at the pace of the clock, however often its mix changes.
        let ticks = Double((packets.last?.timestamp ?? 0) &- (packets.first?.timestamp ?? 0)) / 8000
        #expect(abs(ticks - elapsed) < 0.1)
        #expect(eventually { Tones.level(of: 400, in: mover.heard(last: 10)) > 7500 })
    }

    @Test("a leg that is closed while it moves is freed all the same")
    func closeWhileMoving() throws {
        let bench = try EngineBench(ports: 42_100...42_199, workers: 2)
        defer { bench.engine.stop() }
        let rooms = [ConversationID.make(), ConversationID.make()]
        let phone = LoopbackPhone()
        let clip = PCMClip(sampleRate: 8000, samples: Tones.sine(500, rate: 8000, seconds: 5))
        for _ in 0..<50 {
            let leg = LegID.make()
            _ = try bench.engine.accept(
                leg, offer: phone.offer(), policy: MediaPolicy(codecs: ["pcmu"]), signallingAddress: EngineBench.peer)
            let play = PlayID.make()
            bench.engine.play(clip, as: play, to: .leg(leg), loop: 0, gainDecibels: 0)
            for move in 0..<5 { bench.engine.attach(leg, to: rooms[move % 2], audio: MemberAudio(canHear: [leg])) }
            bench.engine.stopPlaying(play)
            bench.engine.close(leg)
        }
        #expect(
            eventually {
                bench.engine.state.withLock {
                    $0.bySerial.isEmpty && $0.playsBySerial.isEmpty && $0.mixes.isEmpty && $0.closingMixes.isEmpty
                }
            })
        #expect(bench.engine.gauges().portPairsTaken == 0)
    }

    @Test("a prompt to a leg plays on without a break while the leg moves between two workers")
    func unbroken() throws {
        let bench = try EngineBench(ports: 42_200...42_299, workers: 2)
        defer { bench.engine.stop() }
        let (mover, a, b) = (LoopbackPhone(), LoopbackPhone(), LoopbackPhone())
        defer { [mover, a, b].forEach { $0.stop() } }
        let rooms = [ConversationID.make(), ConversationID.make()]
        bench.engine.attach(try bench.connect(a, frequency: nil), to: rooms[0], audio: .flowing)
        bench.engine.attach(try bench.connect(b, frequency: nil), to: rooms[1], audio: .flowing)
        let leg = try bench.connect(mover, frequency: nil)
        bench.engine.attach(leg, to: rooms[0], audio: .flowing)
        let clip = PCMClip(sampleRate: 8000, samples: Tones.sine(437, rate: 8000, seconds: 1))
        bench.engine.play(clip, as: PlayID.make(), to: .leg(leg), loop: 0, gainDecibels: 0)
        #expect(eventually { Tones.level(of: 437, in: mover.heard(last: 10)) > 7500 })
        mover.clear()
        for move in 1...100 {
            bench.engine.attach(leg, to: rooms[move % 2], audio: .flowing)
            usleep(UInt32.random(in: 20_000...50_000))
        }
        let packets = mover.packets
        let holes = zip(packets, packets.dropFirst()).count { $1.timestamp != $0.timestamp &+ 160 }
        // Control that is kept from its core for 60 ms leaves a hole; a move as such does not.
        #expect(holes <= 10)
        let heard = mover.heard(last: 1000)
        #expect(heard.count > 20_000)
        let turn = 2 * cos(2 * Double.pi * 437 / 8000)
        let breaks = (2..<heard.count).count { index in
            abs(Double(heard[index]) - turn * Double(heard[index - 1]) + Double(heard[index - 2])) > 1200
        }
        #expect(breaks <= 2 * holes)
    }
}
