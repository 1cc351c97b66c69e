/// How late packets come, compared with the fastest ones: a histogram that forgets.
///
/// - Units: buckets of 0.5, 1, 2, 4 and 8 ms up to 496 ms; a packet's weight halves after about 500 newer ones (10 s at 20 ms).
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
public struct JitterHistogram: Sendable {
    private static var count: Int { @_noLocks get { 160 } }
    private var buckets: InlineArray<160, Float>
    private var total: Float
    private var weight: Float

    /// Before anything is known two packets' worth of 10 ms are assumed, which the first seconds outweigh.
    @_noLocks public init() {
        buckets = InlineArray(repeating: 0)
        buckets[20] = 2
        total = 2
        weight = 1
    }

    /// 32 buckets of each width; halves of a millisecond.
    @_noLocks private static func bucket(of halves: Int64) -> Int {
        if halves < 32 { return Int(max(0, halves)) }
        if halves < 96 { return 32 &+ Int(halves &- 32) / 2 }
        if halves < 224 { return 64 &+ Int(halves &- 96) / 4 }
        if halves < 480 { return 96 &+ Int(halves &- 224) / 8 }
        return min(159, 128 &+ Int(halves &- 480) / 16)
    }

    @_noLocks private static func upperEdge(of bucket: Int) -> Int64 {
        let next = Int64(bucket &+ 1)
        if next <= 32 { return next }
        if next <= 64 { return 32 &+ (next &- 32) &* 2 }
        if next <= 96 { return 96 &+ (next &- 64) &* 4 }
        if next <= 128 { return 224 &+ (next &- 96) &* 8 }
        return 480 &+ (next &- 128) &* 16
    }

    /// Counts a packet that came `nanoseconds` later than the fastest would have.
    @_noLocks public mutating func add(_ nanoseconds: Int64) {
        // A growing weight forgets the old ones without touching every bucket.
        weight *= 1.0014
        buckets[Self.bucket(of: nanoseconds / 500_000)] += weight
        total += weight
        if weight > 1_000_000 {
            let scale = 1 / weight
            var index = 0
            while index < Self.count {
                buckets[index] *= scale
                index &+= 1
            }
            total *= scale
            weight = 1
        }
    }

    /// Upper edge of the bucket that holds the quantile, nanoseconds.
    @_noLocks public func quantile(_ share: Float) -> Int64 {
        var sum: Float = 0
        var index = 0
        while index < Self.count {
            sum += buckets[index]
            if sum >= total * share { break }
            index &+= 1
        }
        return Self.upperEdge(of: min(index, Self.count &- 1)) &* 500_000
    }
}
