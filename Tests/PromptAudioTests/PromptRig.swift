import EdgeProtocols
import Foundation
import Logging
import MediaTime
import PromptAudio
import Synchronization

/// A clock moved by hand.
final class HandClock: TimeSource {
    private let nanoseconds = Mutex<UInt64>(1_000_000_000)
    var now: MonotonicInstant { MonotonicInstant(nanoseconds: nanoseconds.withLock { $0 }) }
    var wallNow: WallTime { WallTime(milliseconds: 0) }
    func advance(seconds: Int) { nanoseconds.withLock { $0 += UInt64(seconds) * 1_000_000_000 } }
}

/// Answers every fetch with what the test has put there.
final class FakeWeb: Sendable {
    private struct State {
        var answer: Result<FetchedAudio, PromptFault>
        var requests = 0
    }
    private let state: Mutex<State>

    init(_ answer: FetchedAudio) { state = Mutex(State(answer: .success(answer))) }

    var requests: Int { state.withLock { $0.requests } }
    func answer(_ audio: FetchedAudio) { state.withLock { $0.answer = .success(audio) } }
    func fail(_ reason: String) { state.withLock { $0.answer = .failure(PromptFault(reason)) } }

    func fetch(_ url: String) async throws(PromptFault) -> FetchedAudio {
        try state.withLock { state in
            state.requests += 1
            return state.answer
        }.get()
    }
}

func library(
    folder: String = "/nonexistent", limits: PromptLibrary.Limits = PromptLibrary.Limits(),
    time: HandClock = HandClock(), web: FakeWeb = FakeWeb(FetchedAudio(bytes: [], freshness: .unspecified))
) -> PromptLibrary {
    PromptLibrary(folder: folder, limits: limits, time: time, log: Logger(label: "test")) {
        (url: String) async throws(PromptFault) -> FetchedAudio in try await web.fetch(url)
    }
}

func sine(_ frequency: Double, seconds: Double, rate: Int, amplitude: Double = 10_000) -> PCMClip {
    PCMClip(
        sampleRate: rate,
        samples: (0..<Int(seconds * Double(rate))).map {
            Int16(amplitude * sin(2 * .pi * frequency * Double($0) / Double(rate)))
        })
}

extension PCMClip {
    /// Root mean square, 0…32767.
    var level: Double {
        (samples.reduce(0) { $0 + Double($1) * Double($1) } / Double(max(1, samples.count))).squareRoot()
    }

    var seconds: Double { Double(samples.count) / Double(sampleRate) }

    /// Share of the clip's energy at `frequency`, 0…1 for a steady tone.
    func share(of frequency: Double) -> Double {
        var real = 0.0
        var imaginary = 0.0
        for (index, sample) in samples.enumerated() {
            let phase = 2 * Double.pi * frequency * Double(index) / Double(sampleRate)
            real += Double(sample) * cos(phase)
            imaginary += Double(sample) * sin(phase)
        }
        let power = 2 * (real * real + imaginary * imaginary) / Double(samples.count * samples.count)
        return level > 0 ? power / (level * level) : 0
    }

    var largestStep: Int {
        zip(samples, samples.dropFirst()).map { abs(Int($0) - Int($1)) }.max() ?? 0
    }
}

/// A folder that is removed with the test.
final class ScratchFolder {
    let path: String
    init() throws {
        path = NSTemporaryDirectory() + "prompts-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
    }
    deinit {
        do { try FileManager.default.removeItem(atPath: path) } catch { print("left behind: \(path): \(error)") }
    }
}

/// Random numbers that are the same in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
