import MediaTime

/// Decides when freed heap goes back to the system: glibc keeps it after a churn of calls (70 MB after 5 000).
///
/// Transactions outlive their calls by 64 × T1, so what counts is that they are gone, or that a minute has passed.
struct HeapTrimmer {
    private static let churnWorthTrimming = 200
    private var peak = 0
    private var lastTrim: MonotonicInstant?

    /// Asked once a second with the transactions alive.
    mutating func shouldTrim(transactions: Int, at now: MonotonicInstant) -> Bool {
        peak = max(peak, transactions)
        guard peak >= Self.churnWorthTrimming else { return false }
        if lastTrim == nil { lastTrim = now }
        let isQuiet = transactions == 0
        guard isQuiet || now - (lastTrim ?? now) >= .seconds(60) else { return false }
        lastTrim = isQuiet ? nil : now
        peak = transactions
        return true
    }
}
