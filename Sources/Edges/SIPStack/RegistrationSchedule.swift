import MediaTime

/// When a trunk is registered again: never gives up.
///
/// - Units: refresh after nine tenths of the granted time, at least 5 s; after a failure 2, 4, 8 … 60 s.
struct RegistrationSchedule: Hashable {
    private(set) var dueAt: MonotonicInstant
    private(set) var isRegistered = false
    /// Seconds to ask for: as configured, or longer when the registrar wants so (423, RFC 3261 §10.2.8).
    private(set) var expirySeconds: Int
    private var failures = 0

    init(expirySeconds: Int, now: MonotonicInstant) {
        self.expirySeconds = expirySeconds
        dueAt = now
    }

    func isDue(at now: MonotonicInstant) -> Bool { now >= dueAt }

    mutating func granted(seconds: Int, at now: MonotonicInstant) {
        isRegistered = true
        failures = 0
        dueAt = now + .milliseconds(Int64(max(5_000, min(seconds, 86_400) * 900)))
    }

    mutating func failed(at now: MonotonicInstant) {
        isRegistered = false
        failures = min(failures + 1, 6)
        dueAt = now + .seconds(min(60, 1 << failures))
    }

    /// The registrar wants at least `minimum` seconds: ask at once.
    mutating func tooBrief(minimum: Int, at now: MonotonicInstant) {
        guard minimum > expirySeconds, minimum <= 86_400 else { return failed(at: now) }
        expirySeconds = minimum
        dueAt = now
    }
}
