/// Payload of one RFC 4733 telephone-event packet.
///
/// - Units: `duration` in RTP ticks since the packet's timestamp; `volume` in −dBm0, 0 to 63.
/// - Reference: RFC 4733 §2.3, §3.2.
/// - Threading: a value; allocates nothing, takes no lock.
public struct TelephoneEvent: Hashable, Sendable {
    /// 0 to 9 the digits, 10 `*`, 11 `#`, 12 to 15 `A` to `D`; others are no DTMF.
    public var code: UInt8
    public var isEnd: Bool
    public var volume: UInt8
    public var duration: UInt16

    @inlinable public static var byteCount: Int { 4 }

    @_noLocks public init(code: UInt8, isEnd: Bool, volume: UInt8, duration: UInt16) {
        self.code = code
        self.isEnd = isEnd
        self.volume = volume
        self.duration = duration
    }

    /// Reads the first event of a payload; nil when it is shorter than one.
    @_noLocks public init?(parsing payload: UnsafeRawBufferPointer) {
        guard payload.count >= 4 else { return nil }
        let flags = unsafe payload[1]
        code = unsafe payload[0]
        isEnd = flags & 0x80 != 0
        volume = flags & 0x3F
        duration = unsafe payload.networkUInt16(at: 2)
    }

    /// - Returns: 4, or 0 when the buffer is shorter than that.
    @_noLocks public func write(into payload: UnsafeMutableRawBufferPointer) -> Int {
        let room = payload.count
        guard room >= 4 else { return 0 }
        unsafe payload[0] = code
        unsafe payload[1] = (isEnd ? 0x80 : 0) | (volume & 0x3F)
        unsafe payload.putNetwork(duration, at: 2)
        return 4
    }

    /// ASCII of a DTMF event; nil for other events.
    @_noLocks public static func digit(ofCode code: UInt8) -> UInt8? {
        switch code {
        case 0...9: 48 + code
        case 10: 42
        case 11: 35
        case 12...15: 65 + code - 12
        default: nil
        }
    }

    /// Event of an ASCII digit (`a` to `d` too); nil for other characters.
    @_noLocks public static func code(ofDigit digit: UInt8) -> UInt8? {
        switch digit {
        case 48...57: digit - 48
        case 42: 10
        case 35: 11
        case 65...68: digit - 65 + 12
        case 97...100: digit - 97 + 12
        default: nil
        }
    }
}
