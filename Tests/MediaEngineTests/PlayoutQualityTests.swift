import PlayoutTrial
import Testing

@testable import MediaEngine

/// Delay that the playout buffer adds on emulated networks, in virtual time: what issue 3 asks of it.
@Suite struct PlayoutQualityTests {
    struct Target: Sendable, CustomTestStringConvertible {
        var profile: NetworkEmulator.Profile
        /// Milliseconds, with steps of 5 ms; longer steps of the graph add half of what they are longer.
        var delay: Double
        var testDescription: String { profile.name }
    }

    @Test(
        "mean added delay keeps its target with at most 1 % late",
        arguments: [
            Target(profile: .clean, delay: 5.5), Target(profile: .wifi, delay: 58), Target(profile: .lte, delay: 80),
            Target(profile: .congested, delay: 215),
        ])
    func delay(target: Target) throws {
        let speech = try PlayoutRig.speech(rate: 8000)
        var (delay, late, lost) = (0.0, 0.0, 0.0)
        for seed in 1...5 {
            var rig = PlayoutRig()
            rig.step = 5
            rig.phase = Double(seed)
            let outcome = rig.run(speech, target.profile, seed: seed, packets: 9000)
            delay += outcome.meanDelay / 5
            late += outcome.late / 5
            lost += outcome.lost / 5
        }
        print("playout \(target.profile.name): \(delay) ms, \(late) % late, \(lost) % lost")
        #expect(delay <= target.delay)
        #expect(late <= 1)
    }

    @Test(
        "the delay follows what the network does and stays within bounds; its course is kept for plots",
        arguments: [(NetworkEmulator.Profile.clean, 20.0), (.wifi, 200), (.lte, 200), (.congested, 400)])
    func course(profile: NetworkEmulator.Profile, longest: Double) throws {
        let speech = try PlayoutRig.speech(rate: 8000)
        var rig = PlayoutRig()
        rig.keepsTrace = true
        let outcome = rig.run(speech, profile, seed: 1, packets: 3000)
        let delays = outcome.trace.dropFirst(100).map(\.delay)
        #expect(delays.count > 4000)
        #expect((delays.max() ?? .infinity) < longest, "\(delays.max() ?? 0)")
        #expect((delays.min() ?? -1) > -30, "\(delays.min() ?? 0)")
        let rows = outcome.trace.map { "\($0.at),\($0.wanted),\($0.delay),\($0.concealed)" }
        try PlayoutRig.keep(
            (["ms,wanted,delay,concealed"] + rows).joined(separator: "\n"), as: "course-\(profile.name).csv")
        let packets = outcome.arrivals.map { "\($0.at),\($0.delay)" }
        try PlayoutRig.keep(
            (["ms,network"] + packets).joined(separator: "\n"), as: "arrivals-\(profile.name).csv")
    }

    @Test("a crystal 200 ppm off never makes the delay creep nor a packet late", arguments: [-200.0, 200])
    func drift(ppm: Double) throws {
        let speech = try PlayoutRig.speech(rate: 8000)
        var rig = PlayoutRig()
        rig.step = 20
        let outcome = rig.run(speech, .drift(ppm: ppm), seed: 1, packets: 45_000)
        let first = outcome.course[30]
        #expect(outcome.late < 0.1)
        // The grain of the delay is a step of the graph: it saws by that much, and goes nowhere.
        #expect(outcome.course.dropFirst(30).allSatisfy { abs($0 - first) < 25 })
        let means = stride(from: 60, to: outcome.course.count - 60, by: 60).map { start in
            outcome.course[start..<start + 60].reduce(0, +) / 60
        }
        #expect(means.allSatisfy { abs($0 - means[0]) < 10 }, "minutes: \(means)")
    }
}
