/// L16: linear 16-bit samples, most significant byte first, one channel.
///
/// - Units: counts in samples, two bytes of payload each.
/// - Reference: RFC 3551 §4.5.11.
/// - Threading: any; allocates nothing, takes no lock.
public enum L16 {
    @_noLocks public static func decode(
        _ payload: UnsafePointer<UInt8>, count: Int, into samples: UnsafeMutablePointer<Int16>
    ) {
        var index = 0
        while index < count {
            let high = unsafe UInt16(payload[index &* 2])
            let low = unsafe UInt16(payload[index &* 2 &+ 1])
            unsafe samples[index] = Int16(bitPattern: high << 8 | low)
            index &+= 1
        }
    }

    @_noLocks public static func encode(
        _ samples: UnsafePointer<Int16>, count: Int, into payload: UnsafeMutablePointer<UInt8>
    ) {
        var index = 0
        while index < count {
            let bits = unsafe UInt16(bitPattern: samples[index])
            unsafe payload[index &* 2] = UInt8(truncatingIfNeeded: bits >> 8)
            unsafe payload[index &* 2 &+ 1] = UInt8(truncatingIfNeeded: bits)
            index &+= 1
        }
    }
}
