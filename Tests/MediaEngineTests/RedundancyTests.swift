import CallModel
import EdgeProtocols
import Foundation
import PlayoutTrial
import RTP
import Testing

@testable import MediaEngine

/// RFC 2198 on live calls: telephones at both ends of a row of boxes, a network that loses packets between two of them.
@Suite(.serialized) struct RedundancyTests {
    private final class Row {
        let boxes: [EngineBench]
        let paths: [LossyPath]
        let (phone, other) = (LoopbackPhone(), LoopbackPhone())
        /// Of each path: the leg that sends into it, and the one that it comes out at.
        private(set) var legs: [(into: LegID, out: LegID)] = []

        /// - Parameter codec: between the boxes; the telephones have PCMU.
        init(
            ports: UInt16, _ losses: [NetworkEmulator.Profile], _ redundancy: RedundancyPolicy, codec: String = "pcmu"
        ) throws {
            boxes = try (0...losses.count).map {
                try EngineBench(ports: ports + UInt16($0 * 100)...ports + UInt16($0 * 100 + 99))
            }
            paths = losses.map { LossyPath($0, seed: 7) }
            var policy = MediaPolicy(codecs: [codec])
            policy.redundancy = redundancy
            let peer = EngineBench.peer
            for (index, path) in paths.enumerated() {
                let (into, out) = (LegID.make(), LegID.make())
                let offer = path.carrying(try boxes[index].engine.offer(into, policy: policy), from: 0)
                let answer = try boxes[index + 1].engine.accept(
                    out, offer: offer, policy: policy, signallingAddress: peer)
                try boxes[index].engine.applyAnswer(
                    into, answer: path.carrying(answer, from: 1), signallingAddress: peer)
                legs.append((into, out))
            }
            let ends = [
                try boxes[0].connect(phone, frequency: 437), try boxes[losses.count].connect(other, frequency: nil),
            ]
            for index in boxes.indices {
                let members = [
                    index == 0 ? ends[0] : legs[index - 1].out, index == losses.count ? ends[1] : legs[index].into,
                ]
                let room = ConversationID.make()
                for member in members { boxes[index].engine.attach(member, to: room, audio: .flowing) }
            }
        }

        func stop() {
            [phone, other].forEach { $0.stop() }
            paths.forEach { $0.stop() }
            boxes.forEach { $0.engine.stop() }
        }

        /// Percent of the packets that the path lost since it had seen `start`.
        func lost(_ path: Int, since start: (passed: Int, lost: Int) = (0, 0)) -> Double {
            let (passed, lost) = (paths[path].passed.count - start.passed, paths[path].lost - start.lost)
            return 100 * Double(lost) / Double(max(1, passed + lost))
        }
    }

    /// What the telephone got, in order; `missing` percent of it is not there.
    private func ordered(_ packets: [LoopbackPhone.Packet]) -> (packets: [LoopbackPhone.Packet], missing: Double) {
        guard let first = packets.first else { return ([], 100) }
        func place(_ packet: LoopbackPhone.Packet) -> Int { Int(Int16(bitPattern: packet.sequence &- first.sequence)) }
        let sorted = packets.sorted { place($0) < place($1) }
        let span = (sorted.last.map(place) ?? 0) - place(sorted[0]) + 1
        return (sorted, 100 * (1 - Double(Set(packets.map { $0.sequence }).count) / Double(span)))
    }

    /// Every packet has the sound and the time that its number stands for.
    private func isInPlace(_ packets: [LoopbackPhone.Packet]) -> Bool {
        let turn = 2 * cos(2 * Double.pi * 437 / 8000)
        return zip(packets, packets.dropFirst()).allSatisfy { one, next in
            let step = next.sequence &- one.sequence
            if next.timestamp &- one.timestamp != UInt32(step) * 160 { return false }
            if step != 1 { return true }
            let seam = (one.payload.suffix(2) + next.payload.prefix(2)).map { Double(LoopbackPhone.decode($0)) }
            return (2..<4).allSatisfy { abs(seam[$0] - turn * seam[$0 - 1] + seam[$0 - 2]) < 1200 }
        }
    }

    private func blocks(_ packet: [UInt8]) -> Int {
        unsafe packet.dropFirst(12).withUnsafeBytes { unsafe RedundantAudio(parsing: $0)?.count ?? 0 }
    }

    @Test(
        "a box that relays packs copies for a peer that agreed, and sends on what came again to a telephone that did not"
    )
    func relayed() throws {
        let row = try Row(ports: 46_500, [.random(loss: 0.1)], .always)
        defer { row.stop() }
        #expect(eventually(within: 20) { row.paths[0].passed.count > 300 })
        #expect(row.boxes.allSatisfy { $0.engine.gauges().packetsRelayed > 250 })
        #expect(row.lost(0) > 6)
        let (packets, missing) = ordered(row.other.packets)
        #expect(packets.count > 280 && missing < 1.5, "\(missing) % of \(packets.count)")
        #expect(isInPlace(packets))
    }

    @Test("a box between two that agreed passes copies on whole: what was lost before it comes back behind it")
    func passedOn() throws {
        let row = try Row(ports: 46_700, [.random(loss: 0.1), .random(loss: 0)], .always)
        defer { row.stop() }
        #expect(eventually(within: 20) { row.paths[1].passed.count > 300 })
        #expect(row.boxes[1].engine.gauges().packetsRelayed > 250)
        #expect(row.lost(0) > 6 && row.lost(1) == 0)
        #expect(row.paths[1].passed.dropFirst(30).allSatisfy { blocks($0) == 3 })
        let (packets, missing) = ordered(row.other.packets)
        #expect(packets.count > 280 && missing < 1.5, "\(missing) % of \(packets.count)")
        #expect(isInPlace(packets))
    }

    @Test("without the wish for it copies begin with the first report of loss, also where packets are relayed")
    func onLoss() throws {
        let row = try Row(ports: 47_000, [.random(loss: 0.1)], .onLoss)
        defer { row.stop() }
        func isPacked(_ packet: [UInt8]) -> Bool { packet[1] & 0x7F != 0 }
        #expect(eventually { row.paths[0].passed.count > 20 })
        #expect(row.paths[0].passed.prefix(10).allSatisfy { !isPacked($0) })
        #expect(eventually(within: 15) { row.paths[0].passed.last.map(isPacked) == true })
        let start = (passed: row.paths[0].passed.count, lost: row.paths[0].lost)
        row.other.clear()
        #expect(eventually(within: 20) { row.paths[0].passed.count > start.passed + 200 })
        #expect(row.lost(0, since: start) > 5)
        let (packets, missing) = ordered(row.other.packets)
        #expect(packets.count > 180 && missing < 2.5, "\(missing) % of \(packets.count)")
    }

    @Test("what a mix sends again is heard in the mix behind the loss", arguments: ["pcma", "opus"])
    func mixed(codec: String) throws {
        func concealed(_ redundancy: RedundancyPolicy) throws -> Double {
            let row = try Row(ports: 47_200, [.random(loss: 0.1)], redundancy, codec: codec)
            defer { row.stop() }
            #expect(eventually(within: 20) { row.paths[0].passed.count > 300 })
            let statistics = row.boxes[1].engine.statistics(row.legs[0].out)
            #expect(row.boxes[1].engine.gauges().packetsMixed > 250 && statistics.packetsLost > 20)
            return Double(statistics.concealedSamples) / Double(statistics.packetsReceived)
        }
        let (plain, redundant) = (try concealed(.off), try concealed(.always))
        #expect(redundant < plain / 2, "\(redundant) of \(plain)")
    }

    @Test("a relayed stream knows which of its packets have not been sent on")
    func window() {
        var map = RelayMap()
        #expect(!map.lacks(70_000))
        map.start(sequence: 70_000, timestamp: 0, outSequence: 5, outTimestamp: 0)
        for sequence in [70_000, 70_001, 70_004] as [UInt64] { map.sent(sequence) }
        #expect(
            [69_999, 70_000, 70_001, 70_002, 70_003, 70_004].map { map.lacks($0) } == [
                false, false, false, true, true, false,
            ])
        map.sent(70_003)
        #expect(!map.lacks(70_003) && map.lacks(70_002))
        map.sent(70_066)
        #expect(!map.lacks(70_002) && map.lacks(70_005))
        map.sent(80_000)
        #expect(!map.lacks(70_005) && map.lacks(79_999))
        map.skip(sequence: 80_001)
        #expect(!map.lacks(79_999))
    }
}
