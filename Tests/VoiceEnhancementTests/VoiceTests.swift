import Testing
import VoiceEnhancement

@Suite struct VoiceTests {
    static let voice = Sounds.voice(seconds: 10, pitch: 140, seed: 21)

    @Test("noise falls by 12 dB, speech in it stays")
    func noise() throws {
        let noise = Sounds.noise(seconds: 10, level: 0.004, seed: 8)
        let talking = (3 * Sounds.rate)..<(7 * Sounds.rate)
        let mic = noise.indices.map { noise[$0] + (talking.contains($0) ? Self.voice[$0] : 0) }
        let settings = VoiceSettings(cancelsEcho: false, controlsGain: false)
        let (sound, _) = try Bench.run(mic: mic, settings: settings)
        #expect(Bench.loss(noise, sound, 1.5..<2.9) > 12)
        #expect(Bench.loss(noise, sound, 8..<9.9) > 12)
        let before = Bench.likeness(mic, Self.voice, delay: 0, 3.2..<6.8)
        #expect(Bench.likeness(sound, Bench.highPassed(Self.voice), delay: 80, 3.2..<6.8) > before + 2)
    }

    @Test("quiet and loud voices come out alike", arguments: [Float(0.012), 0.05, 0.2])
    func level(level: Float) throws {
        let mic = Sounds.atLevel(Self.voice, level)
        let (sound, _) = try Bench.run(mic: mic)
        let out = Sounds.level(sound[(8 * Sounds.rate)..<(10 * Sounds.rate)])
        #expect(Sounds.decibels(out / 0.06) > -6)
        #expect(Sounds.decibels(out / 0.06) < 6)
    }

    @Test("noise alone is not made louder")
    func noiseLevel() throws {
        let noise = Sounds.noise(seconds: 10, level: 0.002, seed: 8)
        let (sound, report) = try Bench.run(mic: noise)
        #expect(report.gain < 1.1)
        #expect(Bench.loss(noise, sound, 8..<9.9) > 10)
    }

    @Test("nothing goes beyond full scale, and a shout after a whisper is not cut")
    func limiter() throws {
        let mic = Self.voice.enumerated().map { $0.element * ($0.offset < 6 * Sounds.rate ? 0.2 : 9) }
        let clipped = mic.map { max(-0.999, min(0.999, $0)) }
        let (sound, _) = try Bench.run(mic: clipped)
        #expect(sound.allSatisfy { abs($0) < 0.9 })
    }

    @Test("with everything off the samples are the same")
    func off() throws {
        let settings = VoiceSettings(cancelsEcho: false, suppressesNoise: false, controlsGain: false)
        let (sound, _) = try Bench.run(mic: Self.voice, far: Self.voice, settings: settings)
        #expect(Bench.samples(sound) == Bench.samples(Self.voice))
    }

    @Test("the delay is what it says", arguments: [false, true])
    func delay(isFiltered: Bool) throws {
        let settings = VoiceSettings(cancelsEcho: false, suppressesNoise: isFiltered, controlsGain: false)
        let processing = try #require(VoiceProcessing(rate: Sounds.rate, settings: settings))
        defer { processing.deallocate() }
        #expect(processing.delay == (isFiltered ? 80 : 0))
        let (sound, _) = try Bench.run(mic: Self.voice, settings: settings)
        let wanted = isFiltered ? Bench.highPassed(Self.voice) : Self.voice
        let best = (0...160).max {
            Bench.likeness(sound, wanted, delay: $0, 4..<5) < Bench.likeness(sound, wanted, delay: $1, 4..<5)
        }
        #expect(best == processing.delay)
    }

    @Test("other rates are refused", arguments: [0, 11_025, 44_100, 96_000, -8000])
    func rates(rate: Int) {
        #expect(VoiceProcessing(rate: rate) == nil)
    }

    @Test(
        "every rate and step that the graph has works", arguments: [8000, 16_000, 24_000, 32_000, 48_000], [5, 10, 20])
    func steps(rate: Int, milliseconds: Int) throws {
        var processing = try #require(VoiceProcessing(rate: rate))
        defer { processing.deallocate() }
        let count = rate / 1000 * milliseconds
        var random = Sounds.Random(UInt64(rate))
        for _ in 0..<40 {
            var block = (0..<count).map { _ in Int16(random.between(-32_768, 32_767)) }
            unsafe block.withUnsafeMutableBufferPointer {
                guard let sound = $0.baseAddress else { return }
                unsafe processing.played(sound, count: count)
                unsafe processing.captured(sound, count: count)
            }
        }
        #expect(processing.report.gain > 0)
    }
}
