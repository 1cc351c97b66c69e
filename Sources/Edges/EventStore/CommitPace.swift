import MediaTime

/// How long the writer rests between commits when they follow each other closely.
///
/// A commit costs the same write and flush whether it holds one row or a hundred. A box with few calls commits at once;
/// from a few hundred commits a second on, rows gather for a few milliseconds instead, and the time goes to the calls.
struct CommitPace {
    /// Commits in a tenth of a second that still need no rest.
    private static let freeCommits = 20
    private static let window = Duration.milliseconds(100)
    private static let pause = Duration.milliseconds(4)

    private var windowStart = MonotonicInstant(nanoseconds: 0)
    private var commits = 0
    private var isBusy = false

    /// To be asked after every commit: how long the next one waits, counted from `now`.
    mutating func rest(after now: MonotonicInstant) -> Duration {
        if now - windowStart >= Self.window {
            isBusy = commits >= Self.freeCommits / 2 && now - windowStart < Self.window * 2
            windowStart = now
            commits = 0
        }
        commits += 1
        return isBusy || commits > Self.freeCommits ? Self.pause : .zero
    }
}
