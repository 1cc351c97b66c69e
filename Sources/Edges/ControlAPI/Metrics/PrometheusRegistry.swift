public import Metrics
import Synchronization

/// The metrics backend of the daemon: keeps every series and writes them as Prometheus text.
///
/// - Threading: any thread; a hot path touches only its own handler (an atomic or one short lock).
/// - Bounds: at most `seriesLimit` series per name; what comes after is counted nowhere but never fails its caller.
/// - Reference: Prometheus exposition format 0.0.4; swift-metrics `MetricsFactory`.
public final class PrometheusRegistry: MetricsFactory, Sendable {
    /// Content type of `text()`.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"
    /// Series of one name; more would mean a label with unbounded values.
    public static let seriesLimit = 1000

    private struct Family {
        var kind: String
        /// Keyed by the label text, `{a="b"}` or empty.
        var series: [String: any PrometheusSeries] = [:]
    }

    private let families = Mutex<[String: Family]>([:])

    public init() {}

    /// All series, names and labels in alphabetical order.
    public func text() -> String {
        families.withLock { families in
            var out = ""
            for (name, family) in families.sorted(by: { $0.key < $1.key }) where !family.series.isEmpty {
                out += "# TYPE \(name) \(family.kind)\n"
                for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
                    series.write(name: name, labels: labels, to: &out)
                }
            }
            return out
        }
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, kind: "counter") { PrometheusCounter() }
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(label, dimensions, kind: "counter") { PrometheusFloatingCounter() }
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, kind: "gauge") { PrometheusGauge() }
    }

    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        if aggregate {
            return series(label, dimensions, kind: "histogram") { PrometheusHistogram(bounds: .values) }
        }
        return series(label, dimensions, kind: "gauge") { PrometheusGauge() }
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, kind: "histogram") { PrometheusHistogram(bounds: .seconds) }
    }

    public func destroyCounter(_ handler: any CounterHandler) { forget(handler) }
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { forget(handler) }
    public func destroyMeter(_ handler: any MeterHandler) { forget(handler) }
    public func destroyRecorder(_ handler: any RecorderHandler) { forget(handler) }
    public func destroyTimer(_ handler: any TimerHandler) { forget(handler) }

    /// The handler of a name and its labels: two users of one series share it.
    private func series<S: PrometheusSeries>(
        _ label: String, _ dimensions: [(String, String)], kind: String, make: () -> S
    ) -> S {
        let name = PrometheusText.name(label)
        let labels = PrometheusText.labels(dimensions)
        return families.withLock { families in
            if let found = families[name]?.series[labels] as? S { return found }
            let made = make()
            let family = families[name] ?? Family(kind: kind)
            // A name used for two kinds, or too many label values: the second one is kept out of the text.
            guard family.kind == kind, family.series[labels] == nil, family.series.count < Self.seriesLimit else {
                return made
            }
            families[name, default: family].series[labels] = made
            return made
        }
    }

    private func forget(_ handler: AnyObject) {
        families.withLock { families in
            for (name, family) in families {
                guard let found = family.series.first(where: { $0.value === handler }) else { continue }
                families[name]?.series[found.key] = nil
                return
            }
        }
    }
}
