/// Periods counted by the monotonic clock: the pace of a silent device and of a PCM that has none of its own.
///
/// - Units: nanoseconds of CLOCK_MONOTONIC; frames at 48 kHz.
/// - Deadlines are multiples of the period from the start, so that late wake-ups never add up.
/// - Threading: a value of the device's thread; allocates nothing.
struct PeriodClock {
    /// A longer standstill (the box slept) is not made up for.
    private static var longestCatchUpNanoseconds: UInt64 { @_noLocks get { 1_000_000_000 } }

    private let periodFrames: UInt64
    private var start: UInt64
    private var periods: UInt64 = 0

    @_noLocks init(periodFrames: Int, start: UInt64) {
        self.periodFrames = UInt64(periodFrames)
        self.start = start
    }

    /// When the next period is over.
    var deadline: UInt64 {
        @_noLocks get { start &+ (periods &+ 1) &* periodFrames &* 62_500 / 3 }  // 1e9 / 48 000 = 62 500 / 3
    }

    /// Takes one period that is over; false when none is.
    @_noLocks mutating func takePeriod(at now: UInt64) -> Bool {
        if deadline > now { return false }
        if now &- deadline > Self.longestCatchUpNanoseconds {
            start = now
            periods = 0
            return true
        }
        periods &+= 1
        return true
    }
}
