import ConfigFile
import CLinux
import Foundation
import Glibc

extension Doctor {
    /// Whether media threads get the scheduling and memory they ask for.
    func realTime() -> [DoctorFinding] {
        [scheduling(), memory(), cores()]
    }

    private func scheduling() -> DoctorFinding {
        let area = "real-time"
        var thread: UInt64 = 0
        let status = unsafe swh_thread_start("doctor", 64 << 10, 10, { _ in nil }, nil, &thread)
        if status >= 0 { _ = swh_thread_join(thread) }
        guard status != 0 else { return .ok(area, "media threads may use SCHED_FIFO") }
        var limit = rlimit()
        _ = unsafe getrlimit(__rlimit_resource_t(__RLIMIT_RTPRIO.rawValue), &limit)
        return .warning(
            area, "SCHED_FIFO is refused (RLIMIT_RTPRIO \(limit.rlim_cur)): sound may stumble when the machine is busy",
            fix: "run it by systemd with LimitRTPRIO=95 (make install does), or put '@audio - rtprio 95' into "
                + "/etc/security/limits.conf and the user into audio; in a container: --cap-add SYS_NICE")
    }

    private func memory() -> DoctorFinding {
        let area = "real-time"
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue), &limit) == 0 else {
            return .warning(area, "the memory lock limit cannot be read", fix: "look at: ulimit -l")
        }
        let isEnough = limit.rlim_cur == rlim_t.max || limit.rlim_cur >= 256 << 20 || geteuid() == 0
        if isEnough { return .ok(area, "memory may be locked") }
        return .warning(
            area, "only \(limit.rlim_cur >> 10) KiB of memory may be locked: sound may stumble when memory is short",
            fix:
                "run it by systemd with LimitMEMLOCK=infinity (make install does), or put '@audio - memlock unlimited' "
                + "into /etc/security/limits.conf")
    }

    private func cores() -> DoctorFinding {
        let cores = Int(swh_usable_cores())
        let workers = configuration.media.workers == 0 ? max(1, cores - 1) : configuration.media.workers
        if workers > cores {
            return .warning(
                "real-time", "\(workers) media workers on \(cores) cores",
                fix: "set media.workers to \(max(1, cores - 1))")
        }
        return .ok("real-time", "\(cores) cores, \(workers) of them for media")
    }

    /// Slow clock sources cost microseconds at every reading.
    func clockSource() -> DoctorFinding {
        let folder = "/sys/devices/system/clocksource/clocksource0/"
        guard let current = line(folder + "current_clocksource") else {
            return .warning("clock", "the clock source cannot be read", fix: "mount /sys")
        }
        let fast = ["tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page", "xen"]
        if fast.contains(current) { return .ok("clock", "clock source \(current)") }
        let available = line(folder + "available_clocksource")?.split(separator: " ").map(String.init) ?? []
        guard let better = fast.first(where: available.contains) else {
            return .warning(
                "clock", "clock source \(current) is slow, and there is no other",
                fix: "let the machine (or its host) have a stable time stamp counter")
        }
        return .warning(
            "clock", "clock source \(current) is slow", fix: "echo \(better) > \(folder)current_clocksource")
    }

    private func line(_ path: String) -> String? {
        guard let bytes = FileManager.default.contents(atPath: path) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").first.map(String.init)
    }
}
