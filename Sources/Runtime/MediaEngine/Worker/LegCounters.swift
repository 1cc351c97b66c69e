import Synchronization

/// A leg's counters as its worker publishes them and control reads them at any time.
///
/// Each is exact on its own; together they are of the same 20 ms.
struct LegCounters: ~Copyable {
    let packetsReceived = Atomic<Int>(0)
    let packetsSent = Atomic<Int>(0)
    let bytesReceived = Atomic<Int>(0)
    let bytesSent = Atomic<Int>(0)
    let packetsLost = Atomic<Int>(0)
    let packetsLate = Atomic<Int>(0)
    /// Microseconds; the lowest and highest only once there was a report.
    let jitter = Atomic<Int>(0)
    let jitterLowest = Atomic<Int>(-1)
    let jitterHighest = Atomic<Int>(-1)
    /// Microseconds; negative: not known.
    let roundTrip = Atomic<Int>(-1)
    let concealedSamples = Atomic<Int>(0)
    /// What its playout buffer adds and wants to add, microseconds; negative: it hands out nothing.
    let playoutDelay = Atomic<Int>(-1)
    let playoutTarget = Atomic<Int>(0)
}
