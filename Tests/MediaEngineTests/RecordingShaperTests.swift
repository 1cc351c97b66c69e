import Rings
import Testing

@testable import MediaEngine

@Suite struct RecordingShaperTests {
    /// One block through the ring, as a worker writes and the recording thread reads it: voices on the first channel.
    private func shape(
        _ voices: [(rate: Int, samples: [Int16])], milliseconds: Int, _ shaper: inout RecordingShaper
    ) -> [Int16] {
        let ring = SampleRing.allocate(capacity: 8192)
        defer { ring.deallocate() }
        let tap = unsafe TapBlock(serial: 1, channels: 1, ring: ring, leg: nil, mix: nil, isOwnVoice: false)
        defer { tap.deallocate() }
        let total = voices.reduce(0) { $0 + $1.samples.count }
        var words = [Int16](repeating: 0, count: TapBlock.headerCount)
        unsafe words.withUnsafeMutableBufferPointer { room in
            guard let header = room.baseAddress else { return }
            let hasBegun = unsafe tap.begin(
                at: 0, milliseconds: milliseconds, planes: voices.count, samples: total, header: header)
            #expect(hasBegun)
            for voice in voices {
                unsafe voice.samples.withUnsafeBufferPointer { samples in
                    guard let start = samples.baseAddress else { return }
                    unsafe tap.add(start, count: samples.count, rate: voice.rate, channel: 0, header: header)
                }
            }
        }
        let header = TapBlockHeader(from: ring)
        shaper.read(header, from: ring)
        let frames = shaper.convert(header)
        return (0..<frames).map { unsafe shaper.interleaved[$0] }
    }

    @Test("what a voice leaves in its converter is over when it speaks again", arguments: [8000, 48_000], [5, 10, 20])
    func ringsOut(rate: Int, milliseconds: Int) {
        var shaper = RecordingShaper(channels: 1, outputRate: 16_000)
        defer { shaper.free() }
        let count = rate / 1000 * milliseconds
        for _ in 0..<4 {
            _ = shape([(rate, Array(repeating: 8000, count: count))], milliseconds: milliseconds, &shaper)
        }
        var tail: [Int16] = []
        for _ in 0..<20 { tail += shape([], milliseconds: milliseconds, &shaper) }
        // It dies away by itself and not by being cut.
        let steps = zip(tail, tail.dropFirst()).map { abs(Int($1) - Int($0)) }
        #expect(tail.suffix(32).allSatisfy { $0 == 0 } && (steps.max() ?? 0) < 6500)
        let again = shape([(rate, Array(repeating: 0, count: count))], milliseconds: milliseconds, &shaper)
        #expect(again.allSatisfy { $0 == 0 }, "\(again.prefix(20))")
    }

    @Test(
        "voices of one rate and of several add up wide; what is too loud is limited, not cut", arguments: [false, true])
    func loud(areMixed: Bool) {
        var shaper = RecordingShaper(channels: 1, outputRate: 16_000)
        defer { shaper.free() }
        func voice(_ rate: Int, _ value: Int16) -> (Int, [Int16]) { (rate, Array(repeating: value, count: rate / 50)) }
        var sound: [Int16] = []
        for _ in 0..<20 {
            // Two that are loud and opposite to a third: cut off one by one they would leave a rest.
            let voices =
                areMixed
                ? [voice(8000, 30_000), voice(16_000, 30_000), voice(48_000, -30_000)]
                : [voice(8000, 30_000), voice(8000, 30_000), voice(8000, -30_000)]
            sound += shape(voices, milliseconds: 20, &shaper)
        }
        #expect(sound.suffix(320).allSatisfy { abs(Int($0) - 29_500) < 800 })
        for _ in 0..<4 { sound += shape([voice(8000, 30_000), voice(8000, 30_000)], milliseconds: 20, &shaper) }
        let loudest = sound.suffix(320).map { Int($0) }
        #expect(loudest.allSatisfy { (28_000..<32_767).contains($0) })
    }
}
