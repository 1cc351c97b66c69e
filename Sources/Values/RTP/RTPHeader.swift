/// Header of one RTP packet, and where its payload lies.
///
/// - Units: `timestamp` in ticks of the payload's clock rate, `payloadOffset` and `payloadCount` in bytes.
/// - Reference: RFC 3550 §5.1, §5.3.1; told from RTCP on one port by RFC 5761 §4.
/// - Threading: a value; allocates nothing, takes no lock.
public struct RTPHeader: Hashable, Sendable {
    public var marker: Bool
    /// 0 to 127.
    public var payloadType: UInt8
    public var sequence: UInt16
    public var timestamp: UInt32
    public var ssrc: UInt32
    /// Bytes from the packet's start to its payload.
    public private(set) var payloadOffset: Int
    /// Payload bytes without padding.
    public private(set) var payloadCount: Int

    /// Size of a header as written here: no CSRC, no extension.
    @inlinable public static var byteCount: Int { 12 }

    @_noLocks public init(marker: Bool, payloadType: UInt8, sequence: UInt16, timestamp: UInt32, ssrc: UInt32) {
        self.marker = marker
        self.payloadType = payloadType & 0x7F
        self.sequence = sequence
        self.timestamp = timestamp
        self.ssrc = ssrc
        payloadOffset = 12
        payloadCount = 0
    }

    /// Reads a datagram. Nil when it is not RTP version 2, is an RTCP packet, or names more bytes than it has.
    @_noLocks public init?(parsing packet: UnsafeRawBufferPointer) {
        let count = packet.count
        guard count >= 12 else { return nil }
        let first = unsafe packet[0]
        let second = unsafe packet[1]
        guard first >> 6 == 2, second < 192 || second > 223 else { return nil }
        var offset = 12 + Int(first & 0x0F) * 4
        if first & 0x10 != 0 {
            guard offset + 4 <= count else { return nil }
            offset += 4 + Int(unsafe packet.networkUInt16(at: offset + 2)) * 4
        }
        guard offset <= count else { return nil }
        var end = count
        if first & 0x20 != 0 {
            let padding = Int(unsafe packet[count - 1])
            guard padding > 0, padding <= count - offset else { return nil }
            end -= padding
        }
        marker = second & 0x80 != 0
        payloadType = second & 0x7F
        sequence = unsafe packet.networkUInt16(at: 2)
        timestamp = unsafe packet.networkUInt32(at: 4)
        ssrc = unsafe packet.networkUInt32(at: 8)
        payloadOffset = offset
        payloadCount = end - offset
    }

    /// Writes the 12 bytes of this header to the start of `packet`.
    /// - Returns: 12, or 0 when the buffer is shorter than that.
    @_noLocks public func write(into packet: UnsafeMutableRawBufferPointer) -> Int {
        let count = packet.count
        guard count >= 12 else { return 0 }
        unsafe packet[0] = 0x80
        unsafe packet[1] = (marker ? 0x80 : 0) | (payloadType & 0x7F)
        unsafe packet.putNetwork(sequence, at: 2)
        unsafe packet.putNetwork(timestamp, at: 4)
        unsafe packet.putNetwork(ssrc, at: 8)
        return 12
    }

    /// The datagram is RTCP by its packet type (RFC 5761 §4); protected packets can be told so too.
    @_noLocks public static func isRTCP(_ packet: UnsafeRawBufferPointer) -> Bool {
        guard packet.count >= 8 else { return false }
        let first = unsafe packet[0]
        let second = unsafe packet[1]
        return first >> 6 == 2 && second >= 192 && second <= 223
    }
}
