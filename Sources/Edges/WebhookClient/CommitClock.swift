import MediaTime
import Synchronization

/// When the newest rows were committed: the start of the figure "commit to wire".
///
/// - Bound: 4 096 commits; older ones are not known any more.
/// - Threading: any; `note` in commit order.
final class CommitClock: Sendable {
    private static let limit = 4096
    private let commits = Mutex<[(newest: Int64, at: MonotonicInstant)]>([])

    /// - Parameter newest: position of the last row of the commit.
    func note(newest: Int64, at instant: MonotonicInstant) {
        commits.withLock {
            if $0.count == Self.limit { $0.removeFirst(Self.limit / 2) }
            $0.append((newest, instant))
        }
    }

    /// Nil for a row of an earlier run, or one too long ago.
    func instant(of position: Int64) -> MonotonicInstant? {
        commits.withLock { commits in
            var (low, high) = (0, commits.count)
            while low < high {
                let middle = (low + high) / 2
                if commits[middle].newest < position { low = middle + 1 } else { high = middle }
            }
            // What came before the oldest kept commit may have been forgotten.
            return low > 0 && low < commits.count ? commits[low].at : nil
        }
    }
}
