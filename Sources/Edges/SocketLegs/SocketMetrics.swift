import Metrics

/// Figures of all websocket legs.
struct SocketMetrics: Sendable {
    /// Connected now.
    let open = Gauge(label: "switchhook_websocket_legs")
    /// Frames of 20 ms that a peer did not read in time.
    let unread = Counter(label: "switchhook_websocket_frames_unread_total")
    /// Samples beyond the 60 s that are kept for a peer.
    let overfull = Counter(label: "switchhook_websocket_samples_dropped_total")
    /// Text messages that were ignored.
    let ignored = Counter(label: "switchhook_websocket_messages_ignored_total")
}
