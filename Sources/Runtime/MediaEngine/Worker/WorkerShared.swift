import Synchronization

/// What a worker and control share besides the two rings.
struct WorkerShared: ~Copyable {
    /// The worker waits, or is about to: a command must wake it.
    let isSleeping = Atomic<Bool>(false)
    /// Set by the worker when it has written reports, cleared when control was woken for them.
    let hasReported = Atomic<Bool>(false)
    let lostReports = Atomic<Int>(0)
    let refusedPackets = Atomic<Int>(0)
    let unsentPackets = Atomic<Int>(0)
    let ticks = Atomic<Int>(0)
    /// Ticks by lateness: up to 0.1, 0.5, 1, 2, 5 ms, and more.
    let lateUpTo100 = Atomic<Int>(0)
    let lateUpTo500 = Atomic<Int>(0)
    let lateUpTo1000 = Atomic<Int>(0)
    let lateUpTo2000 = Atomic<Int>(0)
    let lateUpTo5000 = Atomic<Int>(0)
    let lateOver5000 = Atomic<Int>(0)
    /// Nanoseconds of CPU this thread has used, and the latest start of a tick, microseconds.
    let cpu = Atomic<Int>(0)
    let latest = Atomic<Int>(0)
    /// Set by control: the highest complexity that Opus encoders may have for now.
    let encoderLimit = Atomic<Int>(10)
    let relayedPackets = Atomic<Int>(0)
    let mixedPackets = Atomic<Int>(0)

    @_noLocks borrowing func countTick(lateNanoseconds: UInt64) {
        _ = ticks.add(1, ordering: .relaxed)
        let micro = lateNanoseconds / 1000
        switch micro {
        case 0...100: _ = lateUpTo100.add(1, ordering: .relaxed)
        case 101...500: _ = lateUpTo500.add(1, ordering: .relaxed)
        case 501...1000: _ = lateUpTo1000.add(1, ordering: .relaxed)
        case 1001...2000: _ = lateUpTo2000.add(1, ordering: .relaxed)
        case 2001...5000: _ = lateUpTo5000.add(1, ordering: .relaxed)
        default: _ = lateOver5000.add(1, ordering: .relaxed)
        }
        if Int(micro) > latest.load(ordering: .relaxed) { latest.store(Int(micro), ordering: .relaxed) }
    }
}
