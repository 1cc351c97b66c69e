/// Elementary functions for real-time code, where the C library's are refused.
///
/// - Accuracy: relative error below 1e-4.
/// - Threading: any; allocates nothing, takes no lock.
enum FastMath {
    /// e^x for x in -80…80; beyond, as at the end of the range.
    @inline(__always) @_noLocks static func exp(_ x: Float) -> Float {
        let bounded = x < -80 ? -80 : x > 80 ? 80 : x
        let scaled = bounded * 1.442_695_04
        var whole = Int32(scaled)
        if Float(whole) > scaled { whole &-= 1 }
        let part = scaled - Float(whole)
        let power =
            1 + part
            * (0.693_146_8 + part * (0.240_230_6 + part * (0.055_041_4 + part * (0.009_558_1 + part * 0.001_892_2))))
        return Float(bitPattern: UInt32(bitPattern: (whole &+ 127) &<< 23)) * power
    }

    /// log₂ x for x > 0.
    @inline(__always) @_noLocks static func log2(_ x: Float) -> Float {
        let bits = Int32(bitPattern: x.bitPattern)
        let exponent = Float((bits &>> 23) &- 127)
        let m = Float(bitPattern: UInt32(bitPattern: (bits & 0x007F_FFFF) | 0x3F80_0000))
        // atanh series of (m - 1) / (m + 1).
        let t = (m - 1) / (m + 1)
        let square = t * t
        return exponent + t * (2.885_390_1 + square * (0.961_796_7 + square * (0.577_078 + square * 0.433_9)))
    }

    /// 1 / √x for x > 0.
    @inline(__always) @_noLocks static func inverseRoot(_ x: Float) -> Float {
        var y = Float(bitPattern: 0x5F37_59DF &- (x.bitPattern &>> 1))
        y *= 1.5 - 0.5 * x * y * y
        y *= 1.5 - 0.5 * x * y * y
        return y * (1.5 - 0.5 * x * y * y)
    }

    @inline(__always) @_noLocks static func root(_ x: Float) -> Float { x > 1e-30 ? x * inverseRoot(x) : 0 }

    /// e^(E₁(v)/2), E₁ the exponential integral; v > 0.
    /// - Reference: Abramowitz and Stegun, 5.1.53 and 5.1.56.
    @inline(__always) @_noLocks static func halfIntegralExp(_ v: Float) -> Float {
        if v < 1 {
            let series =
                v * (0.999_991_93 + v * (-0.249_910_55 + v * (0.055_199_68 + v * (-0.009_760_04 + v * 0.001_078_57))))
            return inverseRoot(v < 1e-6 ? 1e-6 : v) * exp(0.5 * (series - 0.577_215_66))
        }
        let fraction = (v * v + 2.334_733 * v + 0.250_621) / (v * v + 3.330_657 * v + 1.681_534)
        return exp(0.5 * exp(-v) / v * fraction)
    }
}
