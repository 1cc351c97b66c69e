/// Wall time as RTCP carries it.
///
/// - Units: seconds since 1900-01-01 in the upper, 1/2^32 seconds in the lower 32 bits; `middle` in 1/65 536 seconds.
/// - Reference: RFC 3550 §4, §6.4.1 and figure 2.
/// - Threading: a value; allocates nothing, takes no lock.
public struct NTPTimestamp: Hashable, Sendable {
    public var value: UInt64

    @_noLocks public init(value: UInt64) { self.value = value }

    /// From seconds and nanoseconds since 1970 (CLOCK_REALTIME). Wraps in 2036, as the format does.
    @_noLocks public init(unixSeconds: Int64, nanoseconds: UInt32) {
        let seconds = UInt64(bitPattern: unixSeconds &+ 2_208_988_800) & 0xFFFF_FFFF
        value = seconds << 32 | (UInt64(nanoseconds) << 32 / 1_000_000_000) & 0xFFFF_FFFF
    }

    /// The 32 bits that a report echoes.
    public var middle: UInt32 {
        @_noLocks get { UInt32(truncatingIfNeeded: value >> 16) }
    }

    /// Round trip told by a report about us: now − when our report left − how long the peer held it.
    /// - Returns: nanoseconds; nil when the peer had no report of ours yet, or its figures make no sense (negative, or
    ///   over a minute: a clock was set).
    @_noLocks public func roundTripNanoseconds(_ block: RTCPReportBlock) -> UInt64? {
        guard block.lastSenderReport != 0 else { return nil }
        let trip = middle &- block.lastSenderReport &- block.delaySinceLastSenderReport
        guard trip < 60 * 65_536 else { return nil }
        return (UInt64(trip) &* 1_000_000_000) >> 16
    }
}
