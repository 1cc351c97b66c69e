import MediaTime
import Metrics
internal import Synchronization

/// Publishes the gauges through swift-metrics, once a second.
///
/// - Threading: any thread.
final class MediaMetrics: Sendable {
    private let nextAt = Mutex(MonotonicInstant(nanoseconds: 0))
    private let legs = Gauge(label: "switchhook_media_legs")
    private let mixes = Gauge(label: "switchhook_media_mixes")
    private let ticks = Gauge(label: "switchhook_media_ticks")
    private let late = Gauge(label: "switchhook_media_ticks_late_5ms")
    private let latest = Gauge(label: "switchhook_media_tick_lateness_max_ms")
    private let jitter = Gauge(label: "switchhook_media_jitter_ms")
    private let lost = Gauge(label: "switchhook_media_packets_lost")
    private let refused = Gauge(label: "switchhook_media_packets_refused")
    private let xruns = Gauge(label: "switchhook_media_device_xruns")
    private let buckets = ["0.1", "0.5", "1", "2", "5", "+Inf"].map {
        Gauge(label: "switchhook_media_tick_lateness_ms", dimensions: [("le", $0)])
    }

    func recordIfDue(at now: MonotonicInstant, _ read: () -> MediaGauges) {
        let isDue = nextAt.withLock { next in
            guard now >= next else { return false }
            next = now + .seconds(1)
            return true
        }
        guard isDue else { return }
        let gauges = read()
        legs.record(gauges.legs)
        mixes.record(gauges.mixes)
        ticks.record(gauges.ticks)
        late.record(gauges.lateTicks)
        latest.record(gauges.latestMilliseconds)
        jitter.record(gauges.jitterMilliseconds)
        lost.record(gauges.packetsLost)
        refused.record(gauges.packetsRefused)
        xruns.record(gauges.deviceXruns)
        var sum = 0
        for (bucket, count) in zip(buckets, gauges.lateness) {
            sum += count
            bucket.record(sum)
        }
    }
}
