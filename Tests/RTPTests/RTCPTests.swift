import MediaTime
import RTP
import Testing

private let block = RTCPReportBlock(
    ssrc: 7, fractionLost: 12, cumulativeLost: -3, highestSequence: 0x1_0002, jitter: 40, lastSenderReport: 0x1234_5678,
    delaySinceLastSenderReport: 65_536)
private let sender = RTCPSenderInfo(
    ntp: NTPTimestamp(value: 0xE000_0001_8000_0000), rtpTimestamp: 160, packetCount: 5, octetCount: 800)

@Suite("RTCP")
struct RTCPTests {
    @Test("a sender report with SDES and BYE is read back")
    func senderReport() throws {
        let packet = compound(sender, block, isBye: true)
        #expect(packet.count == 52 + 20 + 8)
        let reading = try #require(report(in: packet))
        #expect(reading.reporter == 0xAABB_CCDD && reading.bye == 0xAABB_CCDD)
        #expect(reading.sender == sender && reading.aboutUs == block)
    }

    @Test("a receiver report without a block is read back")
    func emptyReceiverReport() throws {
        let packet = compound(nil, nil)
        #expect(Array(packet.prefix(8)) == [0x80, 201, 0, 1, 0xAA, 0xBB, 0xCC, 0xDD])
        #expect(
            Array(packet[8..<28]) == [0x81, 202, 0, 4, 0xAA, 0xBB, 0xCC, 0xDD, 1, 7] + Array("leg@box".utf8) + [
                0, 0, 0,
            ])
        let reading = try #require(report(in: packet))
        #expect(reading.reporter == 0xAABB_CCDD && reading.aboutUs == nil && reading.sender == nil)
    }

    @Test("blocks about others are not ours")
    func otherBlocks() throws {
        let packet = compound(sender, block)
        let reading = try #require(report(in: packet, localSSRC: 8))
        #expect(reading.aboutUs == nil && reading.sender == sender)
    }

    @Test("a long CNAME is cut to what the format holds", arguments: [0, 1, 2, 3, 4, 255, 300])
    func longNames(count: Int) {
        let name = [UInt8](repeating: 65, count: count)
        let packet = compound(sender, block, cname: name, isBye: true)
        #expect(packet.count % 4 == 0 && !packet.isEmpty)
        #expect(report(in: packet)?.bye == 0xAABB_CCDD)
    }

    @Test("a short buffer gets nothing")
    func shortBuffer() {
        let packet = compound(nil, nil, capacity: 27)
        #expect(packet.isEmpty)
    }

    @Test("cut and changed packets never read past their end")
    func hostile() {
        let packet = compound(sender, block, isBye: true)
        for count in 0..<packet.count {
            _ = report(in: Array(packet.prefix(count)))
        }
        var random = SplitMix(seed: 2)
        for _ in 0..<20_000 {
            var changed = packet
            for _ in 0...(random.next() % 4) {
                changed[Int(random.next() % UInt64(changed.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            _ = report(in: changed)
        }
    }

    @Test(
        "parts that lie about their length are refused",
        arguments: [
            [0x80, 201, 0, 2, 0, 0, 0, 1], [0x81, 201, 0, 1, 0, 0, 0, 1], [0x80, 200, 0, 1, 0, 0, 0, 1],
            [0x80, 201, 0, 1, 0, 0, 0, 1, 0x80], [0x9F, 203, 0, 1, 0, 0, 0, 1], [0x40, 201, 0, 1, 0, 0, 0, 1],
        ] as [[UInt8]])
    func lies(packet: [UInt8]) {
        #expect(report(in: packet) == nil)
    }

    @Test("the example of RFC 3550 figure 2 gives its round trip")
    func roundTrip() {
        let arrival = NTPTimestamp(value: 0xB44D_B710_8000_0000)
        #expect(arrival.middle == 0xB710_8000)
        var about = block
        about.lastSenderReport = 0xB705_2000
        about.delaySinceLastSenderReport = 0x0005_4000
        #expect(arrival.roundTripNanoseconds(about) == 6_125_000_000)
        about.delaySinceLastSenderReport = 0x7005_4000
        #expect(arrival.roundTripNanoseconds(about) == nil)
        about.lastSenderReport = 0
        #expect(arrival.roundTripNanoseconds(about) == nil)
    }

    @Test("wall time becomes NTP time")
    func conversion() {
        let ntp = NTPTimestamp(unixSeconds: 0, nanoseconds: 500_000_000)
        #expect(ntp.value == UInt64(2_208_988_800) << 32 | 0x8000_0000)
    }
}
