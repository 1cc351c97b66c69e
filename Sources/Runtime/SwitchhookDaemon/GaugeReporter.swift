import CallModel
import ConversationRuntime
import CoreMetrics
import EdgeProtocols
import MediaEngine
import Metrics
import SpeechRecognition
import Synchronization
import WebhookClient

/// Gauges of `/metrics` that are read off running parts: calls, legs by state, webhook lag.
final class GaugeReporter: Sendable {
    private let switchboard: Switchboard
    private let delivery: WebhookDelivery
    private let media: MediaEngine
    private let transcriber: Transcriber
    private let lag = Mutex<[EventStream: WebhookLag]>([:])
    private let task = Mutex<Task<Void, Never>?>(nil)

    init(switchboard: Switchboard, delivery: WebhookDelivery, media: MediaEngine, transcriber: Transcriber) {
        self.switchboard = switchboard
        self.delivery = delivery
        self.media = media
        self.transcriber = transcriber
    }

    func start() {
        task.withLock {
            $0 = Task { [weak self] in
                while !Task.isCancelled, let self {
                    await self.readLag()
                    do { try await Task.sleep(for: .seconds(2)) } catch { return }
                }
            }
        }
    }

    func stop() { task.withLock { $0?.cancel() } }

    private func readLag() async {
        for stream in [EventStream.voice, .rtc] {
            // A reader that cannot read its journal says so in the log; the gauge keeps its last value.
            if let lag = try? await delivery.lag(stream) { self.lag.withLock { $0[stream] = lag } }
        }
    }

    /// Brings every gauge up to date; called for each scrape.
    func refresh() {
        let snapshot = switchboard.snapshot()
        Gauge(label: "switchhook_recording_bytes").record(switchboard.recordedBytes)
        Gauge(label: "switchhook_transcriptions").record(transcriber.count)
        Gauge(label: "switchhook_calls").record(snapshot.calls)
        Gauge(label: "switchhook_conversations").record(snapshot.conversations)
        for status in LegStatus.allCases where !status.isTerminal {
            Gauge(label: "switchhook_legs", dimensions: [("state", status.rawValue)])
                .record(snapshot.legsByState[status] ?? 0)
        }
        for (stream, lag) in lag.withLock({ $0 }) {
            let dimensions = [("stream", stream.rawValue)]
            Gauge(label: "switchhook_webhook_positions_behind", dimensions: dimensions).record(lag.positionsBehind)
            Gauge(label: "switchhook_webhook_lag_seconds", dimensions: dimensions)
                .record(Double(lag.oldestMilliseconds) / 1000)
            Gauge(label: "switchhook_webhook_parked", dimensions: dimensions).record(lag.parkedRows)
        }
        record(media.gauges())
    }

    private func record(_ media: MediaGauges) {
        Gauge(label: "switchhook_media_legs").record(media.legs)
        Gauge(label: "switchhook_recordings").record(media.recordings)
        Gauge(label: "switchhook_listenings").record(media.listenings)
        Gauge(label: "switchhook_media_real_time").record(media.isRealTime ? 1 : 0)
        Gauge(label: "switchhook_media_ticks_total").record(media.ticks)
        Gauge(label: "switchhook_media_ticks_late_total").record(media.lateTicks)
        Gauge(label: "switchhook_media_shedding").record(media.shedding)
        Gauge(label: "switchhook_media_tick_latest_seconds").record(media.latestMilliseconds / 1000)
        Gauge(label: "switchhook_media_cpu_seconds_total").record(media.cpuSeconds)
        Gauge(label: "switchhook_media_packets_total", dimensions: [("path", "mix")]).record(media.packetsMixed)
        Gauge(label: "switchhook_media_packets_total", dimensions: [("path", "relay")]).record(media.packetsRelayed)
        Gauge(label: "switchhook_media_packets_refused_total").record(media.packetsRefused)
        Gauge(label: "switchhook_media_packets_lost_total").record(media.packetsLost)
        Gauge(label: "switchhook_media_jitter_seconds").record(media.jitterMilliseconds / 1000)
        Gauge(label: "switchhook_media_device_xruns_total").record(media.deviceXruns)
        Gauge(label: "switchhook_media_playout_delay_seconds").record(media.playoutMilliseconds / 1000)
        Gauge(label: "switchhook_media_playout_delay_max_seconds").record(media.playoutHighestMilliseconds / 1000)
        Gauge(label: "switchhook_media_playout_target_seconds").record(media.playoutTargetMilliseconds / 1000)
    }
}
