import RTP
import Testing

@Suite("RTP header")
struct RTPHeaderTests {
    @Test("a written header is read back")
    func roundTrip() throws {
        let original = RTPHeader(
            marker: true, payloadType: 101, sequence: 65_535, timestamp: 4_000_000_000, ssrc: 0xDEAD_BEEF)
        let packet = bytes(of: original)
        #expect(packet == [0x80, 0xE5, 0xFF, 0xFF, 0xEE, 0x6B, 0x28, 0x00, 0xDE, 0xAD, 0xBE, 0xEF])
        let back = try #require(header(in: packet + [1, 2, 3]))
        #expect(back.marker && back.payloadType == 101 && back.sequence == 65_535)
        #expect(back.timestamp == 4_000_000_000 && back.ssrc == 0xDEAD_BEEF)
        #expect(back.payloadOffset == 12 && back.payloadCount == 3)
    }

    @Test("CSRC list, extension and padding are stepped over")
    func optionalParts() throws {
        let fixed: [UInt8] = [0xB2, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3]
        let sources: [UInt8] = [1, 1, 1, 1, 2, 2, 2, 2]
        let extensionPart: [UInt8] = [0xBE, 0xDE, 0, 1, 9, 9, 9, 9]
        let packet = fixed + sources + extensionPart + [7, 8, 9] + [0, 2]
        let parsed = try #require(header(in: packet))
        #expect(parsed.payloadOffset == 28 && parsed.payloadCount == 3)
    }

    @Test(
        "what is not a whole RTP packet is refused",
        arguments: [
            [], [0x80], [UInt8](repeating: 0x80, count: 11),
            [0x00, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3],  // version 0: STUN
            [0x80, 200, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3],  // RTCP
            [0x8F, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3],  // fifteen CSRCs that are not there
            [0x90, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3],  // extension that is not there
            [0x90, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0xFF, 0xFF],  // extension longer than the packet
            [0xA0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0],  // padding of no bytes
            [0xA0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 2],  // padding longer than the payload
            [0xA0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3],  // padding without a payload
        ] as [[UInt8]])
    func refused(packet: [UInt8]) {
        #expect(header(in: packet) == nil)
    }

    @Test("a header does not go into a short buffer")
    func shortBuffer() {
        let header = RTPHeader(marker: false, payloadType: 0, sequence: 0, timestamp: 0, ssrc: 0)
        #expect(bytes(of: header, capacity: 11).isEmpty)
    }

    @Test("random bytes never name a payload outside the packet")
    func randomBytes() {
        var random = SplitMix(seed: 1)
        for _ in 0..<20_000 {
            var packet = random.bytes(Int(random.next() % 64))
            if !packet.isEmpty { packet[0] = 0x80 | packet[0] & 0x3F }
            guard let parsed = header(in: packet) else { continue }
            #expect(parsed.payloadOffset >= 12 && parsed.payloadCount >= 0)
            #expect(parsed.payloadOffset + parsed.payloadCount <= packet.count)
        }
    }

    @Test(
        "RTCP on the media port is told by its packet type",
        arguments: [(0, false), (200, true), (203, true), (96, false)])
    func multiplexed(second: Int, expected: Bool) {
        let packet: [UInt8] = [0x80, UInt8(second), 0, 1, 0, 0, 0, 0]
        #expect(isRTCP(packet) == expected)
    }
}
