/// Lowest and highest of a figure over the last one to two windows of time.
///
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
struct SlidingExtreme: Sendable {
    private let window: UInt64
    private var windowStart: UInt64
    private var count: Int
    private var low: Int64
    private var high: Int64
    private var previousCount: Int
    private var previousLow: Int64
    private var previousHigh: Int64

    @_noLocks init(windowNanoseconds: UInt64) {
        window = windowNanoseconds
        windowStart = 0
        count = 0
        low = 0
        high = 0
        previousCount = 0
        previousLow = 0
        previousHigh = 0
    }

    @_noLocks mutating func restart() {
        count = 0
        previousCount = 0
    }

    @_noLocks mutating func add(_ value: Int64, at instant: UInt64) {
        if count == 0 && previousCount == 0 { windowStart = instant }
        if instant &- windowStart >= window && instant > windowStart {
            previousCount = count
            previousLow = low
            previousHigh = high
            count = 0
            windowStart = instant
        }
        low = count == 0 ? value : min(low, value)
        high = count == 0 ? value : max(high, value)
        count &+= 1
    }

    /// All values were moved.
    @_noLocks mutating func shift(by step: Int64) {
        low &+= step
        high &+= step
        previousLow &+= step
        previousHigh &+= step
    }

    var lowest: Int64? {
        @_noLocks get {
            if count == 0 { return previousCount == 0 ? nil : previousLow }
            return previousCount == 0 ? low : min(low, previousLow)
        }
    }

    var highest: Int64? {
        @_noLocks get {
            if count == 0 { return previousCount == 0 ? nil : previousHigh }
            return previousCount == 0 ? high : max(high, previousHigh)
        }
    }
}
