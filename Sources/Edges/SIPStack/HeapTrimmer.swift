import MediaTime

/// Decides when freed heap goes back to the system: glibc keeps it after a churn of calls (70 MB after 5 000).
///
/// Transactions outlive their calls by 64 × T1, so what counts is that they are gone, that a burst of new ones is over
/// while its calls last, or that a minute has passed.
struct HeapTrimmer {
    private static let churnWorthTrimming = 100
    private var peak = 0
    private var lastTrim: MonotonicInstant?
    /// Transactions a second ago; they have become more since the last lull; when the next one counts.
    private var last = 0
    private var hasGrown = false
    private var nextLull: MonotonicInstant?

    /// Asked once a second with the transactions alive.
    mutating func shouldTrim(transactions: Int, at now: MonotonicInstant) -> Bool {
        let isGrowing = transactions > last
        if isGrowing { hasGrown = true }
        last = transactions
        peak = max(peak, transactions)
        guard peak >= Self.churnWorthTrimming else { return false }
        if lastTrim == nil { lastTrim = now }
        let isQuiet = transactions == 0
        let isLull = hasGrown && !isGrowing && nextLull.map { now >= $0 } != false
        guard isQuiet || isLull || now - (lastTrim ?? now) >= .seconds(60) else { return false }
        if isLull {
            hasGrown = false
            nextLull = now + .seconds(10)
        }
        lastTrim = isQuiet ? nil : now
        peak = transactions
        return true
    }
}
