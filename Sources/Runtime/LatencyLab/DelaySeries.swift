/// Delays measured one after the other.
///
/// - Units: milliseconds.
public struct DelaySeries: Sendable, Hashable {
    public var values: [Double]

    public init(_ values: [Double]) { self.values = values }

    public var median: Double? {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return nil }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// Half the width of the interval that holds the true median 95 times in a hundred, by the order of the values (no
    /// assumption on how they are spread); with fewer than six values, of what was seen.
    public var errorBar: Double? {
        let sorted = values.sorted()
        guard let first = sorted.first, let last = sorted.last else { return nil }
        let count = sorted.count
        guard count >= 6 else { return (last - first) / 2 }
        // Largest k with P(Binomial(n, 1/2) < k) <= 2.5 %.
        var (probability, coverage, rank) = (1.0, 0.0, 0)
        for _ in 0..<count { probability /= 2 }
        while coverage + probability <= 0.025 {
            coverage += probability
            probability *= Double(count - rank) / Double(rank + 1)
            rank += 1
        }
        let below = sorted[max(0, rank - 1)]
        let above = sorted[min(count - 1, count - rank)]
        return (above - below) / 2
    }
}
