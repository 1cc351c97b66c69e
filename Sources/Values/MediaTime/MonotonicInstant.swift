/// A point on the machine's monotonic clock.
///
/// - Units: nanoseconds since an arbitrary start (CLOCK_MONOTONIC).
/// - Threading: a value; never read from a clock inside a machine, always handed in.
public struct MonotonicInstant: Hashable, Comparable, Sendable {
    public var nanoseconds: UInt64

    @inlinable public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    @inlinable public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }

    /// The instant `duration` later (earlier when negative; stops at zero).
    @inlinable public static func + (instant: Self, duration: Duration) -> Self {
        let delta = duration.wholeNanoseconds
        if delta >= 0 { return Self(nanoseconds: instant.nanoseconds &+ UInt64(delta)) }
        let back = delta.magnitude
        return Self(nanoseconds: instant.nanoseconds > back ? instant.nanoseconds - back : 0)
    }

    /// Time from `b` to `a`, negative when `a` is earlier.
    @inlinable public static func - (a: Self, b: Self) -> Duration {
        .nanoseconds(Int64(bitPattern: a.nanoseconds &- b.nanoseconds))
    }
}

extension Duration {
    /// The duration in nanoseconds, saturating at about 292 years.
    @inlinable public var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isJustTooLong) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        if isTooLong || isJustTooLong { return seconds < 0 ? .min : .max }
        return sum
    }

    /// The duration in whole milliseconds, rounded towards zero.
    @inlinable public var wholeMilliseconds: Int64 { wholeNanoseconds / 1_000_000 }

    /// The duration in milliseconds with its fraction, for figures shown to people.
    @inlinable public var milliseconds: Double { Double(wholeNanoseconds) / 1e6 }
}
