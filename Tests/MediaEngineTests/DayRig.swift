import AudioGraph
import Foundation
import MediaTime
import VoiceCodecs

@testable import MediaEngine

/// One voice for hours, in virtual time: a sender and a mix with crystals of their own, a network between them.
///
/// The wire's timestamps wrap within the first minute.
struct DayRig {
    struct Day {
        /// Mean delay that the playout buffer added, milliseconds, minute by minute and second by second.
        var minutes: [Double] = []
        var seconds: [Double] = []
        /// Packets that were late or not there in time.
        var late = 0
        var packets = 0
        /// Milliseconds of sound left out at once.
        var leftOut = 0
        /// Second differences of what was heard, highest after the first minute.
        var roughness = 0

        /// How far the minutes are from the first whole one.
        var creep: Double { minutes.map { abs($0 - minutes[0]) }.max() ?? .infinity }
    }

    var senderPPM: Double
    var mixPPM: Double
    var codec = CodecKind.pcmu
    /// Milliseconds between two steps of the mix; 10 with a sound device.
    var step = 10
    var listensForClicks = false

    /// `payloads`: packets of 20 ms, sent one after the other and again from the first.
    func run(_ payloads: [[UInt8]], hours: Double) -> Day {
        var input = LegInput()
        input.use(codec)
        defer { input.deallocate() }
        let equipment = LegEquipment()
        let wanted = codec.sampleRate / 1000 * step
        let ticks = UInt32(20 * codec.ticksPerMillisecond)
        let memory = UnsafeMutablePointer<Int16>.allocate(capacity: wanted + 2)
        unsafe memory.initialize(repeating: 0, count: wanted + 2)
        defer { unsafe memory.deallocate() }
        var random = SeededNoise(seed: 5)
        var (number, arrival) = (0, 20.0)
        var day = Day()
        var (second, minute) = (Sum(), Sum())
        let turns = Int(hours * 3_600_000) / step
        for turn in 1...turns {
            let now = Double(turn * step) / (1 + mixPPM * 1e-6)
            input.pulled(next: Self.nanoseconds(now))
            while arrival <= now {
                unsafe payloads[number % payloads.count].withUnsafeBufferPointer { bytes in
                    guard let start = bytes.baseAddress else { return }
                    _ = unsafe input.playout.push(
                        start, count: bytes.count, sequence: UInt64(64_000 + number),
                        timestamp: UInt32.max - 200_000 &+ UInt32(truncatingIfNeeded: number) &* ticks,
                        arrival: MonotonicInstant(nanoseconds: Self.nanoseconds(arrival)))
                }
                number += 1
                // In order, up to 3 ms late, most far less.
                let sent = Double(number * 20) / (1 + senderPPM * 1e-6)
                arrival = max(arrival, sent + 20 + min(3, -0.5 * log(1 - random.draw())))
            }
            unsafe _ = input.pull(wanted, into: memory + 2, equipment: equipment)
            if listensForClicks && turn * step > 60_000 {
                day.roughness = max(day.roughness, unsafe Self.roughness(memory, wanted))
            }
            unsafe memory[0] = memory[wanted]
            unsafe memory[1] = memory[wanted + 1]
            if turn * step % 1000 == 0 { day.seconds.append(mean(input.playout, since: &second)) }
            if turn * step % 60_000 == 0 { day.minutes.append(mean(input.playout, since: &minute)) }
        }
        day.packets = number
        day.late = Int(input.playout.late + input.playout.starvations)
        day.leftOut = Int(input.playout.leftOut) / Int(codec.ticksPerMillisecond)
        return day
    }

    private struct Sum {
        var delay: Int64 = 0
        var packets = 0
    }

    /// Milliseconds.
    private func mean(_ playout: PlayoutBuffer, since sum: inout Sum) -> Double {
        let packets = playout.delayCount - sum.packets
        let mean = Double(playout.delaySum - sum.delay) / Double(max(1, packets)) / 1e6
        sum = Sum(delay: playout.delaySum, packets: playout.delayCount)
        return mean
    }

    private static func roughness(_ samples: UnsafePointer<Int16>, _ count: Int) -> Int {
        var most = 0
        for index in 0..<count {
            let bend = unsafe Int(samples[index]) - 2 * Int(samples[index + 1]) + Int(samples[index + 2])
            most = max(most, abs(bend))
        }
        return most
    }

    private static func nanoseconds(_ milliseconds: Double) -> UInt64 {
        1_000_000_000 + UInt64(milliseconds * 1_000_000)
    }
}

/// The same numbers for the same seed, 0 to below 1.
private struct SeededNoise {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

    mutating func draw() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((z ^ (z >> 31)) >> 11) / 9_007_199_254_740_992
    }
}
