import Testing

@testable import SoundDevice

@Suite("parts of a sound device")
struct PartTests {
    @Test(
        "a stable name becomes an ALSA name",
        arguments: [
            ("card:PCH", "plughw:CARD=PCH"), ("card:Device,1", "plughw:CARD=Device,DEV=1"), ("default", "default"),
            ("hw:0,0", "hw:0,0"), ("card:", "card:"),
        ])
    func names(configured: String, alsa: String) { #expect(PCMName.alsaName(configured) == alsa) }

    @Test(
        "a period is a whole number of frames inside its range",
        arguments: [(10_000, 480), (5000, 240), (2500, 120), (20_000, 960), (1, 120), (1_000_000, 1920)])
    func periods(microseconds: Int, frames: Int) {
        let configuration = SoundDeviceConfiguration(
            playback: [], capture: [], periodMicroseconds: microseconds, periods: 2)
        #expect(configuration.periodFrames == frames)
    }

    @Test("periods by the clock never drift, however late each wake-up is", arguments: [240, 441, 480])
    func clockKeepsPace(frames: Int) {
        var clock = PeriodClock(periodFrames: frames, start: 1000)
        var now: UInt64 = 1000
        var periods = 0
        var random = SystemRandomNumberGenerator()
        for _ in 0..<10_000 {
            now = clock.deadline + UInt64.random(in: 0...30_000_000, using: &random)
            while clock.takePeriod(at: now) { periods += 1 }
        }
        let due = Double(now - 1000) * 48_000 / 1e9 / Double(frames)
        #expect(abs(Double(periods) - due) <= 1)
    }

    @Test("a standstill of more than a second is not made up for")
    func standstill() {
        var clock = PeriodClock(periodFrames: 480, start: 0)
        var periods = 0
        while clock.takePeriod(at: 3_600_000_000_000) { periods += 1 }
        #expect(periods == 1)
        #expect(clock.deadline == 3_600_010_000_000)
    }

    @Test("channels are mixed to their mean and spread to the first two", arguments: [false, true], [1, 2, 6])
    func conversion(isWide: Bool, channels: Int) {
        let mono: [Int16] = [0, 1000, -1000, 32_767, -32_768]
        var frames = [Int32](repeating: 0, count: mono.count * channels)
        var back = [Int16](repeating: 0, count: mono.count)
        unsafe frames.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            unsafe PCMFrames.spread(
                mono, count: mono.count, into: base, channels: channels, map: 3, isWide: isWide)
            unsafe PCMFrames.mix(
                base, channels: channels, map: PCMFrames.map([], channels: channels, isCapture: true), isWide: isWide,
                into: &back, count: mono.count)
        }
        // Four of six channels are silent.
        let share = channels > 2 ? 3 : 1
        #expect(back == mono.map { Int16(Int($0) / share) })
    }
}
