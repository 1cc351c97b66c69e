import CallModel
import Testing

@testable import MediaEngine

@Suite struct VoiceLinkTests {
    @Test("what a device plays and hears again is taken out, in the order of the worker's steps")
    func echo() throws {
        let link = try #require(VoiceLink(Self.device(cancelsEcho: true)))
        defer { link.deallocate() }
        let (step, delay, seconds) = (480, 1440, 4)
        var state: UInt32 = 1
        // Bursts of noise, as syllables come and go.
        let far = (0..<(48_000 * seconds)).map { index -> Int16 in
            state = state &* 1_664_525 &+ 1_013_904_223
            return index / 9600 % 3 == 2 ? 0 : Int16(truncatingIfNeeded: Int(Int32(bitPattern: state) >> 20))
        }
        var (before, after) = (0.0, 0.0)
        for start in stride(from: 0, to: far.count, by: step) {
            var heard = (start..<(start + step)).map { $0 < delay ? 0 : far[$0 - delay] / 2 }
            let isJudged = start >= 48_000 * (seconds - 1)
            if isJudged { before += heard.reduce(0) { $0 + Double($1) * Double($1) } }
            unsafe heard.withUnsafeMutableBufferPointer { samples in
                guard let base = samples.baseAddress else { return }
                unsafe link.captured(base, count: step)
            }
            if isJudged { after += heard.reduce(0) { $0 + Double($1) * Double($1) } }
            let played = Array(far[start..<(start + step)])
            unsafe played.withUnsafeBufferPointer { samples in
                guard let base = samples.baseAddress else { return }
                unsafe link.played(base, count: step)
            }
        }
        #expect(before > 1000 * after)
    }

    @Test("with every part off, or without a room, there is nothing to run")
    func off() {
        let echo = DeviceSetting(playback: ["echo"], capture: ["echo"])
        for link in [VoiceLink(Self.device(cancelsEcho: false)), VoiceLink(echo)] {
            #expect(link == nil)
            link?.deallocate()
        }
    }

    private static func device(cancelsEcho: Bool) -> DeviceSetting {
        var device = DeviceSetting(playback: ["none"], capture: ["none"])
        device.cancelsEcho = cancelsEcho
        device.suppressesNoise = false
        device.controlsGain = false
        return device
    }
}
