/// What a compound RTCP packet of the peer tells us.
///
/// - Reference: RFC 3550 §6.1, §6.4, §6.6 and appendix A.2; reduced-size packets (RFC 5506) are read too.
/// - Threading: a value; allocates nothing, takes no lock.
public struct RTCPReading: Hashable, Sendable {
    /// Who sent the last report in the packet.
    public private(set) var reporter: UInt32?
    /// The sender part, when it held a sender report.
    public private(set) var sender: RTCPSenderInfo?
    /// The report block about our own source.
    public private(set) var aboutUs: RTCPReportBlock?
    /// The source that said goodbye (the first one named).
    public private(set) var bye: UInt32?

    /// Reads a datagram. Nil when a part is not version 2, or longer than what is left of the datagram.
    @_noLocks public init?(parsing packet: UnsafeRawBufferPointer, localSSRC: UInt32) {
        reporter = nil
        sender = nil
        aboutUs = nil
        bye = nil
        let total = packet.count
        guard total >= 8 else { return nil }
        var offset = 0
        while offset < total {
            guard total - offset >= 4 else { return nil }
            let first = unsafe packet[offset]
            let kind = unsafe packet[offset + 1]
            let end = offset + (Int(unsafe packet.networkUInt16(at: offset + 2)) + 1) * 4
            guard first >> 6 == 2, end <= total else { return nil }
            let items = Int(first & 0x1F)
            switch kind {
            case 200:
                guard end - offset >= 28 else { return nil }
                sender = RTCPSenderInfo(
                    ntp: NTPTimestamp(
                        value: UInt64(unsafe packet.networkUInt32(at: offset + 8)) << 32
                            | UInt64(unsafe packet.networkUInt32(at: offset + 12))),
                    rtpTimestamp: unsafe packet.networkUInt32(at: offset + 16),
                    packetCount: unsafe packet.networkUInt32(at: offset + 20),
                    octetCount: unsafe packet.networkUInt32(at: offset + 24))
                guard unsafe readBlocks(packet, from: offset + 28, to: end, count: items, localSSRC: localSSRC)
                else { return nil }
                reporter = unsafe packet.networkUInt32(at: offset + 4)
            case 201:
                guard end - offset >= 8 else { return nil }
                guard unsafe readBlocks(packet, from: offset + 8, to: end, count: items, localSSRC: localSSRC)
                else { return nil }
                reporter = unsafe packet.networkUInt32(at: offset + 4)
            case 203:
                guard end - offset >= 4 + items * 4 else { return nil }
                if items > 0, bye == nil { bye = unsafe packet.networkUInt32(at: offset + 4) }
            default:
                break  // SDES, APP, feedback and what may come: stepped over by its length
            }
            offset = end
        }
    }

    @_noLocks private mutating func readBlocks(
        _ packet: UnsafeRawBufferPointer, from start: Int, to end: Int, count: Int, localSSRC: UInt32
    ) -> Bool {
        guard start + count * 24 <= end else { return false }
        var index = 0
        while index < count {
            let offset = start + index * 24
            index += 1
            guard unsafe packet.networkUInt32(at: offset) == localSSRC else { continue }
            let losses = unsafe packet.networkUInt32(at: offset + 4)
            aboutUs = RTCPReportBlock(
                ssrc: localSSRC, fractionLost: UInt8(losses >> 24),
                cumulativeLost: Int32(bitPattern: losses << 8) >> 8,
                highestSequence: unsafe packet.networkUInt32(at: offset + 8),
                jitter: unsafe packet.networkUInt32(at: offset + 12),
                lastSenderReport: unsafe packet.networkUInt32(at: offset + 16),
                delaySinceLastSenderReport: unsafe packet.networkUInt32(at: offset + 20))
        }
        return true
    }
}
