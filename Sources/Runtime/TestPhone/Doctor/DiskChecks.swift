import ConfigFile
import Foundation
import Glibc
import MediaTime

extension Doctor {
    private static var leastFreeBytes: UInt64 { 200 << 20 }
    private static var slowSync: Duration { .milliseconds(50) }

    /// Whether the state folder can be written, has room, and is fast.
    func disk() -> [DoctorFinding] {
        let folder = configuration.store.path
        // The box makes its folder itself: then its parent counts.
        let place = Self.nearestFolder(folder)
        guard unsafe access(place, W_OK | X_OK) == 0 else {
            return [
                .failure(
                    "disk", "\(place) cannot be written (\(systemWords(errno)))",
                    fix: "set store.path to a folder of this user, or: chown \(Self.userName) \(place)")
            ]
        }
        var findings: [DoctorFinding] = []
        var statistics = statvfs()
        if unsafe statvfs(place, &statistics) == 0 {
            let free = UInt64(statistics.f_bavail) * UInt64(statistics.f_frsize)
            let text = "\(free >> 20) MiB free for \(folder)"
            findings.append(
                free >= Self.leastFreeBytes
                    ? .ok("disk", text)
                    : .failure("disk", text, fix: "free some, shorten store.retention, or move store.path"))
        }
        findings.append(sync(in: place))
        return findings
    }

    /// How long a commit waits for the disk: the median of nine small writes.
    private func sync(in folder: String) -> DoctorFinding {
        let path = folder + "/.doctor-\(getpid())"
        let file = unsafe open(path, O_CREAT | O_WRONLY | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            return .failure(
                "disk", "no file can be made in \(folder) (\(systemWords(errno)))", fix: "set store.path elsewhere")
        }
        defer {
            _ = close(file)
            _ = unsafe unlink(path)
        }
        let block = [UInt8](repeating: 0, count: 4096)
        let clock = SystemTimeSource()
        let times = (0..<9).map { _ in
            let start = clock.now
            _ = unsafe write(file, block, block.count)
            _ = fdatasync(file)
            return clock.now - start
        }.sorted()
        let shown = Double(times[4].wholeNanoseconds / 10_000) / 100
        if times[4] < Self.slowSync { return .ok("disk", "a commit waits \(shown) ms for the disk") }
        return .warning(
            "disk", "a commit waits \(shown) ms for the disk: events reach Applications late",
            fix: "move store.path to a faster disk (not a network folder or an SD card)")
    }

    private static func nearestFolder(_ path: String) -> String {
        var path = path
        while !FileManager.default.fileExists(atPath: path) {
            guard let slash = path.lastIndex(of: "/") else { return "." }
            path = slash == path.startIndex ? "/" : String(path[..<slash])
        }
        return path
    }

    private static var userName: String { ProcessInfo.processInfo.userName }
}
