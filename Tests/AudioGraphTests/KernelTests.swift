import AudioGraph
import Testing

@Suite struct KernelTests {
    static let rate = 8000

    static func edit(_ samples: inout [Int16], _ body: (UnsafeMutablePointer<Int16>) -> Void) {
        unsafe samples.withUnsafeMutableBufferPointer { buffer in
            if let base = buffer.baseAddress { unsafe body(base) }
        }
    }

    @Test("each of three loud members hears the other two and not itself, and nothing is clipped before the end")
    func mixMinus() {
        let frequencies = [400.0, 700.0, 1100.0]
        let voices = frequencies.map { Tones.sine($0, rate: Self.rate, count: 1600, amplitude: 15_000) }
        var sum = [Int32](repeating: 0, count: 1600)
        unsafe sum.withUnsafeMutableBufferPointer { total in
            guard let base = total.baseAddress else { return }
            unsafe SampleMath.clear(base, count: 1600)
            for voice in voices { unsafe SampleMath.add(voice, to: base, count: 1600) }
        }
        for listener in 0..<3 {
            var heard = [Int16](repeating: 0, count: 1600)
            unsafe Self.edit(&heard) { unsafe SampleMath.clip(sum, without: voices[listener], into: $0, count: 1600) }
            for speaker in 0..<3 {
                let level = Tones.level(of: frequencies[speaker], in: heard, rate: Self.rate)
                #expect(speaker == listener ? level < 20 : abs(level - 15_000) < 150)
            }
        }
    }

    @Test("a step in the signal is smoothed and the signal is untouched after 5 ms")
    func declick() {
        var declicker = Declicker()
        var first = [Int16](repeating: 8000, count: 80)
        unsafe Self.edit(&first) { unsafe declicker.run($0, count: 80, rate: Self.rate) }
        declicker.arm()
        var second = [Int16](repeating: -8000, count: 80)
        unsafe Self.edit(&second) { unsafe declicker.run($0, count: 80, rate: Self.rate) }
        #expect(second[0] == 8000)
        #expect(zip(second, second.dropFirst()).allSatisfy { abs(Int($0) - Int($1)) <= 400 })
        #expect(second[40...].allSatisfy { $0 == -8000 })
    }

    @Test("time-stretch takes whole periods out of a tone", arguments: [8000, 48_000])
    func shorten(rate: Int) {
        var samples = Tones.sine(200, rate: rate, count: rate / 25)
        var removed = 0
        unsafe Self.edit(&samples) {
            removed = unsafe TimeStretch.shorten($0, count: rate / 25, rate: rate, maximum: rate, isUrgent: false)
        }
        #expect(removed % (rate / 200) < rate / 8000 * 2 || removed % (rate / 200) > rate / 200 - rate / 8000 * 2)
        #expect(removed >= rate / 400)
        let rest = Array(samples.prefix(rate / 25 - removed))
        let largest = zip(rest, rest.dropFirst()).map { abs(Int($0) - Int($1)) }.max() ?? 0
        #expect(Double(largest) <= 8000 * 2 * 3.15 * 200 / Double(rate) * 1.1)
    }

    @Test("made-up sound goes on with the pitch, fades to silence and blends back")
    func gap() {
        let memory = UnsafeMutablePointer<Float>.allocate(capacity: Concealer.memorySamples)
        defer { unsafe memory.deallocate() }
        var filler = unsafe Concealer(memory: memory, rate: 8000)
        var good = Tones.sine(200, rate: Self.rate, count: 800)
        unsafe Self.edit(&good) { unsafe filler.heard($0, count: 800) }
        var made = [Int16](repeating: 1, count: 800)
        unsafe Self.edit(&made) { unsafe filler.fill($0, count: 800) }
        let expected = Tones.sine(200, rate: Self.rate, count: 80, from: 800)
        #expect(zip(made, expected).allSatisfy { abs(Int($0) - Int($1)) < 2800 })
        #expect(made[640...].allSatisfy { $0 == 0 })
        var next = [Int16](repeating: 4000, count: 160)
        unsafe Self.edit(&next) { unsafe filler.heard($0, count: 160) }
        #expect(abs(Int(next[0])) <= 100 && next[80] == 4000)
    }

    @Test("sound made up between two good pieces of one tone is that tone", arguments: [40, 80, 160])
    func bridge(gap: Int) {
        let memory = UnsafeMutablePointer<Float>.allocate(capacity: 2 * Concealer.memorySamples)
        defer { unsafe memory.deallocate() }
        var filler = unsafe Concealer(memory: memory, rate: 8000)
        var mirror = unsafe Concealer(
            memory: memory.advanced(by: Concealer.memorySamples), rate: 8000)
        var tone = Tones.sine(200, rate: Self.rate, count: 800 + gap + 160)
        var good = Array(tone.prefix(800))
        unsafe Self.edit(&good) { unsafe filler.heard($0, count: 800) }
        unsafe Self.edit(&tone) {
            unsafe filler.bridge(
                $0 + 800, count: gap, to: $0 + 800 + gap, futureCount: 160, mirror: &mirror)
        }
        let whole = Tones.sine(200, rate: Self.rate, count: 800 + gap + 160)
        let loudest = whole.map { abs(Int($0)) }.max() ?? 0
        // Both voices have faded to less than three quarters in the middle of 20 ms, and are right on their edges.
        #expect(zip(tone, whole).allSatisfy { abs(Int($0) - Int($1)) < loudest * 2 / 5 })
        #expect(abs(Int(tone[800 + gap - 1]) - Int(whole[800 + gap - 1])) < loudest / 10)
        #expect(tone[800..<800 + gap].contains { abs(Int($0)) > loudest / 2 })
        // What comes next is not blended again.
        var next = [Int16](repeating: 4000, count: 160)
        unsafe Self.edit(&next) { unsafe filler.heard($0, count: 160) }
        #expect(next.allSatisfy { $0 == 4000 })
    }

    @Test("a clip plays its rounds with its gain and then ends")
    func clip() {
        let samples: [Int16] = [100, 200, 300, 400]
        unsafe samples.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            var player = unsafe ClipPlayer(samples: base, count: 4, rate: 8000, loops: 2, gain: 2048)
            var sum = [Int32](repeating: 0, count: 6)
            let goesOn = unsafe sum.withUnsafeMutableBufferPointer { total in
                guard let start = total.baseAddress else { return false }
                return unsafe player.render(into: start, count: 6, mixRate: 8000)
            }
            #expect(goesOn)
            #expect(sum == [50, 100, 150, 200, 50, 100])
            let goesOnAgain = unsafe sum.withUnsafeMutableBufferPointer { total in
                guard let start = total.baseAddress else { return true }
                return unsafe player.render(into: start, count: 6, mixRate: 8000)
            }
            #expect(!goesOnAgain)
            #expect(sum == [200, 300, 150, 200, 50, 100])
        }
    }

    @Test("a converted clip keeps its tone, its length and its start", arguments: [(8000, 48_000), (48_000, 8000)])
    func convert(from: Int, to: Int) throws {
        let clip = Tones.sine(440, rate: from, count: from / 2)
        let converted = try #require(RateConverter.convert(clip, from: from, to: to))
        #expect(abs(converted.count - to / 2) <= 2)
        #expect(abs(Tones.level(of: 440, in: converted, rate: to) - 8000) < 200)
        let expected = Tones.sine(440, rate: to, count: to / 10, from: to / 10)
        let part = converted[(to / 10)..<(to / 5)]
        #expect(zip(part, expected).allSatisfy { abs(Int($0) - Int($1)) < 700 })
    }
}
