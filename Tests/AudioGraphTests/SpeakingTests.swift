import Foundation
import Testing

@testable import AudioGraph

@Suite struct SpeakingTests {
    /// Feeds sound in steps of 10 ms; returns (is on, milliseconds) of each change.
    private func changes(_ sound: [Int16], rate: Int) -> [(isOn: Bool, at: Int)] {
        var detector = SpeakingDetector()
        var found: [(Bool, Int)] = []
        let step = rate / 100
        for start in stride(from: 0, to: sound.count - step, by: step) {
            let hasChanged = unsafe sound[start..<start + step].withUnsafeBufferPointer { part in
                unsafe detector.hear(part.baseAddress, count: step, rate: rate)
            }
            if hasChanged { found.append((detector.isOn, (start + step) * 1000 / rate)) }
        }
        return found
    }

    private func noise(_ level: Double, count: Int) -> [Int16] {
        var random = SystemRandomNumberGenerator()
        return (0..<count).map { _ in Int16(Double.random(in: -1...1, using: &random) * level) }
    }

    @Test("a spoken sentence in noise is one stretch of speaking, which begins and ends with it")
    func sentence() throws {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Fixtures/audio/f198.wav").standardizedFileURL
        let bytes = [UInt8](try Data(contentsOf: path)).dropFirst(44)
        let speech = stride(from: bytes.startIndex, to: bytes.endIndex - 1, by: 2).map {
            Int16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8)
        }
        let sound = noise(30, count: 16_000) + speech + noise(30, count: 32_000)
        let found = changes(sound, rate: 16_000)
        let loud = speech.indices.filter { abs(Int(speech[$0])) > 1000 }
        let first = try #require(loud.first) / 16 + 1000
        let last = try #require(loud.last) / 16 + 1000
        #expect(found.first?.isOn == true && found.last?.isOn == false)
        let (begun, ended) = (try #require(found.first).at, try #require(found.last).at)
        #expect(abs(begun - first) < 250, "\(found), speech from \(first) to \(last)")
        #expect(abs(ended - last - 500) < 300, "\(found), speech from \(first) to \(last)")
        // It has pauses of its own that are longer than half a second only where a reader takes breath.
        #expect(found.count <= 6)
    }

    @Test("noise, a click and a cough of 60 ms are no speaking; half a second of silence ends it")
    func limits() {
        #expect(changes(noise(400, count: 40_000), rate: 8000).isEmpty)
        let click = [Int16](repeating: 12_000, count: 480) + [Int16](repeating: 0, count: 8000)
        #expect(changes([Int16](repeating: 0, count: 4000) + click + click, rate: 8000).isEmpty)
        let tone = Tones.sine(440, rate: 8000, count: 8000)
        let found = changes(
            tone + [Int16](repeating: 0, count: 3200) + tone + [Int16](repeating: 0, count: 8000), rate: 8000)
        #expect(found.map(\.isOn) == [true, false], "a pause of 400 ms is none")
        #expect(found.map(\.at).last.map { (2900...2940).contains($0) } == true, "\(found)")
    }

    @Test("voices go down within a tenth of a second and up within half of one, without a step")
    func ducking() {
        var ducking = SmoothGain()
        func gains(_ target: Float, steps: Int) -> [Int32] {
            (0..<steps).flatMap { _ in
                var sum = [Int32](repeating: 10_000, count: 160)
                unsafe sum.withUnsafeMutableBufferPointer { buffer in
                    guard let start = buffer.baseAddress else { return }
                    unsafe ducking.move(start, count: 160, rate: 8000, to: target)
                }
                return sum
            }
        }
        #expect(gains(1, steps: 2).allSatisfy { $0 == 10_000 })
        let down = gains(0.25, steps: 6)
        #expect(down.last.map { abs($0 - 2500) <= 1 } == true && abs(down[799] - 2500) < 30)
        let up = gains(1, steps: 25)
        #expect(up.last.map { abs($0 - 10_000) <= 1 } == true && up[1600] < 7000)
        for (a, b) in zip(down + up, (down + up).dropFirst()) { #expect(abs(a - b) < 20) }
        #expect(gains(1, steps: 1).allSatisfy { $0 == 10_000 }, "what is at its full height is left alone")
    }

    @Test("a voice that fades in, fades out or ends for want of sound has no step and no bend")
    func fades() {
        let tone = Tones.sine(100, rate: 8000, count: 400, amplitude: 2000, from: 20)
        func bend(_ samples: [Int32]) -> Int32 {
            (1..<samples.count - 1).map { abs(samples[$0 + 1] - 2 * samples[$0] + samples[$0 - 1]) }.max() ?? 0
        }
        let plain = bend(tone.map { Int32($0) })
        var rising = tone
        var falling = tone
        var tail = [Int32](repeating: 0, count: 80)
        unsafe rising.withUnsafeMutableBufferPointer { buffer in
            if let start = buffer.baseAddress { unsafe SampleMath.fadeIn(start, count: 40) }
        }
        unsafe falling.withUnsafeMutableBufferPointer { buffer in
            if let start = buffer.baseAddress { unsafe SampleMath.fadeOut(start, count: 400, within: 40) }
        }
        unsafe tone.withUnsafeBufferPointer { source in
            unsafe tail.withUnsafeMutableBufferPointer { target in
                guard let from = source.baseAddress, let to = target.baseAddress else { return }
                unsafe SampleMath.addMirrored(from + 360, to: to, count: 40)
            }
        }
        let silence = [Int32](repeating: 0, count: 40)
        // -60 dBFS is 33.
        #expect(plain < 15)
        #expect(bend(silence + rising.map { Int32($0) }) < 33)
        #expect(bend(falling.map { Int32($0) }) < 33 && falling[40...].allSatisfy { $0 == 0 })
        #expect(bend(tone.map { Int32($0) } + tail) < 33 && tail[40...].allSatisfy { $0 == 0 })
    }
}
