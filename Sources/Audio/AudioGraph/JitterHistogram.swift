/// How late packets come, compared with the fastest ones: a histogram that forgets.
///
/// - Units: buckets of 5 ms up to 500 ms; a packet's weight halves after about 350 newer ones (7 s at 20 ms).
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
public struct JitterHistogram: Sendable {
    private static var bucketNanoseconds: Int64 { @_noLocks get { 5_000_000 } }
    private var buckets: InlineArray<100, Float>
    private var total: Float
    private var weight: Float

    @_noLocks public init() {
        buckets = InlineArray(repeating: 0)
        total = 0
        weight = 1
    }

    /// Counts a packet that came `nanoseconds` later than the fastest would have.
    @_noLocks public mutating func add(_ nanoseconds: Int64) {
        let bucket = max(0, min(99, nanoseconds / Self.bucketNanoseconds))
        // A growing weight forgets the old ones without touching every bucket.
        weight *= 1.002
        buckets[Int(bucket)] += weight
        total += weight
        if weight > 1_000_000 {
            let scale = 1 / weight
            var index = 0
            while index < 100 {
                buckets[index] *= scale
                index &+= 1
            }
            total *= scale
            weight = 1
        }
    }

    /// Upper edge of the bucket that holds the quantile, nanoseconds; nil before the first packet.
    @_noLocks public func quantile(_ share: Float) -> Int64? {
        if total <= 0 { return nil }
        var sum: Float = 0
        var index = 0
        while index < 100 {
            sum += buckets[index]
            if sum >= total * share { break }
            index &+= 1
        }
        return Int64(min(index, 99) &+ 1) &* Self.bucketNanoseconds
    }
}
