import Metrics
import Synchronization

/// One series: a value (or histogram) that writes itself.
protocol PrometheusSeries: AnyObject, Sendable {
    func write(name: String, labels: String, to out: inout String)
}

/// A counter of whole steps.
final class PrometheusCounter: CounterHandler, PrometheusSeries {
    private let value = Atomic<Int64>(0)

    func increment(by amount: Int64) { value.wrappingAdd(amount, ordering: .relaxed) }
    func reset() { value.store(0, ordering: .relaxed) }

    func write(name: String, labels: String, to out: inout String) {
        out += "\(name)\(labels) \(value.load(ordering: .relaxed))\n"
    }
}

/// A counter of fractions, such as seconds.
final class PrometheusFloatingCounter: FloatingPointCounterHandler, PrometheusSeries {
    private let value = Mutex(0.0)

    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func reset() { value.withLock { $0 = 0 } }

    func write(name: String, labels: String, to out: inout String) {
        out += "\(name)\(labels) \(PrometheusText.number(value.withLock { $0 }))\n"
    }
}

/// A value that goes up and down; also a recorder that is not aggregated (the last value counts).
final class PrometheusGauge: MeterHandler, RecorderHandler, PrometheusSeries {
    private let value = Mutex(0.0)

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { self.value.withLock { $0 = value } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }

    func write(name: String, labels: String, to out: inout String) {
        out += "\(name)\(labels) \(PrometheusText.number(value.withLock { $0 }))\n"
    }
}

/// A histogram with fixed buckets: timers in seconds, aggregated recorders in their own unit.
final class PrometheusHistogram: TimerHandler, RecorderHandler, PrometheusSeries {
    /// Upper bounds of the buckets, ascending, without the last one (+Inf).
    struct Bounds: Sendable {
        let limits: [Double]
        /// 0.25 ms to 10 s: from a commit to a webhook deadline.
        static let seconds = Bounds(
            limits: [
                0.00025, 0.0005, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2,
                0.5, 1, 2, 5, 10,
            ])
        /// 1 to 100 000 in steps of 1, 2 and 5, for counts, bytes and percentages.
        static let values = Bounds(
            limits: [
                1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000,
            ])
    }

    private struct State {
        /// One per bound and one for +Inf; not cumulative.
        var counts: [UInt64]
        var sum = 0.0
    }

    private let limits: [Double]
    private let state: Mutex<State>

    init(bounds: Bounds) {
        limits = bounds.limits
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.limits.count + 1)))
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        if value.isNaN { return }
        let bucket = limits.firstIndex { value <= $0 } ?? limits.count
        state.withLock {
            $0.counts[bucket] += 1
            $0.sum += value
        }
    }

    func write(name: String, labels: String, to out: inout String) {
        let (counts, sum) = state.withLock { ($0.counts, $0.sum) }
        var total: UInt64 = 0
        for (index, count) in counts.enumerated() {
            total += count
            let bound = index < limits.count ? PrometheusText.number(limits[index]) : "+Inf"
            out += "\(name)_bucket\(PrometheusText.labels(labels, bound: bound)) \(total)\n"
        }
        out += "\(name)_sum\(labels) \(PrometheusText.number(sum))\n"
        out += "\(name)_count\(labels) \(total)\n"
    }
}
