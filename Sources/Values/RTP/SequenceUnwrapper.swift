/// Turns the 16-bit sequence numbers of one stream into 64-bit ones that never wrap.
///
/// - Units: packets; the first one gets 65 536 + its number, so that an earlier one that comes late is still positive.
/// - Reference: RFC 3550 appendix A.1 (cycles).
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
public struct SequenceUnwrapper: Sendable {
    /// The highest number seen; nil before the first packet.
    public private(set) var highest: UInt64?

    @_noLocks public init() { highest = nil }

    /// The number nearest to the highest one seen; that one moves up only.
    @_noLocks public mutating func unwrap(_ sequence: UInt16) -> UInt64 {
        guard let top = highest else {
            let start = 65_536 + UInt64(sequence)
            highest = start
            return start
        }
        let step = Int16(bitPattern: sequence &- UInt16(truncatingIfNeeded: top))
        let value = UInt64(bitPattern: Int64(bitPattern: top) &+ Int64(step))
        if step > 0 { highest = value }
        return value
    }
}
