public import MediaTime
import Synchronization

/// Both clocks, moved by hand.
public final class ManualTime: TimeSource {
    private let state = Mutex((monotonic: UInt64(1_000_000_000_000), wall: Int64(1_773_480_365_000)))

    public init() {}

    public var now: MonotonicInstant { MonotonicInstant(nanoseconds: state.withLock { $0.monotonic }) }
    public var wallNow: WallTime { WallTime(milliseconds: state.withLock { $0.wall }) }

    public func advance(by duration: Duration) {
        state.withLock {
            $0.monotonic += UInt64(duration.wholeNanoseconds)
            $0.wall += duration.wholeMilliseconds
        }
    }
}
