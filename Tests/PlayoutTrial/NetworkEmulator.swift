import Foundation
import Testing

/// What a network does to the packets of one direction, the same for the same seed: losses in groups, jitter, growing
/// and draining queues, steps of the delay, packets that overtake each other, a sender's crystal.
///
/// - Units: milliseconds.
package struct NetworkEmulator {
    package struct Profile: Sendable, CustomStringConvertible {
        package var name: String
        var base = 10.0
        /// Exponential, with a bound.
        var jitter = 0.0
        var longestJitter = 1e9
        /// Gilbert-Elliott: chances to turn bad and good per packet, chances of loss while good and bad.
        var turnsBad = 0.0
        var turnsGood = 1.0
        var lossWhileGood = 0.0
        var lossWhileBad = 1.0
        /// A queue that grows by so much with a chance per packet, and drains.
        var spikeChance = 0.0
        var spike: ClosedRange<Double> = 0...0
        var drain = 20.0
        /// Delays from a second on, repeated.
        var steps: [(second: Double, delay: Double)] = []
        var period = 1e9
        var keepsOrder = true
        var overtakeChance = 0.0
        var overtakenBy = 0.0
        var driftPPM = 0.0
        package var description: String { name }

        init(_ name: String) { self.name = name }

        package static let clean = make("clean") { ($0.jitter, $0.longestJitter) = (0.3, 2) }
        package static let wifi = make("wifi") {
            ($0.base, $0.jitter, $0.longestJitter) = (12, 3, 40)
            ($0.turnsBad, $0.turnsGood) = (0.0103, 0.3333)
            ($0.spikeChance, $0.spike, $0.drain) = (0.004, 40...120, 18)
        }
        package static let lte = make("lte") {
            ($0.base, $0.jitter, $0.longestJitter) = (35, 6, 60)
            $0.steps = [(0, 35), (8, 75), (14, 50), (20, 120), (26, 40)]
            $0.period = 32
            ($0.turnsBad, $0.turnsGood, $0.lossWhileGood, $0.lossWhileBad) = (0.002, 0.25, 0.0005, 0.6)
        }
        package static let congested = make("congested") {
            ($0.base, $0.jitter, $0.longestJitter) = (40, 15, 150)
            ($0.turnsBad, $0.turnsGood, $0.lossWhileGood, $0.lossWhileBad) = (0.0556, 0.2, 0.01, 0.9)
            ($0.spikeChance, $0.spike, $0.drain) = (0.01, 60...250, 15)
        }
        package static let reorder = make("reorder") {
            ($0.base, $0.jitter, $0.longestJitter, $0.keepsOrder) = (20, 1, 5, false)
            ($0.overtakeChance, $0.overtakenBy) = (0.05, 45)
        }
        package static func random(loss: Double) -> Profile {
            make("random") { ($0.jitter, $0.longestJitter, $0.lossWhileGood) = (0.3, 2, loss) }
        }
        package static func drift(ppm: Double) -> Profile {
            make("drift") { ($0.base, $0.jitter, $0.longestJitter, $0.driftPPM) = (100, 0.5, 3, ppm) }
        }

        private static func make(_ name: String, _ edit: (inout Profile) -> Void) -> Profile {
            var profile = Profile(name)
            edit(&profile)
            return profile
        }
    }

    private let profile: Profile
    private let packetTime: Double
    private var state: UInt64
    private var number = 0
    private var isBad = false
    private var queue = 0.0
    private var last = -1e9

    package init(_ profile: Profile, seed: Int, packetTime: Double = 20) {
        self.profile = profile
        self.packetTime = packetTime
        state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15
    }

    private mutating func draw() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((z ^ (z >> 31)) >> 11) / 9_007_199_254_740_992
    }

    /// Delay of the next packet; nil: it is lost. As many draws for each packet, whatever becomes of it.
    package mutating func next() -> Double? {
        let draws = (0..<6).map { _ in draw() }
        let sent = Double(number) * packetTime
        number += 1
        var delay = profile.base
        let second = (sent / 1000).truncatingRemainder(dividingBy: profile.period)
        for step in profile.steps where second >= step.second { delay = step.delay }
        delay += min(-log(1 - draws[0]) * profile.jitter, profile.longestJitter)
        if draws[1] < profile.spikeChance {
            queue += profile.spike.lowerBound + draws[2] * (profile.spike.upperBound - profile.spike.lowerBound)
        }
        delay += queue
        queue = max(0, queue - profile.drain)
        isBad = isBad ? draws[3] >= profile.turnsGood : draws[3] < profile.turnsBad
        delay += profile.driftPPM * 1e-6 * sent
        if draws[4] < (isBad ? profile.lossWhileBad : profile.lossWhileGood) { return nil }
        if profile.keepsOrder {
            delay = max(delay, last - sent)
            last = sent + delay
        }
        return draws[5] < profile.overtakeChance ? delay + profile.overtakenBy : delay
    }
}
