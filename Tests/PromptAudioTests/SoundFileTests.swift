import EdgeProtocols
import PromptAudio
import Testing

@Suite("sound files")
struct SoundFileTests {
    private func decode(_ bytes: [UInt8]) throws(PromptFault) -> PCMClip {
        try SoundFile.decode(bytes, maximumSeconds: 60)
    }

    @Test(
        "a tone survives each format at the lowest rate that loses nothing",
        arguments: SoundFile.Format.allCases,
        [(8000, 8000), (11_025, 16_000), (16_000, 16_000), (22_050, 48_000), (44_100, 48_000), (48_000, 48_000)])
    func roundTrip(format: SoundFile.Format, rates: (source: Int, result: Int)) throws {
        let tone = sine(1000, seconds: 1, rate: rates.source)
        let clip = try decode(try SoundFile.encode(tone, as: format))
        #expect(clip.sampleRate == rates.result)
        #expect(abs(clip.seconds - 1) < 0.2)
        #expect(clip.share(of: 1000) > 0.8)
    }

    @Test("a WAV file at a native rate comes back sample by sample")
    func exact() throws {
        let tone = sine(440, seconds: 0.5, rate: 16_000, amplitude: 32_000)
        #expect(try decode(try SoundFile.encode(tone, as: .wav)).samples == tone.samples)
    }

    @Test("two channels become their mean, whatever the sample format")
    func stereo() throws {
        // 8 000 Hz, 2 channels, 16 bit: left 1000, right 3000.
        var bytes = header(dataBytes: 400, channels: 2, rate: 8000, bits: 16)
        for _ in 0..<100 { bytes += [0xE8, 0x03, 0xB8, 0x0B] }
        #expect(try decode(bytes).samples == [Int16](repeating: 2000, count: 100))
    }

    @Test("a conversion keeps the level, the length and the place of a sound")
    func aligned() throws {
        var samples = [Int16](repeating: 0, count: 24_000)
        samples[12_000] = 20_000
        let clip = try decode(
            try SoundFile.encode(PCMClip(sampleRate: 24_000, samples: samples), as: .wav))
        #expect(clip.samples.count == 48_000)
        let peak = clip.samples.indices.max { abs(Int(clip.samples[$0])) < abs(Int(clip.samples[$1])) }
        #expect(abs((peak ?? 0) - 24_000) <= 1)
    }

    @Test(
        "what is no sound file is refused with what it is",
        arguments: [
            (Array("<!DOCTYPE html><html><body>Not found</body></html>".utf8), "<!DOCTYPE html>"),
            ([], "empty"), ([0, 1, 2, 3, 0x80, 0xFF, 9, 9], "hex 00 01 02 03 80"),
            (Array("{\"error\": 1}".utf8), "error"), (Array("RIFF".utf8), "RIFF"),
            (Array(".snd".utf8) + [UInt8](repeating: 0, count: 40), "hex 2e"),
        ])
    func refused(bytes: [UInt8], word: String) {
        #expect { try decode(bytes) } throws: { error in
            let reason = (error as? PromptFault)?.reason ?? ""
            return reason.contains("neither WAV, MP3 nor OGG") && reason.contains(word)
        }
    }

    @Test("a header without sound is refused")
    func noSound() {
        #expect(throws: PromptFault("holds no sound")) {
            try decode(header(dataBytes: 0, channels: 1, rate: 8000, bits: 16))
        }
    }

    @Test("a file longer than the limit is refused")
    func tooLong() throws {
        let bytes = try SoundFile.encode(sine(440, seconds: 3, rate: 8000), as: .ogg)
        #expect(throws: PromptFault("longer than 2 s")) { try SoundFile.decode(bytes, maximumSeconds: 2) }
    }

    @Test("a cut or damaged file never crashes", arguments: SoundFile.Format.allCases)
    func damaged(format: SoundFile.Format) throws {
        let whole = try SoundFile.encode(sine(440, seconds: 0.3, rate: 8000), as: format)
        var random = SeededGenerator(state: 1)
        for round in 0..<200 {
            var bytes = Array(whole.prefix(Int.random(in: 0...whole.count, using: &random)))
            for _ in 0..<(round % 8) where !bytes.isEmpty {
                bytes[Int.random(in: 0..<min(bytes.count, 200), using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
            do throws(PromptFault) { _ = try decode(bytes) } catch { #expect(!error.reason.isEmpty) }
        }
    }

    private func header(dataBytes: Int, channels: Int, rate: Int, bits: Int) -> [UInt8] {
        func little(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let frame = channels * bits / 8
        return Array("RIFF".utf8) + little(36 + dataBytes, 4) + Array("WAVEfmt ".utf8) + little(16, 4) + little(1, 2)
            + little(channels, 2) + little(rate, 4) + little(rate * frame, 4) + little(frame, 2) + little(bits, 2)
            + Array("data".utf8) + little(dataBytes, 4)
    }
}
