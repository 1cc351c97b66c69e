/// Payload of one RFC 2198 packet: older payloads again, then the newest one.
///
/// - Units: `offset` in RTP ticks before the packet's timestamp, at most 16 383; block lengths at most 1 023 bytes.
/// - Reference: RFC 2198 §3. More than 8 blocks are refused: nothing sends them.
/// - Threading: a value; allocates nothing, takes no lock.
public struct RedundantAudio: Sendable {
    public struct Block: Hashable, Sendable {
        public var payloadType: UInt8
        public var offset: UInt32
        /// Where its bytes start in the payload.
        public var start: Int
        public var count: Int

        @_noLocks init(payloadType: UInt8 = 0, offset: UInt32 = 0, start: Int = 0, count: Int = 0) {
            self.payloadType = payloadType
            self.offset = offset
            self.start = start
            self.count = count
        }

        /// How many packets ago its payload was sent. No number is in its header: the time between tells, when all packets
        /// are as long as this one.
        /// - Parameter ticks: of the RTP clock in it.
        /// - Returns: 0 when it cannot be told.
        @_noLocks public func packetsBefore(ticks: Int) -> Int {
            ticks > 0 && Int(offset) % ticks == 0 ? Int(offset) / ticks : 0
        }
    }

    @inlinable public static var longestOffset: UInt32 { @_noLocks get { 16_383 } }
    @inlinable public static var longestBlock: Int { @_noLocks get { 1023 } }
    /// Bytes in front of all blocks when there are so many older ones.
    @_noLocks public static func headerByteCount(copies: Int) -> Int { 4 &* copies &+ 1 }

    private var blocks: InlineArray<8, Block>
    /// At least 1: the last block is the newest payload.
    public private(set) var count: Int

    /// Nil when the headers or the blocks go beyond the payload, or there are more than 8.
    @_noLocks public init?(parsing payload: UnsafeRawBufferPointer) {
        blocks = InlineArray(repeating: Block())
        count = 0
        var place = 0
        var length = 0
        while true {
            guard place < payload.count, count < 8 else { return nil }
            let first = unsafe payload[place]
            if first & 0x80 == 0 {
                blocks[count] = Block(payloadType: first)
                count &+= 1
                place &+= 1
                break
            }
            guard place &+ 4 <= payload.count else { return nil }
            let word = unsafe payload.networkUInt32(at: place)
            let bytes = Int(word & 0x3FF)
            blocks[count] = Block(payloadType: first & 0x7F, offset: word >> 10 & 0x3FFF, count: bytes)
            length &+= bytes
            count &+= 1
            place &+= 4
        }
        guard place &+ length <= payload.count else { return nil }
        var index = 0
        while index < count {
            blocks[index].start = place
            if index == count &- 1 { blocks[index].count = payload.count &- place }
            place &+= blocks[index].count
            index &+= 1
        }
    }

    /// In the order of the packet.
    @_noLocks public func block(_ index: Int) -> Block { blocks[index] }

    public var newest: Block { @_noLocks get { blocks[count &- 1] } }

    /// All blocks are of one payload type.
    @_noLocks public func isAll(of payloadType: UInt8) -> Bool {
        var index = 0
        while index < count {
            if blocks[index].payloadType != payloadType { return false }
            index &+= 1
        }
        return true
    }

    /// Gives all blocks of the packet another payload type.
    /// - Parameter payload: what was parsed.
    @_noLocks public func rename(to payloadType: UInt8, in payload: UnsafeMutablePointer<UInt8>) {
        var index = 0
        while index < count {
            let place = 4 &* index
            unsafe payload[place] = payload[place] & 0x80 | payloadType & 0x7F
            index &+= 1
        }
    }

    /// Writes the header of an older block.
    /// - Returns: 4, or 0 when a figure is beyond its field or the buffer too short.
    @_noLocks public static func writeHeader(
        _ payloadType: UInt8, offset: UInt32, count: Int, into payload: UnsafeMutableRawBufferPointer
    ) -> Int {
        guard payload.count >= 4, offset <= longestOffset, count >= 0, count <= longestBlock else { return 0 }
        let word = 0x8000_0000 | UInt32(payloadType & 0x7F) << 24 | offset << 10 | UInt32(count)
        unsafe payload.putNetwork(word, at: 0)
        return 4
    }
}
