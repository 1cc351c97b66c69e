import Foundation
import Rings
import SoundDevice
import Testing

/// One after the other: they share one ALSA configuration and one sound server, and judge time.
@Suite("sound device", .serialized)
struct SoundDeviceTests {
    init() throws { _ = try SoundRig.shared.get() }

    @Test("the list names configured PCMs with their direction and description")
    func list() {
        let speaker = SoundDevice.list().first { $0.name == "kiosk_out" }
        #expect(speaker?.description == "Box loudspeaker")
        #expect(speaker?.directions.contains(.playback) == true)
    }

    @Test("a tone played by the box is heard by the bench and the other way round", arguments: [5000, 10_000])
    func bothWays(periodMicroseconds: Int) async throws {
        let box = try OpenDevice(
            playback: ["kiosk_out"], capture: ["kiosk_in"], periodMicroseconds: periodMicroseconds)
        let bench = try OpenDevice(playback: ["bench_out"], capture: ["bench_in"])
        #expect(box.reports.all.isEmpty && bench.reports.all.isEmpty)
        #expect(box.device.playbackName == "kiosk_out" && box.device.captureName == "kiosk_in")
        var heardByBench: [Int16] = []
        var heardByBox: [Int16] = []
        var boxTone = Tone(frequency: 1000)
        var benchTone = Tone(frequency: 440)
        try await eventually("two seconds of sound") {
            for (open, tone) in [(box, { boxTone.next() }), (bench, { benchTone.next() })] {
                while open.device.playbackRing.fill < 960 { _ = open.play((0..<480).map { _ in tone() }) }
            }
            heardByBench += bench.record()
            heardByBox += box.record()
            return min(heardByBench.count, heardByBox.count) > 96_000
        }
        #expect(share(of: 1000, in: heardByBench.suffix(48_000)) > 0.8)
        #expect(share(of: 440, in: heardByBench.suffix(48_000)) < 0.01)
        #expect(share(of: 440, in: heardByBox.suffix(48_000)) > 0.8)
        #expect((1...4800).contains(box.device.counters.playbackDelayFrames))
        #expect(box.device.counters.losses == 0)
    }

    @Test("a server that dies is reported, the clock takes over, and its return is reported too")
    func lostAndBack() async throws {
        let rig = try SoundRig.shared.get()
        let open = try OpenDevice(playback: ["kiosk_out"], capture: ["kiosk_in"])
        try await eventually("sound") { open.device.counters.captureFrames > 9600 }
        try rig.stopServer()
        try await eventually("both losses") { open.reports.all.count >= 2 }
        let lost = open.reports.all.prefix(2).compactMap { report -> SoundDirection? in
            if case .lost(let direction, let name, let reason) = report, name.hasPrefix("kiosk_"), !reason.isEmpty {
                return direction
            }
            return nil
        }
        #expect(Set(lost) == [.playback, .capture])
        let frames = open.device.counters.playbackFrames
        let cpu = try soundThreadSeconds()
        try await eventually("the clock") { open.device.counters.playbackFrames > frames + 24_000 }
        #expect(try soundThreadSeconds() - cpu < 0.25)
        try rig.startServer()
        try await eventually("both returns") { open.reports.all.count >= 4 }
        #expect(
            Set(open.reports.all.dropFirst(2).prefix(2))
                == [.back(.playback, name: "kiosk_out"), .back(.capture, name: "kiosk_in")])
        #expect(open.device.counters.losses == 2)
        let again = open.device.counters.captureFrames
        try await eventually("sound again") { open.device.counters.captureFrames > again + 9600 }
    }

    @Test("closing ends in time although the server hangs")
    func hangingServer() async throws {
        let rig = try SoundRig.shared.get()
        let open = try OpenDevice(playback: ["kiosk_out"], capture: ["kiosk_in"])
        try await eventually("sound") { open.device.counters.captureFrames > 4800 }
        try rig.signalServer(SIGSTOP)
        var seen = (frames: 0, since: ContinuousClock.now)
        try await eventually("the standstill") {
            let frames = open.device.counters.captureFrames
            if frames != seen.frames { seen = (frames, .now) }
            return ContinuousClock.now - seen.since > .milliseconds(300)
        }
        let start = ContinuousClock.now
        open.device.close()
        #expect(ContinuousClock.now - start < .seconds(3))
        try rig.signalServer(SIGCONT)
        try rig.stopServer()
        try rig.startServer()
    }
}

private struct Tone {
    var frequency: Double
    private var position = 0
    init(frequency: Double) { self.frequency = frequency }
    mutating func next() -> Int16 {
        position += 1
        return Int16(10_000 * sin(2 * .pi * frequency * Double(position) / 48_000))
    }
}

/// Share of the energy at a frequency in windows of 10 ms, so that a lost period costs little.
private func share(of frequency: Double, in samples: ArraySlice<Int16>) -> Double {
    var matching = 0.0
    var total = 0.0
    var start = samples.startIndex
    while start + 480 <= samples.endIndex {
        var real = 0.0
        var imaginary = 0.0
        for index in start..<(start + 480) {
            let phase = 2 * Double.pi * frequency * Double(index) / 48_000
            real += Double(samples[index]) * cos(phase)
            imaginary += Double(samples[index]) * sin(phase)
            total += Double(samples[index]) * Double(samples[index])
        }
        matching += 2 * (real * real + imaginary * imaginary) / 480
        start += 480
    }
    return total > 0 ? matching / total : 0
}

extension SoundRig {
    /// 16-bit samples of a file in the rig's folder.
    func samples(of file: String) throws -> [Int16] {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + file))
        return stride(from: 0, to: bytes.count - 1, by: 2).map {
            Int16(truncatingIfNeeded: Int(bytes[$0]) | Int(bytes[$0 + 1]) << 8)
        }
    }

    func write(_ samples: [Int16], to file: String) throws {
        let bytes = samples.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
        try Data(bytes).write(to: URL(fileURLWithPath: folder + "/" + file))
    }
}
