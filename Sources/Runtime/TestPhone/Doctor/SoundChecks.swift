import ConfigFile
import SoundDevice
import Synchronization

extension Doctor {
    private static var listening: Duration { .milliseconds(300) }

    /// Whether the users' devices can be opened and move sound.
    func sound(isRunning: Bool) async -> [DoctorFinding] {
        var findings: [DoctorFinding] = []
        for (name, user) in configuration.users.sorted(by: { $0.key < $1.key }) {
            let names = user.playback + user.capture
            guard names.contains(where: { !["none", "echo"].contains($0) }) else {
                if !names.isEmpty { findings.append(.ok("sound", "user \(name): \(names[0]), needs no card")) }
                continue
            }
            findings.append(await device(of: name, user, isRunning: isRunning))
        }
        return findings.isEmpty ? [.ok("sound", "no user has a device")] : findings
    }

    private func device(of name: String, _ user: UserSection, isRunning: Bool) async -> DoctorFinding {
        let period = user.period ?? configuration.device.period
        let setting = SoundDeviceConfiguration(
            playback: user.playback.isEmpty ? ["none"] : user.playback,
            capture: user.capture.isEmpty ? ["none"] : user.capture,
            periodMicroseconds: Int(period / .microseconds(1)), periods: user.periods ?? configuration.device.periods)
        let complaints = Mutex<[String]>([])
        let fix =
            isRunning
            ? "a card that is no mixer has one user at a time: stop the box and look again; names: switchhook devices"
            : "see: switchhook devices; set users.\(name).device, and put the user into the group audio"
        do {
            let device = try SoundDevice(setting) { report in complaints.withLock { $0.append("\(report)") } }
            defer { device.close() }
            let title = "user \(name): plays on \(device.playbackName), hears \(device.captureName)"
            if device.playbackName == "none" || device.captureName == "none" {
                return .warning("sound", "\(title): none is silence, the call goes on without sound", fix: fix)
            }
            do { try await Task.sleep(for: Self.listening) } catch { return .ok("sound", "\(title); not tried") }
            let counters = device.counters
            if counters.captureFrames > 0, counters.playbackFrames > 0, counters.losses == 0 {
                return .ok("sound", title)
            }
            let reason = complaints.withLock { $0.first } ?? "it moves no sound"
            return .failure("sound", "\(title): \(reason)", fix: fix)
        } catch {
            return .failure("sound", "user \(name): \(error.detail)", fix: fix)
        }
    }
}
