/// G.711: one byte a sample, 8 000 a second.
///
/// - Units: counts in samples, which are bytes of payload too; PCM is 16-bit linear.
/// - Reference: ITU-T G.711 tables 1 and 2; the linear values are those of the ITU-T software tool library, scaled to
///   16 bits.
/// - Threading: any; allocates nothing, takes no lock.
public enum G711 {
    @_noLocks @inlinable public static func decodeMuLaw(_ byte: UInt8) -> Int16 {
        let code = Int32(~byte)
        let magnitude = (((code & 0x0F) << 3) &+ 0x84) &<< ((code & 0x70) >> 4) &- 0x84
        return Int16(truncatingIfNeeded: code & 0x80 == 0 ? magnitude : 0 &- magnitude)
    }

    @_noLocks @inlinable public static func encodeMuLaw(_ sample: Int16) -> UInt8 {
        let value = Int32(sample)
        let biased = UInt16(truncatingIfNeeded: min(value < 0 ? ~value : value, 32_635) &+ 0x84)
        let exponent = 8 &- biased.leadingZeroBitCount
        let mantissa = UInt8(truncatingIfNeeded: biased &>> UInt16(truncatingIfNeeded: exponent &+ 3)) & 0x0F
        return ~((value < 0 ? 0x80 : 0) | UInt8(truncatingIfNeeded: exponent &<< 4) | mantissa)
    }

    @_noLocks @inlinable public static func decodeALaw(_ byte: UInt8) -> Int16 {
        let code = Int32(byte ^ 0x55)
        let exponent = (code & 0x70) >> 4
        let mantissa = (code & 0x0F) << 4
        let magnitude = exponent == 0 ? mantissa &+ 8 : (mantissa &+ 0x108) &<< (exponent &- 1)
        return Int16(truncatingIfNeeded: code & 0x80 == 0 ? 0 &- magnitude : magnitude)
    }

    @_noLocks @inlinable public static func encodeALaw(_ sample: Int16) -> UInt8 {
        let value = Int32(sample)
        let magnitude = UInt16(truncatingIfNeeded: value < 0 ? ~value : value)
        let mask: UInt8 = value < 0 ? 0x55 : 0xD5
        guard magnitude >= 256 else { return UInt8(truncatingIfNeeded: magnitude >> 4) ^ mask }
        let exponent = 8 &- magnitude.leadingZeroBitCount
        let mantissa = UInt8(truncatingIfNeeded: magnitude &>> UInt16(truncatingIfNeeded: exponent &+ 3)) & 0x0F
        return (UInt8(truncatingIfNeeded: exponent &<< 4) | mantissa) ^ mask
    }

    @_noLocks public static func decodeMuLaw(
        _ payload: UnsafePointer<UInt8>, count: Int, into samples: UnsafeMutablePointer<Int16>
    ) {
        var index = 0
        while index < count {
            unsafe samples[index] = decodeMuLaw(unsafe payload[index])
            index &+= 1
        }
    }

    @_noLocks public static func encodeMuLaw(
        _ samples: UnsafePointer<Int16>, count: Int, into payload: UnsafeMutablePointer<UInt8>
    ) {
        var index = 0
        while index < count {
            unsafe payload[index] = encodeMuLaw(unsafe samples[index])
            index &+= 1
        }
    }

    @_noLocks public static func decodeALaw(
        _ payload: UnsafePointer<UInt8>, count: Int, into samples: UnsafeMutablePointer<Int16>
    ) {
        var index = 0
        while index < count {
            unsafe samples[index] = decodeALaw(unsafe payload[index])
            index &+= 1
        }
    }

    @_noLocks public static func encodeALaw(
        _ samples: UnsafePointer<Int16>, count: Int, into payload: UnsafeMutablePointer<UInt8>
    ) {
        var index = 0
        while index < count {
            unsafe payload[index] = encodeALaw(unsafe samples[index])
            index &+= 1
        }
    }
}
