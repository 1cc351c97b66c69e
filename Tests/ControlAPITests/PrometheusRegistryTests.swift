import Testing

@testable import ControlAPI

@Suite("Prometheus text")
struct PrometheusRegistryTests {
    @Test("counters, gauges and histograms are written under their names, in order")
    func kinds() {
        let registry = PrometheusRegistry()
        registry.counter(label: "b_total", dimensions: [("code", "200")]).increment(by: 3)
        registry.counter(label: "b_total", dimensions: [("code", "404")]).increment(by: 1)
        registry.gauge(label: "a", dimensions: []).set(2.5)
        registry.timer(label: "c_seconds", dimensions: [("op", "x")]).recordNanoseconds(3_000_000)
        let lines = registry.text().split(separator: "\n").map(String.init)
        #expect(
            lines.prefix(7) == [
                "# TYPE a gauge", "a 2.5", "# TYPE b_total counter", "b_total{code=\"200\"} 3",
                "b_total{code=\"404\"} 1", "# TYPE c_seconds histogram", "c_seconds_bucket{op=\"x\",le=\"0.00025\"} 0",
            ])
        #expect(lines.contains("c_seconds_bucket{op=\"x\",le=\"0.005\"} 1"))
        #expect(lines.contains("c_seconds_bucket{op=\"x\",le=\"+Inf\"} 1"))
        #expect(lines.suffix(2) == ["c_seconds_sum{op=\"x\"} 0.003", "c_seconds_count{op=\"x\"} 1"])
    }

    @Test("two users of one series share it")
    func shared() {
        let registry = PrometheusRegistry()
        registry.counter(label: "n", dimensions: [("a", "1"), ("b", "2")]).increment(by: 1)
        registry.counter(label: "n", dimensions: [("b", "2"), ("a", "1")]).increment(by: 1)
        #expect(registry.text() == "# TYPE n counter\nn{a=\"1\",b=\"2\"} 2\n")
    }

    @Test(
        "names and label values are made safe",
        arguments: [
            ("a.b-c", "x", "a_b_c{k=\"x\"} 1"), ("9x", "q\"\\\n", "_9x{k=\"q\\\"\\\\\\n\"} 1"),
            ("", "é", "_{k=\"é\"} 1"),
        ])
    func escaping(name: String, value: String, line: String) {
        let registry = PrometheusRegistry()
        registry.counter(label: name, dimensions: [("k", value)]).increment(by: 1)
        #expect(registry.text().split(separator: "\n").last.map(String.init) == line)
    }

    @Test("a name keeps its first kind, and a label with unbounded values stops at the limit")
    func bounds() {
        let registry = PrometheusRegistry()
        registry.counter(label: "n", dimensions: []).increment(by: 1)
        registry.gauge(label: "n", dimensions: []).set(7.0)
        #expect(registry.text() == "# TYPE n counter\nn 1\n")
        for index in 0...PrometheusRegistry.seriesLimit {
            registry.counter(label: "m", dimensions: [("i", "\(index)")]).increment(by: 1)
        }
        let count = registry.text().split(separator: "\n").count { $0.hasPrefix("m{") }
        #expect(count == PrometheusRegistry.seriesLimit)
    }

    @Test("a destroyed series is gone")
    func destroy() {
        let registry = PrometheusRegistry()
        let counter = registry.counter(label: "n", dimensions: [])
        counter.increment(by: 1)
        registry.destroyCounter(counter)
        #expect(registry.text() == "")
    }

    @Test("values beyond the number line are spelled as the format wants them")
    func extremes() {
        let registry = PrometheusRegistry()
        registry.gauge(label: "a", dimensions: []).set(Double.infinity)
        registry.gauge(label: "b", dimensions: []).set(-Double.infinity)
        registry.gauge(label: "c", dimensions: []).set(Double.nan)
        let text = registry.text()
        #expect(text.contains("a +Inf\n") && text.contains("b -Inf\n") && text.contains("c NaN\n"))
    }
}

extension PrometheusRegistry {
    // The series themselves, so that tests need no module of the metrics library.
    fileprivate func counter(label: String, dimensions: [(String, String)]) -> PrometheusCounter {
        makeCounter(label: label, dimensions: dimensions) as? PrometheusCounter ?? PrometheusCounter()
    }
    fileprivate func gauge(label: String, dimensions: [(String, String)]) -> PrometheusGauge {
        makeMeter(label: label, dimensions: dimensions) as? PrometheusGauge ?? PrometheusGauge()
    }
    fileprivate func timer(label: String, dimensions: [(String, String)]) -> PrometheusHistogram {
        makeTimer(label: label, dimensions: dimensions) as? PrometheusHistogram ?? PrometheusHistogram(bounds: .seconds)
    }
}
