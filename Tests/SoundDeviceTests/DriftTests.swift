import Foundation
import Testing

@testable import SoundDevice

/// A card and a mix with crystals of their own, in virtual time: everything of the path but the samples.
/// `SWITCHHOOK_HOURS=24` makes it a day.
@Suite("drift of a sound device")
struct DriftTests {
    static let hours = Double(ProcessInfo.processInfo.environment["SWITCHHOOK_HOURS"] ?? "") ?? 1
    static let crystals = [(200.0, -200.0), (-200, 200), (0, 0)]

    @Test(
        "for hours the delay stays within 5 ms of the first minute's, and the pitch within 20 ppm of what the clocks ask",
        arguments: crystals)
    func day(mix: Double, card: Double) {
        var line = Line(mix: mix, card: card)
        var first: [Double] = []
        var lowest = Double.infinity
        var highest = -Double.infinity
        var offPitch = 0.0
        for step in 1...Int(Self.hours * 360_000) {
            line.step()
            if step < 100 { continue }
            if step < 6000 { first.append(line.level) }
            lowest = min(lowest, line.level)
            highest = max(highest, line.level)
            if step > 3000 { offPitch = max(offPitch, abs(line.correction - (mix - card) / 1e6)) }
        }
        let usual = first.reduce(0, +) / Double(first.count)
        #expect(highest - usual < 240 && usual - lowest < 240, "\(lowest) to \(highest), at first \(usual)")
        #expect(offPitch < 20e-6, "\(offPitch)")
        #expect(line.spliced == 0)
    }

    @Test(
        "for hours a microphone that does not drive its mix is heard without a gap, within 5 ms of the first minute's delay",
        arguments: crystals)
    func capture(mix: Double, card: Double) {
        var line = CaptureLine(mix: mix, card: card)
        var first: [Double] = []
        var (lowest, highest, offPitch) = (Double.infinity, -Double.infinity, 0.0)
        for step in 1...Int(Self.hours * 360_000) {
            line.step()
            if step < 100 { continue }
            if step < 6000 { first.append(line.level) }
            lowest = min(lowest, line.level)
            highest = max(highest, line.level)
            if step > 3000 { offPitch = max(offPitch, abs(line.correction - (card - mix) / 1e6)) }
        }
        let usual = first.reduce(0, +) / Double(first.count)
        #expect(highest - usual < 240 && usual - lowest < 240, "\(lowest) to \(highest), at first \(usual)")
        #expect(offPitch < 20e-6, "\(offPitch)")
        #expect(line.gaps == 0 && line.spliced == 0)
    }

    @Test("a level that is 20 ms off is brought back in pauses alone", arguments: [960.0, -300])
    func rearranged(samples: Double) {
        var line = Line(mix: 0, card: 0)
        for _ in 1...1000 { line.step() }
        line.disturb(samples)
        line.isQuiet = false
        for _ in 1...200 {
            line.step()
            #expect(abs(line.correction) <= 101e-6)
        }
        #expect(line.spliced == 0)
        line.isQuiet = true
        for _ in 1...100 { line.step() }
        #expect(abs(line.level - line.target) < 80, "\(line.level)")
        #expect(abs(line.spliced - Int(samples)) < 100)
    }
}

/// Playback by virtual time: the mix gives 480 samples a step, the card takes frames by its own clock.
private struct Line {
    let target = 960.0
    private let mixRate: Double
    private let cardRate: Double
    private var steering = StreamSteering(rate: 48_000)
    private var position = ResamplerPosition(reach: 16, step: 1)
    private var now = 0.0
    private var given = 0
    private var written: Int
    private var moved = 0.0
    private var random = Noise(seed: 11)
    private(set) var spliced = 0
    private(set) var level = 960.0
    var isQuiet = true
    var correction: Double { steering.control.correction }

    init(mix: Double, card: Double) {
        mixRate = 48_000 * (1 + mix / 1e6)
        cardRate = 48_000 * (1 + card / 1e6)
        // One step has been played when the first is given; the resampler holds 16.
        written = 960 - 16
    }

    /// The card's buffers change at once.
    mutating func disturb(_ samples: Double) { moved -= samples }

    mutating func step() {
        given += 480
        now = Double(given) / mixRate
        // Turns are late by up to a third of a millisecond.
        let instant = UInt64(now * 1e9) + random.next(upTo: 300_000)
        let played = Double(instant) / 1e9 * cardRate + moved
        steering.saw(position: Int(played), at: instant)
        _ = steering.saw(step: (given, instant))
        var count = 480
        if let card = steering.card.position(at: instant) {
            let held = Double(count) + position.held
            level = held + Double(written) - card
            steering.steer(level: level, target: target, feeds: 1)
            position.step = 1 + steering.control.correction
        }
        let surplus = steering.control.surplus
        if surplus != 0 && (isQuiet || steering.control.isUrgent) {
            let change = max(-180, min(180, surplus))
            count -= change
            spliced += change
            steering.spliced(change)
        }
        let made = position.take(count)
        _ = position.pass(made)
        written += made
    }
}

/// Capture by virtual time: the card gives periods of 480 by its own clock, the mix takes 480 samples a step.
private struct CaptureLine {
    private let mixRate: Double
    private let cardRate: Double
    private var steering = StreamSteering(rate: 48_000)
    private var position = ResamplerPosition(reach: 16, step: 1)
    private var random = Noise(seed: 12)
    private var taken = 0
    private var lastStep: (frames: Int, instant: UInt64) = (0, 0)
    private var read = 0
    /// In the ring: the cushion of a device that does not drive.
    private var fill = 480 + 96
    private(set) var level = 0.0
    private(set) var gaps = 0
    private(set) var spliced = 0
    var correction: Double { steering.control.correction }

    init(mix: Double, card: Double) {
        mixRate = 48_000 * (1 + mix / 1e6)
        cardRate = 48_000 * (1 + card / 1e6)
    }

    mutating func step() {
        taken += 480
        let now = Double(taken) / mixRate
        while Double(read + 480) / cardRate <= now { period() }
        // Turns are late by up to a third of a millisecond.
        lastStep = (taken, UInt64(now * 1e9) + random.next(upTo: 300_000))
        if fill < 480 { gaps += 1 } else { fill -= 480 }
    }

    private mutating func period() {
        let instant = UInt64(Double(read + 480) / cardRate * 1e9) + random.next(upTo: 300_000)
        steering.saw(position: Int(Double(instant) / 1e9 * cardRate), at: instant)
        read += 480
        if steering.saw(step: lastStep), let heard = steering.card.position(at: lastStep.instant) {
            level = Double(fill) + position.held + heard - Double(read - 480)
            steering.steer(level: level, target: 480 + 96 + 16, feeds: -1)
            position.step = 1 + correction
        }
        let made = position.take(480)
        _ = position.pass(made)
        let surplus = steering.control.surplus
        let change = max(-180, min(180, surplus))
        if change != 0 { steering.spliced(change) }
        spliced += abs(change)
        fill += made - change
    }
}
