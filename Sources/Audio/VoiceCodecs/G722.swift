/// G.722 at 64 kb/s, sending side: one byte for two samples of 16 000 a second.
///
/// - Units: samples at 16 000 a second; RTP counts bytes (8 000 a second).
/// - Reference: ITU-T G.722 §3; RFC 3551 §4.5.2.
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
public struct G722Encoder: Sendable {
    private var low = G722Band(scale: 32)
    private var high = G722Band(scale: 8)
    private var history = InlineArray<24, Int32>(repeating: 0)

    @_noLocks public init() {}

    /// - Parameter count: even.
    /// - Returns: bytes written, `count` / 2.
    @_noLocks public mutating func encode(
        _ samples: UnsafePointer<Int16>, count: Int, into payload: UnsafeMutablePointer<UInt8>
    ) -> Int {
        let tables = G722Tables()
        var index = 0
        while index &+ 1 < count {
            unsafe payload[index / 2] = unsafe code(
                Int32(samples[index]), Int32(samples[index &+ 1]), tables)
            index &+= 2
        }
        return count / 2
    }

    @_noLocks private mutating func code(_ first: Int32, _ second: Int32, _ tables: borrowing G722Tables) -> UInt8 {
        var odd: Int32 = 0
        var even: Int32 = 0
        var index = 0
        while index < 22 {
            history[index] = history[index &+ 2]
            index &+= 1
        }
        history[22] = first
        history[23] = second
        index = 0
        while index < 12 {
            odd &+= history[index &* 2] &* tables.qmf[index]
            even &+= history[index &* 2 &+ 1] &* tables.qmf[11 &- index]
            index &+= 1
        }
        let lower = (even &+ odd) >> 14
        let higher = (even &- odd) >> 14
        // Lower band: blocks SUBTRA, QUANTL, INVQAL.
        let lowError = G722Band.saturate(lower &- low.prediction)
        let size = lowError >= 0 ? lowError : ~lowError
        var step = 1
        while step < 30 {
            if size < (tables.q6[step] &* low.scale) >> 12 { break }
            step &+= 1
        }
        let lowCode: UInt8
        if lowError < 0 { lowCode = tables.iln[step] } else { lowCode = tables.ilp[step] }
        let coarse = Int(lowCode >> 2)
        let lowStep = (low.scale &* tables.qm4[coarse]) >> 15
        low.adaptScale(by: tables.wl[tables.rl42[coarse]], highest: 18_432, shift: 8, tables)
        low.adapt(to: lowStep)
        // Higher band: blocks SUBTRA, QUANTH, INVQAH.
        let highError = G722Band.saturate(higher &- high.prediction)
        let isLarge = (highError >= 0 ? highError : ~highError) >= (564 &* high.scale) >> 12
        let highCode: UInt8
        if highError < 0 { highCode = isLarge ? 0 : 1 } else { highCode = isLarge ? 2 : 3 }
        let highStep = (high.scale &* tables.qm2[Int(highCode)]) >> 15
        high.adaptScale(by: tables.wh[tables.rh2[Int(highCode)]], highest: 22_528, shift: 10, tables)
        high.adapt(to: highStep)
        return highCode << 6 | lowCode
    }
}

/// G.722 at 64 kb/s, receiving side.
///
/// - Units, Reference, Threading: as `G722Encoder`.
public struct G722Decoder: Sendable {
    private var low = G722Band(scale: 32)
    private var high = G722Band(scale: 8)
    private var history = InlineArray<24, Int32>(repeating: 0)

    @_noLocks public init() {}

    /// - Returns: samples written, 2 × `count`.
    @_noLocks public mutating func decode(
        _ payload: UnsafePointer<UInt8>, count: Int, into samples: UnsafeMutablePointer<Int16>
    ) -> Int {
        let tables = G722Tables()
        var index = 0
        while index < count {
            let pair = sound(unsafe payload[index], tables)
            unsafe samples[index &* 2] = pair.first
            unsafe samples[index &* 2 &+ 1] = pair.second
            index &+= 1
        }
        return count &* 2
    }

    @_noLocks private mutating func sound(
        _ byte: UInt8, _ tables: borrowing G722Tables
    ) -> (first: Int16, second: Int16) {
        let lowCode = Int(byte & 0x3F)
        let highCode = Int(byte >> 6)
        let lower = max(-16_384, min(16_383, low.prediction &+ (low.scale &* tables.qm6[lowCode]) >> 15))
        let coarse = lowCode >> 2
        let lowStep = (low.scale &* tables.qm4[coarse]) >> 15
        low.adaptScale(by: tables.wl[tables.rl42[coarse]], highest: 18_432, shift: 8, tables)
        low.adapt(to: lowStep)
        let highStep = (high.scale &* tables.qm2[highCode]) >> 15
        let higher = max(-16_384, min(16_383, high.prediction &+ highStep))
        high.adaptScale(by: tables.wh[tables.rh2[highCode]], highest: 22_528, shift: 10, tables)
        high.adapt(to: highStep)
        var index = 0
        while index < 22 {
            history[index] = history[index &+ 2]
            index &+= 1
        }
        history[22] = lower &+ higher
        history[23] = lower &- higher
        var first: Int32 = 0
        var second: Int32 = 0
        index = 0
        while index < 12 {
            second &+= history[index &* 2] &* tables.qmf[index]
            first &+= history[index &* 2 &+ 1] &* tables.qmf[11 &- index]
            index &+= 1
        }
        return (
            Int16(truncatingIfNeeded: G722Band.saturate(first >> 11)),
            Int16(truncatingIfNeeded: G722Band.saturate(second >> 11))
        )
    }
}
