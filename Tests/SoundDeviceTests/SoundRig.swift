import Foundation
import Rings
import SoundDevice
import Synchronization
import Testing

/// ALSA without hardware: PCMs of a configuration file of its own, a PulseAudio server with two null sinks, and virtual
/// cards (`Hardware/virtual/virtual-card`).
///
/// One rig for the whole process, since ALSA reads its configuration path from the environment; the tests that use it
/// run one after the other.
final class SoundRig: Sendable {
    static let shared = Result { try SoundRig() }

    let folder: String

    private init() throws {
        folder = NSTemporaryDirectory() + "sound-rig-\(getpid())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try """
        <\(folder)/pulse/asound.conf>
        <\(folder)/card/asound.conf>
        pcm.rig_null { type null }
        pcm.rig_file { type file slave.pcm "rig_null" file "\(folder)/played.raw" format "raw" }
        # An xrun as soon as it plays.
        pcm.rig_failing {
            type multi
            slaves.only { pcm "rig_null" channels 1 }
            bindings.0 { slave only channel 0 }
        }
        pcm.rig_loop_in { type file slave.pcm "rig_null" file "/dev/null" infile "\(folder)/heard.raw" format "raw" }
        """.write(toFile: folder + "/asound.conf", atomically: true, encoding: .utf8)
        unsafe setenv("ALSA_CONFIG_PATH", folder + "/asound.conf", 1)
        // Else the client library makes one in the user's home.
        unsafe setenv("PULSE_COOKIE", folder + "/pulse/cookie", 1)
        try script("virtual-card", [folder + "/card", "delay_us", "25000"])
        try startServer()
        atexit {
            guard case .success(let rig) = SoundRig.shared else { return }
            do {
                try rig.stopServer()
                try FileManager.default.removeItem(atPath: rig.folder)
            } catch { print("left behind: \(rig.folder): \(error)") }
        }
    }

    func startServer() throws { try loop("start") }
    func stopServer() throws { try loop("stop") }

    /// Holds the server's process or lets it go on.
    func signalServer(_ signal: Int32) throws {
        let text = try String(contentsOfFile: folder + "/pulse/pid", encoding: .utf8)
        let process = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(kill(process, signal) == 0)
    }

    /// Commands a virtual card, by the name of its control file; words that are not named are as at the start.
    func command(_ control: String, _ words: [String: Double]) throws {
        let lines = words.map { "\($0) \($1)\n" }.joined()
        try lines.write(toFile: folder + "/card/" + control, atomically: true, encoding: .utf8)
    }

    private func loop(_ command: String) throws { try script("pulse-loop", [command, folder + "/pulse"]) }

    private func script(_ name: String, _ arguments: [String]) throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Hardware/virtual/" + name).standardizedFileURL.path
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [path] + arguments
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(name) \(arguments) failed: are its packages installed?")
    }
}

/// Keeps what a device reports.
final class Reports: Sendable {
    private let list = Mutex<[SoundDeviceReport]>([])
    var all: [SoundDeviceReport] { list.withLock { $0 } }
    func add(_ report: SoundDeviceReport) { list.withLock { $0.append(report) } }
}

/// A device that closes with its owner, and its reports.
final class OpenDevice: Sendable {
    let device: SoundDevice
    let reports = Reports()

    init(playback: [String], capture: [String], periodMicroseconds: Int = 10_000) throws {
        let reports = reports
        device = try SoundDevice(
            SoundDeviceConfiguration(
                playback: playback, capture: capture, periodMicroseconds: periodMicroseconds, periods: 2)
        ) { reports.add($0) }
    }

    deinit { device.close() }

    func play(_ samples: [Int16]) -> Int {
        unsafe samples.withUnsafeBufferPointer { buffer in
            guard let first = buffer.baseAddress else { return 0 }
            return unsafe device.playbackRing.push(first, count: buffer.count)
        }
    }

    func record() -> [Int16] {
        var samples = [Int16](repeating: 0, count: device.captureRing.fill)
        let count = unsafe samples.withUnsafeMutableBufferPointer { buffer in
            guard let first = buffer.baseAddress else { return 0 }
            return unsafe device.captureRing.pop(into: first, count: buffer.count)
        }
        return Array(samples.prefix(count))
    }
}

/// Waits for a condition that another thread or process brings about; fails after `seconds`.
func eventually(
    within seconds: Double = 10, _ what: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () throws -> Bool
) async throws {
    let end = ContinuousClock.now + .seconds(seconds)
    while try !condition() {
        guard ContinuousClock.now < end else {
            Issue.record("not within \(seconds) s: \(what)", sourceLocation: sourceLocation)
            return
        }
        try await Task.sleep(for: .milliseconds(2))
    }
}

/// CPU that this process's device threads have used, seconds.
func soundThreadSeconds() throws -> Double {
    var nanoseconds = 0.0
    for task in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task") {
        // A thread may end between the listing and the reading.
        guard let name = try? String(contentsOfFile: "/proc/self/task/\(task)/comm", encoding: .utf8),
            name == "sound\n",
            let statistics = try? String(contentsOfFile: "/proc/self/task/\(task)/schedstat", encoding: .utf8)
        else { continue }
        nanoseconds += Double(statistics.split(separator: " ").first ?? "0") ?? 0
    }
    return nanoseconds / 1e9
}
