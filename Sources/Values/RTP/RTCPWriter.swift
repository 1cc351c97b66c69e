/// Writes compound RTCP packets: a report, SDES with a CNAME and, at the end of a stream, BYE.
///
/// - Reference: RFC 3550 §6.1, §6.4, §6.5, §6.6.
/// - Threading: any; allocates nothing, takes no lock.
public enum RTCPWriter {
    /// Room that always suffices: sender report with one block (52), SDES with 255 bytes (268), BYE (8).
    @inlinable public static var maximumByteCount: Int { 328 }

    /// - Parameters:
    ///   - sender: present when we have sent since the last report but one: makes it a sender report.
    ///   - block: what we received of the peer, if anything.
    ///   - cname: at most 255 bytes of UTF-8; what is longer is cut.
    ///   - isBye: the stream ends.
    /// - Returns: bytes written, 0 when the buffer is too small.
    @_noLocks public static func write(
        into packet: UnsafeMutableRawBufferPointer, ssrc: UInt32, sender: RTCPSenderInfo?, block: RTCPReportBlock?,
        cname: UnsafeRawBufferPointer, isBye: Bool
    ) -> Int {
        let nameCount = min(255, cname.count)
        // At least one null byte ends the item list (§6.5).
        let sdesWords = 2 + (2 + nameCount + 1 + 3) / 4
        // Not `== nil`: that is a generic call which the real-time check refuses for these types.
        var hasSender = false
        if case .some = sender { hasSender = true }
        var hasBlock = false
        if case .some = block { hasBlock = true }
        let reportWords = 2 + (hasSender ? 5 : 0) + (hasBlock ? 6 : 0)
        let total = (reportWords + sdesWords + (isBye ? 2 : 0)) * 4
        let room = packet.count
        guard total <= room else { return 0 }

        unsafe packet[0] = hasBlock ? 0x81 : 0x80
        unsafe packet[1] = hasSender ? 200 : 201
        unsafe packet.putNetwork(UInt16(truncatingIfNeeded: reportWords - 1), at: 2)
        unsafe packet.putNetwork(ssrc, at: 4)
        var offset = 8
        if let sender {
            unsafe packet.putNetwork(UInt32(truncatingIfNeeded: sender.ntp.value >> 32), at: offset)
            unsafe packet.putNetwork(UInt32(truncatingIfNeeded: sender.ntp.value), at: offset + 4)
            unsafe packet.putNetwork(sender.rtpTimestamp, at: offset + 8)
            unsafe packet.putNetwork(sender.packetCount, at: offset + 12)
            unsafe packet.putNetwork(sender.octetCount, at: offset + 16)
            offset += 20
        }
        if let block {
            let lost = UInt32(bitPattern: block.cumulativeLost) & 0xFF_FFFF
            unsafe packet.putNetwork(block.ssrc, at: offset)
            unsafe packet.putNetwork(UInt32(block.fractionLost) << 24 | lost, at: offset + 4)
            unsafe packet.putNetwork(block.highestSequence, at: offset + 8)
            unsafe packet.putNetwork(block.jitter, at: offset + 12)
            unsafe packet.putNetwork(block.lastSenderReport, at: offset + 16)
            unsafe packet.putNetwork(block.delaySinceLastSenderReport, at: offset + 20)
            offset += 24
        }

        unsafe packet[offset] = 0x81
        unsafe packet[offset + 1] = 202
        unsafe packet.putNetwork(UInt16(truncatingIfNeeded: sdesWords - 1), at: offset + 2)
        unsafe packet.putNetwork(ssrc, at: offset + 4)
        unsafe packet[offset + 8] = 1
        unsafe packet[offset + 9] = UInt8(truncatingIfNeeded: nameCount)
        var index = 0
        while index < nameCount {
            unsafe packet[offset + 10 + index] = unsafe cname[index]
            index += 1
        }
        let sdesEnd = offset + sdesWords * 4
        var position = offset + 10 + nameCount
        while position < sdesEnd {
            unsafe packet[position] = 0
            position += 1
        }

        if isBye {
            unsafe packet[sdesEnd] = 0x81
            unsafe packet[sdesEnd + 1] = 203
            unsafe packet.putNetwork(UInt16(1), at: sdesEnd + 2)
            unsafe packet.putNetwork(ssrc, at: sdesEnd + 4)
        }
        return total
    }
}
