import MediaTime
import Synchronization
import CLinux
import RTP
import Rings

/// One media worker: the loop of a real-time thread over the legs and mixes that control gave it.
///
/// It sleeps until the next deadline (a mix's tick, a leg's housekeeping, the relay drain) or until control wakes it.
/// Legs in a mix are not in the packet epoll: their sockets are read by the tick. Relayed legs and legs outside
/// conversations are: per packet while little comes, every `drain` nanoseconds when much does (design §4 "Relay").
///
/// - Memory: made and freed by control. Everything reachable from `turn` is checked to allocate nothing and take no lock.
/// - Threading: its own thread alone.
@safe struct Worker {
    let commands: MessageRing
    let scratch: Scratch
    /// Woken by control.
    let wakeDescriptor: Int32
    /// Wakes control.
    let reportDescriptor: Int32
    let epoll: Int32
    let packetEpoll: Int32
    /// Nanoseconds between two drains.
    let drain: UInt64
    /// Nanoseconds without RTP after which a leg in a conversation is reported; 0: never.
    let timeout: UInt64
    /// Nanoseconds for which short steps stay after the last member that needs them.
    let patience: UInt64
    /// What is left of the voices under a prompt, 0 to 1.
    let ducked: Float
    let wakeEvents: UnsafeMutablePointer<swh_event>
    let packetEvents: UnsafeMutablePointer<swh_event>
    var heap: DeadlineHeap
    /// Mixes that a sound device drives.
    var driven: MixPointer?
    var mustQuit = false

    /// Blocks that found no room in the report ring.
    let retired: UnsafeMutablePointer<Retirement>
    var retiredCount = 0
    static var retiredCapacity: Int { @_noLocks get { 8192 } }

    /// Packets are waited for one by one.
    var waitsForPackets = true
    var nextDrain: UInt64 = 0
    /// Packets drained since `drainWindow` began.
    var drained = 0
    var drainWindow: UInt64 = 0
    /// The phase that the next mix gets, nanoseconds: spreads ticks over the period.
    var nextPhase: UInt64 = 0

    @safe struct Retirement {
        var kind: WorkerReport
        var pointer: UnsafeMutableRawPointer

        @_noLocks init(kind: WorkerReport, pointer: UnsafeMutableRawPointer) {
            self.kind = kind
            unsafe self.pointer = pointer
        }
    }

    /// One round: commands, everything that is due, then sleep.
    @_noLocks mutating func turn() {
        takeCommands()
        runDriven()
        runDue()
        handBackLate()
        flushReports()
        let now = swh_monotonic_ns()
        var until = now &+ 1_000_000_000
        if let first = unsafe heap.first { until = min(until, unsafe first.pointee.deadline) }
        if !waitsForPackets { until = min(until, nextDrain) }
        if until <= now { return }
        unsafe scratch.sink.shared.pointee.isSleeping.store(true, ordering: .sequentiallyConsistent)
        // A command pushed before this is seen by `fill`; one pushed after it sees that the worker sleeps.
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        if commands.fill > 0 {
            unsafe scratch.sink.shared.pointee.isSleeping.store(false, ordering: .relaxed)
            return
        }
        let count = unsafe swh_epoll_wait(epoll, wakeEvents, 2, Int64(until &- now))
        unsafe scratch.sink.shared.pointee.isSleeping.store(false, ordering: .relaxed)
        var index = 0
        while index < Int(count) {
            if unsafe wakeEvents[index].data == 0 {
                swh_eventfd_clear(wakeDescriptor)
            } else {
                drainPackets()
            }
            index &+= 1
        }
    }

    /// Runs what is due, one thing at a time, so that commands are never kept waiting by a full round.
    @_noLocks private mutating func runDue() {
        var now = swh_monotonic_ns()
        var rounds = 0
        while rounds < 1024 {
            rounds &+= 1
            guard let node = unsafe heap.first, unsafe node.pointee.deadline <= now else { break }
            guard let owner = unsafe node.pointee.owner else { break }
            if unsafe node.pointee.isLeg {
                unsafe keepHouse(owner.assumingMemoryBound(to: LegBlock.self), now)
            } else {
                unsafe tick(owner.assumingMemoryBound(to: MixBlock.self), now)
            }
            if commands.fill > 0 { takeCommands() }
            runDriven()
            now = swh_monotonic_ns()
        }
        if !waitsForPackets && now >= nextDrain {
            nextDrain = now &+ drain
            drainPackets()
        }
    }

    /// Wakes control once for all that was reported in this round.
    @_noLocks mutating func flushReports() {
        if unsafe scratch.sink.shared.pointee.hasReported.load(ordering: .relaxed) {
            unsafe scratch.sink.shared.pointee.hasReported.store(false, ordering: .relaxed)
            swh_eventfd_signal(reportDescriptor)
        }
    }

    /// Digits whose end was never heard, RTCP, silence of the peer, counters: four times a second.
    @_noLocks private mutating func keepHouse(_ leg: LegPointer, _ now: UInt64) {
        unsafe heap.set(leg.pointee.housekeeping, now &+ 250_000_000)
        if let press = unsafe leg.pointee.digits.tick(at: .init(nanoseconds: now)) {
            unsafe leg.pointee.tell(press, scratch.sink)
        }
        unsafe leg.pointee.receiveReports(scratch)
        unsafe leg.pointee.reportIfDue(scratch, at: now)
        unsafe leg.pointee.publish()
        unsafe leg.pointee.limitEncoder(to: scratch.sink.shared.pointee.encoderLimit.load(ordering: .relaxed))
        unsafe scratch.sink.shared.pointee.cpu.store(Int(swh_thread_cpu_ns()), ordering: .relaxed)
        guard timeout > 0, unsafe leg.pointee.expectedSince != 0, let settings = unsafe leg.pointee.settings,
            settings.receives
        else { return }
        let since = max(unsafe leg.pointee.expectedSince, unsafe leg.pointee.lastPacket)
        if now > since &+ timeout, unsafe !leg.pointee.hasTimedOut {
            unsafe leg.pointee.hasTimedOut = true
            unsafe scratch.sink.report(.timedOut, serial: leg.pointee.serial, 0, 0)
        }
    }
}
