import SDP
import Testing

import RTPTransport

/// Both ends of one protected direction, on arrays; freed with the object.
private final class Direction {
    let outbound: PacketProtection.Outbound
    let inbound: PacketProtection.Inbound

    init(_ suite: SRTPSuite, sameKey: Bool = true) throws {
        var generator = SystemRandomNumberGenerator()
        let key = SRTPMasterKey(for: suite, using: &generator)
        outbound = try PacketProtection.Outbound(suite: suite, key: key)
        let other = SRTPMasterKey(for: suite, using: &generator)
        inbound = try PacketProtection.Inbound(suite: suite, key: sameKey ? key : other)
    }
    deinit {
        outbound.destroy()
        inbound.destroy()
    }

    func protect(_ packet: [UInt8], isRTCP: Bool = false, room: Int = PacketProtection.trailerByteCount) -> Outcome {
        unsafe Outcome(packet, room: room) { bytes, capacity in
            isRTCP
                ? unsafe outbound.protectRTCP(bytes, count: packet.count, capacity: capacity)
                : unsafe outbound.protectRTP(bytes, count: packet.count, capacity: capacity)
        }
    }

    func unprotect(_ packet: [UInt8], isRTCP: Bool = false) -> Outcome {
        unsafe Outcome(packet, room: 0) { bytes, _ in
            isRTCP
                ? unsafe inbound.unprotectRTCP(bytes, count: packet.count)
                : unsafe inbound.unprotectRTP(bytes, count: packet.count)
        }
    }
}

private struct Outcome {
    var result: Int
    var packet: [UInt8]
    var failure: PacketProtection.Failure? { result < 0 ? PacketProtection.Failure(result: result) : nil }

    init(_ packet: [UInt8], room: Int, _ body: (UnsafeMutablePointer<UInt8>, Int) -> Int) {
        var bytes = packet + [UInt8](repeating: 0, count: room)
        result = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return -1 }
            return unsafe body(start, buffer.count)
        }
        self.packet = result < 0 ? [] : Array(bytes.prefix(result))
    }
}

private func voicePacket(_ sequence: UInt16, source: UInt8 = 1) -> [UInt8] {
    [0x80, 0, UInt8(sequence >> 8), UInt8(sequence & 0xFF), 0, 0, 0, 0, 0, 0, 0, source]
        + (0..<160).map { UInt8($0) }
}

private let senderReport: [UInt8] =
    [0x80, 200, 0, 6, 0, 0, 0, 1] + [UInt8](repeating: 7, count: 20) + [0x80, 202, 0, 1, 0, 0, 0, 1]

@Suite("Packet protection")
struct PacketProtectionTests {
    @Test(
        "RTP goes through and back, with the size the suite has",
        arguments: zip(SRTPSuite.allCases, [16, 10, 4]))
    func roundTrip(suite: SRTPSuite, tagBytes: Int) throws {
        let direction = try Direction(suite)
        for sequence in UInt16(65_500)...65_535 {
            let sealed = direction.protect(voicePacket(sequence))
            #expect(sealed.result == 172 + tagBytes)
            #expect(Array(sealed.packet[12..<172]) != Array(voicePacket(sequence)[12...]))
            #expect(direction.unprotect(sealed.packet).packet == voicePacket(sequence))
        }
        for sequence in UInt16(0)...20 {  // the rollover counter is part of the key stream
            #expect(
                direction.unprotect(direction.protect(voicePacket(sequence)).packet).packet == voicePacket(sequence))
        }
    }

    @Test("RTCP goes through and back", arguments: SRTPSuite.allCases)
    func controlRoundTrip(suite: SRTPSuite) throws {
        let direction = try Direction(suite)
        let sealed = direction.protect(senderReport, isRTCP: true)
        #expect(sealed.result > senderReport.count + 4)
        #expect(direction.unprotect(sealed.packet, isRTCP: true).packet == senderReport)
    }

    @Test("a packet with one changed bit is refused, wherever it is", arguments: SRTPSuite.allCases)
    func flippedBit(suite: SRTPSuite) throws {
        let direction = try Direction(suite)
        let sealed = direction.protect(voicePacket(1)).packet
        for index in [1, 3, 5, 11, 12, 100, 171, sealed.count - 1] {
            var changed = sealed
            changed[index] ^= 0x10
            #expect(direction.unprotect(changed).failure == .authentication)
        }
        #expect(direction.unprotect(sealed).packet == voicePacket(1))
        var report = direction.protect(senderReport, isRTCP: true).packet
        report[20] ^= 1
        #expect(direction.unprotect(report, isRTCP: true).failure == .authentication)
    }

    @Test("a replayed packet is refused, one that was only late is not", arguments: SRTPSuite.allCases)
    func replay(suite: SRTPSuite) throws {
        let direction = try Direction(suite)
        let sealed = (0..<300).map { direction.protect(voicePacket(UInt16($0))).packet }
        for index in 0..<300 where index != 290 { #expect(direction.unprotect(sealed[index]).result == 172) }
        #expect(direction.unprotect(sealed[299]).failure == .replay)
        #expect(direction.unprotect(sealed[290]).result == 172)
        #expect(direction.unprotect(sealed[290]).failure == .replay)
        #expect(direction.unprotect(sealed[5]).failure == .replay)
        let report = direction.protect(senderReport, isRTCP: true).packet
        #expect(direction.unprotect(report, isRTCP: true).result == senderReport.count)
        #expect(direction.unprotect(report, isRTCP: true).failure == .replay)
    }

    @Test("the wrong key unprotects nothing", arguments: SRTPSuite.allCases)
    func wrongKey(suite: SRTPSuite) throws {
        let direction = try Direction(suite, sameKey: false)
        #expect(direction.unprotect(direction.protect(voicePacket(1)).packet).failure == .authentication)
    }

    @Test("no room for the tag and packets that are none are refused", arguments: SRTPSuite.allCases)
    func sizes(suite: SRTPSuite) throws {
        let direction = try Direction(suite)
        #expect(direction.protect(voicePacket(1), room: PacketProtection.trailerByteCount - 1).failure == .other)
        #expect(direction.protect([0x80, 0, 0, 1]).failure == .other)
        for count in 1...40 {
            let stump = Array(voicePacket(9).prefix(count))
            #expect(direction.unprotect(stump).result < 0)
            #expect(direction.unprotect(stump, isRTCP: true).result < 0)
        }
    }

    @Test("a peer with the key cannot make us hold a stream for every source it names")
    func manySources() throws {
        let direction = try Direction(.aeadAES128GCM)
        let results = (0..<100).map { direction.unprotect(direction.protect(voicePacket(1, source: $0)).packet).result }
        #expect(results.count { $0 == 172 } == 32)
        #expect(results.suffix(68).allSatisfy { PacketProtection.Failure(result: $0) == .other })
        #expect(direction.unprotect(direction.protect(voicePacket(2, source: 3)).packet).result == 172)
        let surplus = direction.protect(voicePacket(2, source: 90)).packet
        #expect(direction.unprotect(surplus).failure == .other)
        #expect(direction.unprotect(surplus).failure == .other)  // .replay would mean that its stream was kept
    }

    @Test("random datagrams are refused", arguments: SRTPSuite.allCases)
    func randomBytes(suite: SRTPSuite) throws {
        let direction = try Direction(suite)
        var state: UInt64 = 1
        for _ in 0..<5000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            var packet = (0..<Int(state >> 57) + 1).map { _ -> UInt8 in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 33)
            }
            packet[0] = 0x80 | packet[0] & 0x3F
            #expect(direction.unprotect(packet).result < 0)
            #expect(direction.unprotect(packet, isRTCP: true).result < 0)
        }
    }
}

/// Compiles only while every call of the seam that a media worker makes passes the real-time check from outside.
@_noLocks private func workerTurnsRound(
    _ outbound: PacketProtection.Outbound, _ inbound: PacketProtection.Inbound, _ packet: UnsafeMutablePointer<UInt8>,
    count: Int, capacity: Int
) -> Int {
    let length = unsafe outbound.protectRTP(packet, count: count, capacity: capacity)
    guard length > 0 else { return PacketProtection.Failure(result: length) == .replay ? -1 : -2 }
    return unsafe inbound.unprotectRTP(packet, count: length)
}

@Suite("Packet protection on a worker")
struct PacketProtectionWorkerTests {
    @Test("a worker may call it")
    func worker() throws {
        let direction = try Direction(.aeadAES128GCM)
        let outcome = unsafe Outcome(voicePacket(1), room: PacketProtection.trailerByteCount) {
            unsafe workerTurnsRound(direction.outbound, direction.inbound, $0, count: 172, capacity: $1)
        }
        #expect(outcome.packet == voicePacket(1))
    }
}
