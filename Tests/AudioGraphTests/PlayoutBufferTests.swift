import AudioGraph
import Testing

@Suite struct PlayoutBufferTests {
    typealias Packet = PlayoutBench.Packet

    static func steady(_ count: Int, interval: Double = 20) -> [Packet] {
        (0..<count).map { Packet(number: $0, arrivalMilliseconds: 20 + Double($0) * interval) }
    }

    @Test(
        "every packet of a clean stream is heard once and in order",
        arguments: [UInt32(1000), 0xFFFF_FF00], [UInt64(70_000), 131_000])
    func clean(timestamp: UInt32, sequence: UInt64) {
        var bench = PlayoutBench(firstTimestamp: timestamp, firstSequence: sequence)
        defer { bench.close() }
        bench.run(Self.steady(500), untilMilliseconds: 10_000)
        #expect(bench.heard == Array(0..<bench.heard.count))
        #expect(bench.heard.count >= 495)
        #expect(bench.lostTicks == 0 && bench.starvedTicks == 0)
        #expect(bench.depths.dropFirst(10).allSatisfy { $0 <= 40 })
    }

    @Test("a lost packet is made up for once and adds no delay")
    func loss() {
        var bench = PlayoutBench()
        defer { bench.close() }
        bench.run(Self.steady(500).filter { $0.number != 100 && $0.number != 301 }, untilMilliseconds: 10_000)
        #expect(bench.heard == (0..<bench.heard.count + 2).filter { $0 != 100 && $0 != 301 })
        #expect(bench.lostTicks + bench.starvedTicks == 320)
        #expect(bench.depths.suffix(50).allSatisfy { $0 <= 40 })
    }

    @Test("packets that overtake each other are heard in order once the delay has grown")
    func reordered() {
        var bench = PlayoutBench()
        defer { bench.close() }
        let packets = Self.steady(500).map { packet in
            Packet(
                number: packet.number,
                arrivalMilliseconds: packet.arrivalMilliseconds + (packet.number % 5 == 2 ? 45 : 0))
        }
        bench.run(packets, untilMilliseconds: 10_000)
        #expect(bench.heard == bench.heard.sorted())
        let second = bench.heard.filter { $0 > 100 }
        #expect(second == Array(101..<101 + second.count))
        #expect(bench.depths.allSatisfy { $0 <= 120 })
    }

    @Test("a packet that comes twice is heard once")
    func duplicates() {
        var bench = PlayoutBench()
        defer { bench.close() }
        let packets = Self.steady(200).flatMap {
            [$0, Packet(number: $0.number, arrivalMilliseconds: $0.arrivalMilliseconds + 1)]
        }
        bench.run(packets, untilMilliseconds: 4000)
        #expect(bench.heard == Array(0..<bench.heard.count))
        #expect(bench.heard.count >= 195)
    }

    @Test("after a stall of 300 ms the delay is bounded and shrinks again")
    func burst() {
        var bench = PlayoutBench()
        defer { bench.close() }
        let packets = Self.steady(1500).map { packet in
            (100..<115).contains(packet.number) ? Packet(number: packet.number, arrivalMilliseconds: 2320) : packet
        }
        bench.run(packets, untilMilliseconds: 30_000)
        #expect(bench.depths.allSatisfy { $0 <= 420 })
        #expect(bench.depths.suffix(100).allSatisfy { $0 <= 60 })
        #expect(bench.heard == bench.heard.sorted())
    }

    @Test("a peer whose clock runs off neither starves nor piles up", arguments: [19.99, 20.01])
    func drift(interval: Double) {
        var bench = PlayoutBench()
        defer { bench.close() }
        bench.run(Self.steady(15_000, interval: interval), untilMilliseconds: 299_000)
        #expect(bench.depths.dropFirst(50).allSatisfy { $0 <= 60 })
        #expect(bench.heard == bench.heard.sorted())
        // 500 ppm of 300 s are 150 ms.
        #expect(bench.starvedTicks <= 12 * 160)
        #expect(bench.shortened <= 3200)
    }

    @Test("a talk pause of a second neither plays noise nor keeps its delay")
    func pause() {
        var bench = PlayoutBench()
        defer { bench.close() }
        let packets = (0..<200).map { number in
            Packet(number: number, arrivalMilliseconds: 20 + Double(number) * 20 + (number >= 100 ? 1000 : 0))
        }
        bench.run(packets, untilMilliseconds: 5000, gapTicks: { $0 >= 100 ? 8000 : 0 })
        #expect(bench.heard == Array(0..<bench.heard.count))
        #expect(bench.heard.count >= 195)
        #expect(bench.starvedTicks <= 200 * 8)
        #expect(bench.depths.suffix(50).allSatisfy { $0 <= 40 })
    }
}
