import Foundation
import PlayoutTrial
import Testing
import VoiceCodecs

@testable import MediaEngine

/// Calls that last: every crystal off, delay and sound as in the first minute. `SWITCHHOOK_HOURS=24` makes it a day.
@Suite struct DayTests {
    static let hours = Double(ProcessInfo.processInfo.environment["SWITCHHOOK_HOURS"] ?? "") ?? 0.1

    /// Parts per million of the sender and of the card that drives the mix.
    static let crystals = [(200.0, -200.0), (-200, 200), (200, 0)]

    @Test("with every crystal 200 ppm off the delay stays within 5 ms of the first minute's", arguments: crystals)
    func speech(sender: Double, mix: Double) throws {
        let samples = try PlayoutRig.speech(rate: 8000)
        let payloads = stride(from: 0, to: samples.count - 160, by: 160).map { start in
            samples[start..<start + 160].map { G711.encodeMuLaw($0) }
        }
        let day = DayRig(senderPPM: sender, mixPPM: mix).run(payloads, hours: Self.hours)
        try tell("speech", sender, mix, day)
        #expect(day.creep < 5, "minutes: \(day.minutes.min() ?? 0) to \(day.minutes.max() ?? 0)")
        // A packet is wanted at a step of the mix: second by second the delay saws by a step, 10 ms, and no more.
        let seconds = day.seconds.dropFirst(10)
        let saw = (seconds.max() ?? 0) - (seconds.min() ?? 0)
        #expect(saw < 13, "\(saw)")
        #expect(day.leftOut == 0)
        #expect(Double(day.late) < Double(day.packets) / 1000, "\(day.late) of \(day.packets)")
    }

    @Test("a tone is heard without a click though its sender's crystal and the mix's differ", arguments: crystals)
    func tone(sender: Double, mix: Double) throws {
        // 200 Hz and its octaves: every packet is the same.
        let samples = (0..<160).map { index in
            let angle = 2 * Double.pi * Double(index) / 40
            return Int16(4000 * sin(angle) + 2000 * sin(2 * angle) + 1000 * sin(4 * angle))
        }
        let payload = samples.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] }
        let rig = DayRig(senderPPM: sender, mixPPM: mix, codec: .l16Narrow, listensForClicks: true)
        let day = rig.run([payload], hours: Self.hours)
        var usual = 0
        for index in 0..<160 {
            let (one, two, three) = (samples[index], samples[(index + 1) % 160], samples[(index + 2) % 160])
            usual = max(usual, abs(Int(one) - 2 * Int(two) + Int(three)))
        }
        try tell("tone", sender, mix, day)
        #expect(day.creep < 5, "minutes: \(day.minutes.min() ?? 0) to \(day.minutes.max() ?? 0)")
        // 32 is -60 dBFS; a step bends the sound by as much.
        #expect(day.roughness < usual + 32, "\(day.roughness), of the tone \(usual)")
        #expect(day.leftOut == 0)
    }

    /// For `make quality`.
    private func tell(_ name: String, _ sender: Double, _ mix: Double, _ day: DayRig.Day) throws {
        let figures = """
            {"sound": "\(name)", "sender_ppm": \(sender), "mix_ppm": \(mix), "hours": \(Self.hours), \
            "first_minute_ms": \(day.minutes[0]), "creep_ms": \(day.creep), "late": \(day.late), \
            "packets": \(day.packets), "left_out_ms": \(day.leftOut), "roughness": \(day.roughness)}
            """
        try PlayoutRig.keep(figures, as: "day-\(name)-\(Int(sender))-\(Int(mix)).json")
    }
}
