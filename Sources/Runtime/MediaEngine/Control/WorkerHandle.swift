import CLinux
import RTPTransport
import Rings
internal import Glibc
internal import Synchronization

/// Control's end of one worker: its thread, its two rings, its memory.
///
/// - Threading: `send` and `takeReports` only under the engine's mutex (they are the single producer and consumer);
///   `start` and `stop` once.
@safe final class WorkerHandle: @unchecked Sendable {
    // Unchecked: all stored properties are constants but `overflow` and `thread`, which the engine's mutex guards.
    private let worker: UnsafeMutablePointer<Worker>
    private let shared: UnsafeMutablePointer<WorkerShared>
    private let commands: MessageRing
    private let reports: MessageRing
    private var overflow: [RingMessage] = []
    private var thread: UInt64?
    private(set) var isRealTime = false
    /// Legs placed on it.
    var load = 0
    /// Share of a core it used in the last measured second.
    private(set) var share = 0.0
    private var shedder = LoadShedder()
    /// What it gives up, being short of time.
    var stage: LoadShedder.Stage { shedder.stage }
    /// It gets no more legs.
    var isBusy: Bool { stage != .none }
    private var measuredAt: UInt64 = 0
    private var measuredCPU = 0

    /// Nil when the kernel or the allocator refuses.
    init?(
        configuration: MediaEngineConfiguration, reportDescriptor: Int32, cname: UnsafeRawBufferPointer
    ) {
        let commands = MessageRing.allocate(capacity: 4096)
        let reports = MessageRing.allocate(capacity: 8192)
        let shared = UnsafeMutablePointer<WorkerShared>.allocate(capacity: 1)
        unsafe shared.initialize(to: WorkerShared())
        unsafe self.shared = shared
        self.commands = commands
        self.reports = reports
        let sink = unsafe ReportSink(reports: reports, shared: shared)
        let wake = swh_eventfd_create()
        let epoll = swh_epoll_create()
        let packetEpoll = swh_epoll_create()
        guard wake >= 0, epoll >= 0, packetEpoll >= 0, let scratch = unsafe Scratch(sink: sink, cname: cname),
            swh_epoll_add(epoll, wake, 0) == 0, swh_epoll_add(epoll, packetEpoll, 1) == 0
        else { return nil }
        let wakeEvents = UnsafeMutablePointer<swh_event>.allocate(capacity: 2)
        let packetEvents = UnsafeMutablePointer<swh_event>.allocate(capacity: 64)
        let retired = UnsafeMutablePointer<Worker.Retirement>.allocate(capacity: Worker.retiredCapacity)
        unsafe worker = .allocate(capacity: 1)
        unsafe worker.initialize(
            to: Worker(
                commands: commands, scratch: scratch, wakeDescriptor: wake, reportDescriptor: reportDescriptor,
                epoll: epoll, packetEpoll: packetEpoll,
                drain: UInt64(max(1, min(10, configuration.relayDrainMilliseconds))) * 1_000_000,
                timeout: UInt64(max(0, configuration.rtpTimeoutSeconds)) * 1_000_000_000,
                patience: UInt64(max(0, configuration.shortStepSeconds) * 1_000_000_000),
                ducked: pow(10, -Float(max(0, configuration.duckingDecibels)) / 20), wakeEvents: wakeEvents,
                packetEvents: packetEvents, heap: DeadlineHeap(capacity: configuration.maximumLegs * 4 + 1024),
                retired: retired))
    }

    /// - Returns: 0 real-time as asked (or not asked), 1 real-time refused, negative errno.
    func start(name: String, priority: Int) -> Int {
        var handle: UInt64 = 0
        let result = unsafe swh_thread_start(
            name, 256 * 1024, Int32(priority),
            { context in
                guard let worker = unsafe context?.assumingMemoryBound(to: Worker.self) else { return nil }
                while unsafe !worker.pointee.mustQuit { unsafe worker.pointee.turn() }
                return nil
            }, worker, &handle)
        if result >= 0 { thread = handle }
        isRealTime = result == 0 && priority > 0
        return Int(result)
    }

    /// Ends the thread; every block it still has is control's afterwards.
    func stop() {
        guard let thread else { return }
        send(RingMessage(kind: WorkerCommand.quit.rawValue))
        swh_eventfd_signal(unsafe worker.pointee.wakeDescriptor)
        _ = swh_thread_join(thread)
        self.thread = nil
    }

    /// Frees the worker after `stop`.
    func free() {
        unsafe _ = swh_close(worker.pointee.wakeDescriptor)
        unsafe _ = swh_close(worker.pointee.epoll)
        unsafe _ = swh_close(worker.pointee.packetEpoll)
        unsafe worker.pointee.scratch.deallocate()
        unsafe worker.pointee.heap.deallocate()
        unsafe worker.pointee.wakeEvents.deallocate()
        unsafe worker.pointee.packetEvents.deallocate()
        unsafe worker.pointee.retired.deallocate()
        unsafe worker.deallocate()
        unsafe shared.deinitialize(count: 1)
        unsafe shared.deallocate()
        commands.deallocate()
        reports.deallocate()
    }

    /// Queues a command and wakes the worker when it sleeps. A full ring never loses one: it waits here.
    func send(_ message: RingMessage) {
        flushOverflow()
        if !overflow.isEmpty || !commands.push(message) { overflow.append(message) }
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        if unsafe shared.pointee.isSleeping.exchange(false, ordering: .sequentiallyConsistent) {
            unsafe swh_eventfd_signal(worker.pointee.wakeDescriptor)
        }
    }

    func send(_ command: WorkerCommand, _ pointer: UnsafeMutableRawPointer, _ second: UnsafeMutableRawPointer? = nil) {
        var message = RingMessage(
            kind: command.rawValue, tag: 0, first: Int64(unsafe second.map { Int(bitPattern: $0) } ?? 0), second: 0,
            third: 0)
        unsafe message.pointer = pointer
        send(message)
    }

    func flushOverflow() {
        while let first = overflow.first, commands.push(first) { overflow.removeFirst() }
    }

    func nextReport() -> RingMessage? {
        var message = RingMessage(kind: 0)
        return reports.pop(into: &message) ? message : nil
    }

    /// Measures `share`; called about once a second.
    func measure(at now: UInt64) {
        measure(at: now, cpu: unsafe shared.pointee.cpu.load(ordering: .relaxed))
    }

    /// `cpu`: nanoseconds that the thread has used.
    func measure(at now: UInt64, cpu: Int) {
        if measuredAt != 0, now > measuredAt {
            share = Double(cpu - measuredCPU) / Double(now - measuredAt)
            shedder.measured(share)
            unsafe shared.pointee.encoderLimit.store(stage.complexity, ordering: .relaxed)
        }
        measuredAt = now
        measuredCPU = cpu
    }

    func add(to gauges: inout MediaGauges) {
        func read(_ counter: borrowing Atomic<Int>) -> Int { counter.load(ordering: .relaxed) }
        unsafe gauges.ticks += read(shared.pointee.ticks)
        unsafe gauges.lateness[0] += read(shared.pointee.lateUpTo100)
        unsafe gauges.lateness[1] += read(shared.pointee.lateUpTo500)
        unsafe gauges.lateness[2] += read(shared.pointee.lateUpTo1000)
        unsafe gauges.lateness[3] += read(shared.pointee.lateUpTo2000)
        unsafe gauges.lateness[4] += read(shared.pointee.lateUpTo5000)
        unsafe gauges.lateness[5] += read(shared.pointee.lateOver5000)
        unsafe gauges.latestMilliseconds = max(
            gauges.latestMilliseconds, Double(read(shared.pointee.latest)) / 1000)
        unsafe gauges.packetsMixed += read(shared.pointee.mixedPackets)
        unsafe gauges.packetsRelayed += read(shared.pointee.relayedPackets)
        unsafe gauges.packetsRefused += read(shared.pointee.refusedPackets)
        unsafe gauges.packetsUnsent += read(shared.pointee.unsentPackets)
        unsafe gauges.reportsLost += read(shared.pointee.lostReports)
        gauges.shedding = max(gauges.shedding, stage.rawValue)
        unsafe gauges.cpuSeconds += Double(read(shared.pointee.cpu)) / 1e9
    }
}
