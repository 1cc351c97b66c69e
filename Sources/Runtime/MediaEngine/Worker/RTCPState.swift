import RTPTransport

/// What a leg knows of its own sending, and when it reports.
///
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
struct RTCPState {
    var packetsSent: UInt64 = 0
    /// Payload bytes.
    var bytesSent: UInt64 = 0
    /// The last report counted so many: a leg that sent since then sends a sender report.
    var packetsAtReport: UInt64 = 0
    /// Nanoseconds of CLOCK_MONOTONIC.
    var nextReport: UInt64 = 0
    /// When the newest packet went out, and the timestamp it carried.
    var lastSent: UInt64 = 0
    var lastTimestamp: UInt32 = 0
    /// Source of a valid report of the peer.
    var learnt: SocketAddress?
    /// Negative: not known.
    var roundTripMicroseconds = -1
    /// Percent of our packets that the peer missed.
    var lossPercent = 0
}
