import Foundation
import LatencyLab
import Testing
import WireJSON

@Suite("probe and figures of the latency lab")
struct ProbeTests {
    @Test(
        "a sweep is found to a twentieth of a sample, in noise and at a tenth of its level",
        arguments: [0.0, 0.25, 480.5, 1201.75, 15_000.3], [48_000, 8000])
    func found(delay: Double, sampleRate: Int) throws {
        let probe = Probe(sampleRate: sampleRate)
        let delay = delay * Double(sampleRate) / 48_000
        let heard = delayed(probe.signal(sweeps: 3, lead: 1000), by: delay)
        for number in 0..<2 {
            let found = try #require(probe.delay(of: 1000 + number * probe.spacing, in: heard))
            #expect(abs(found - delay) < 0.05, "\(found) for \(delay)")
        }
    }

    @Test("in silence, noise or another tone nothing is found")
    func nothing() {
        let probe = Probe(sampleRate: 48_000)
        var state: UInt32 = 1
        let noise = (0..<60_000).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return Int16(truncatingIfNeeded: Int(state >> 16)) / 4
        }
        #expect(probe.delay(of: 0, in: [Int16](repeating: 0, count: 60_000)) == nil)
        #expect(probe.delay(of: 0, in: noise) == nil)
        #expect(probe.delay(of: 0, in: (0..<60_000).map { $0 / 24 % 2 == 0 ? 9000 : -9000 }) == nil)
    }

    @Test("the error bar holds what the order of the values says")
    func errorBar() throws {
        #expect(DelaySeries([]).median == nil && DelaySeries([]).errorBar == nil)
        #expect(DelaySeries([7]).median == 7 && DelaySeries([7]).errorBar == 0)
        #expect(DelaySeries([1, 2, 3, 10]).median == 2.5)
        // Ten values: the second to the ninth hold the median at 97.9 %.
        let ten = DelaySeries((1...10).map(Double.init))
        #expect(ten.median == 5.5)
        #expect(ten.errorBar == 3.5)
    }

    @Test("a report without a sweep says so, and its JSON has no figure")
    func unheard() {
        let report = LatencyReport(kind: "loop", subject: "a to b", delays: DelaySeries([]), sweeps: 5, parts: [])
        #expect(report.text == ["a to b: none of 5 sweeps was heard"])
        #expect(report.json["delay_ms"]?.isNull == true)
    }

    /// A tenth of the level, later by whole and part samples (a windowed sinc), with some noise.
    private func delayed(_ samples: [Int16], by delay: Double) -> [Int16] {
        let whole = Int(delay)
        let part = delay - Double(whole)
        var state: UInt32 = 7
        return (0..<samples.count).map { index in
            var sum = 0.0
            for tap in -16...16 {
                let place = index - whole - tap
                guard samples.indices.contains(place) else { continue }
                let distance = Double(tap) - part
                let angle = Double.pi * distance
                let sinc = abs(distance) < 1e-9 ? 1 : sin(angle) / angle
                let window = 0.5 + 0.5 * cos(angle / 17)
                sum += sinc * window * Double(samples[place])
            }
            state = state &* 1_664_525 &+ 1_013_904_223
            return Int16((sum / 10).rounded()) + Int16(state >> 28)
        }
    }
}
