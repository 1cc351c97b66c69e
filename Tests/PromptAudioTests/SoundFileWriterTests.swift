import CallModel
import EdgeProtocols
import Foundation
import PromptAudio
import Testing

@Suite("sound files that grow")
struct SoundFileWriterTests {
    private func write(_ format: RecordingFormat, channels: Int, _ left: PCMClip) throws -> [UInt8] {
        let path = NSTemporaryDirectory() + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        let writer = try SoundFileWriter(path: path, format: format, sampleRate: left.sampleRate, channels: channels)
        var frames: [Int16] = []
        for sample in left.samples { frames += [sample] + [Int16](repeating: 0, count: channels - 1) }
        for start in stride(from: 0, to: left.samples.count, by: 1000) {
            let count = min(1000, left.samples.count - start)
            try unsafe frames.withUnsafeBufferPointer { room in
                guard let first = room.baseAddress else { return }
                try unsafe writer.write(first.advanced(by: start * channels), frames: count)
            }
        }
        let (count, fault) = writer.close()
        #expect(fault == nil)
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        #expect(Int64(bytes.count) == count)
        return bytes
    }

    @Test(
        "each format is read back at its level, with one channel and with two",
        arguments: RecordingFormat.allCases, [1, 2])
    func formats(format: RecordingFormat, channels: Int) throws {
        let tone = sine(440, seconds: 2, rate: 16_000, amplitude: 8000)
        let bytes = try write(format, channels: channels, tone)
        let clip = try SoundFile.decode(bytes, maximumSeconds: 10)
        #expect(clip.sampleRate == 16_000)
        #expect(abs(clip.seconds - 2) < 0.2 && clip.share(of: 440) > 0.95)
        // Read as the mean of the channels, of which one is silent.
        let peak = Int(clip.samples.dropFirst(4000).prefix(16_000).max() ?? 0) * channels
        #expect((7000...9000).contains(peak))
        if format == .mp3 { #expect((7500...9500).contains(bytes.count), "32 kbit/s") }
    }

    @Test("32 channels are written where the container holds them", arguments: [RecordingFormat.wav, .ogg])
    func many(format: RecordingFormat) throws {
        let bytes = try write(format, channels: 32, sine(440, seconds: 0.5, rate: 16_000))
        #expect(abs(try SoundFile.decode(bytes, maximumSeconds: 10).seconds - 0.5) < 0.05)
    }

    @Test("what the disk says is what the fault says", arguments: RecordingFormat.allCases)
    func full(format: RecordingFormat) throws {
        let sound = sine(440, seconds: 2, rate: 16_000)
        var told: String?
        do throws(SoundFileFault) {
            let writer = try SoundFileWriter(path: "/dev/full", format: format, sampleRate: 16_000, channels: 1)
            do throws(SoundFileFault) {
                try unsafe sound.samples.withUnsafeBufferPointer { room throws(SoundFileFault) in
                    guard let first = room.baseAddress else { return }
                    try unsafe writer.write(first, frames: room.count)
                }
            } catch { told = error.reason }
            told = writer.close().fault?.reason ?? told
        } catch { told = error.reason }
        #expect(told == "No space left on device")
        #expect(throws: SoundFileFault(reason: "No such file or directory")) {
            _ = try SoundFileWriter(path: "/nowhere/x.wav", format: .wav, sampleRate: 16_000, channels: 1).close()
        }
    }
}
