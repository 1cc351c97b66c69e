import CallModel
import CoreMetrics
import Metrics

/// What the store reports of itself.
struct StoreMetrics: Sendable {
    let commit = Timer(label: "switchhook_store_commit_seconds")
    let rows = Counter(label: "switchhook_store_rows_total")
    let commits = Counter(label: "switchhook_store_commits_total")
    let queued = Gauge(label: "switchhook_store_queue_rows")
    let failures = Counter(label: "switchhook_store_commit_failures_total")
    let dropped = Counter(label: "switchhook_store_dropped_rows_total")
    let holes = Counter(label: "switchhook_store_id_holes_total")
}

/// Whether the log can be written now.
public struct StoreHealth: Hashable, Sendable {
    public enum State: Hashable, Sendable {
        case good
        /// The disk refuses; rows wait in memory and are tried again.
        case failed(reason: String)
    }
    public var state: State
    /// Rows waiting for a commit.
    public var queuedRows: Int
    /// Rows lost because the bound was reached while the disk refused; 0 on a sound box.
    public var droppedRows: Int
}
