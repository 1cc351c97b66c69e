internal import Glibc

/// Where edges and the runtime read both clocks; tests hand in one that is moved by hand.
///
/// - Threading: any thread, never blocks.
public protocol TimeSource: Sendable {
    var now: MonotonicInstant { get }
    var wallNow: WallTime { get }
}

/// The machine's own clocks.
public struct SystemTimeSource: TimeSource {
    public init() {}

    public var now: MonotonicInstant {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicInstant(nanoseconds: UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec))
    }

    public var wallNow: WallTime {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
