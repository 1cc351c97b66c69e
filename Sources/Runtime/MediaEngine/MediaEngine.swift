import CallModel
public import EdgeProtocols
public import Logging
public import MediaTime

internal import Synchronization

import CLinux
import RTPTransport

/// The media engine: legs, mixes and prompts on real-time workers (design §4).
///
/// - Threading: any thread. One mutex guards what control knows; workers share queues with it, not state. Nothing here
///   waits for a worker but `stop`.
/// - Errors: `MediaRefusal` with a stable code; `EngineFault` when it cannot start.
public final class MediaEngine: MediaControl {
    /// Why the engine cannot run.
    public struct EngineFault: Error, Sendable, CustomStringConvertible {
        public enum Code: String, Sendable {
            case badAddress = "bad_address"
            case badPorts = "bad_ports"
            case noThread = "no_thread"
            case noMemory = "no_memory"
        }
        public var code: Code
        public var detail: String
        public var description: String { detail }
    }

    let configuration: MediaEngineConfiguration
    let logger: Logger
    let ports: PortPool
    let clips: ClipCache
    let recordings: RecordingThread
    let recogniser: (any SpeechRecognising)?
    let state = Mutex(EngineState())
    private let time: any TimeSource
    private let report: @Sendable (MediaReport) -> Void
    private let loop = Mutex<ReportLoop?>(nil)
    private let metrics = MediaMetrics()
    /// Name of this box in RTCP: random, so that it tells nothing.
    private let cname = SharedText(UUIDText.random())

    /// - Parameters:
    ///   - recogniser: for speech inputs; nil: they fail.
    ///   - report: called on the engine's own control thread (never a worker); must not block for long.
    /// - Throws: `EngineFault` when the address or the ports are unusable.
    public init(
        configuration: MediaEngineConfiguration, time: any TimeSource, logger: Logger,
        recogniser: (any SpeechRecognising)? = nil, report: @escaping @Sendable (MediaReport) -> Void
    ) throws(EngineFault) {
        self.configuration = configuration
        self.time = time
        self.logger = logger
        self.report = report
        self.recogniser = recogniser
        clips = ClipCache(maximumSamples: configuration.clipCacheSamples)
        guard let recordings = RecordingThread() else {
            throw EngineFault(code: .noThread, detail: "the kernel refuses an eventfd")
        }
        self.recordings = recordings
        do throws(PortPool.Fault) {
            ports = try PortPool(bindAddress: configuration.bindAddress, ports: configuration.rtpPorts)
        } catch {
            throw EngineFault(code: error.code == .badAddress ? .badAddress : .badPorts, detail: error.detail)
        }
        let advertised = configuration.advertisedAddress ?? configuration.bindAddress
        guard SocketAddress(host: advertised, port: 0) != nil else {
            throw EngineFault(code: .badAddress, detail: "\(advertised) is no numeric IPv4 or IPv6 address")
        }
    }

    deinit { stop() }

    /// Starts the workers. One warning when real-time scheduling is refused.
    public func start() throws(EngineFault) {
        guard let loop = ReportLoop(body: { [weak self] in self?.takeReports() }) else {
            throw EngineFault(code: .noThread, detail: "the kernel refuses an eventfd")
        }
        if configuration.locksMemory, swh_lock_memory() < 0 {
            logger.warning("memory cannot be locked: raise the memlock limit (LimitMEMLOCK)")
        }
        let name = cname
        let count = max(1, configuration.workers ?? Int(swh_usable_cores()) - 1)
        var workers: [WorkerHandle] = []
        var isRefused = false
        for index in 0..<count {
            guard
                let worker = unsafe WorkerHandle(
                    configuration: configuration, reportDescriptor: loop.descriptor, cname: name.bytes)
            else { throw EngineFault(code: .noMemory, detail: "no memory or descriptors for a media worker") }
            let result = worker.start(name: "media-\(index)", priority: configuration.wantsRealTime ? 60 : 0)
            guard result >= 0 else {
                throw EngineFault(code: .noThread, detail: "a media worker cannot start: errno \(-result)")
            }
            if result > 0 { isRefused = true }
            workers.append(worker)
        }
        if isRefused {
            logger.warning(
                "media workers run without real-time scheduling: sound may stutter on a busy box",
                metadata: ["fix": "grant CAP_SYS_NICE or an rtprio limit (LimitRTPRIO=60)"])
        }
        state.withLock { state in
            state.workers = workers
            state.isRunning = true
        }
        for (result, name) in [(loop.start(), "report"), (recordings.start(), "recording")] where result != 0 {
            throw EngineFault(code: .noThread, detail: "the \(name) thread cannot start: errno \(-result)")
        }
        self.loop.withLock { $0 = loop }
        logger.info("media engine runs", metadata: ["workers": "\(count)"])
    }

    /// Ends every leg and the workers. Waits for the threads.
    public func stop() {
        guard let loop = loop.withLock({ $0.take() }) else { return }
        state.withLock { $0.isRunning = false }
        loop.stop()
        let workers = state.withLock { $0.workers }
        for worker in workers { worker.stop() }
        state.withLock { state in
            _ = state.takeReports(ports: ports)
            for play in Array(state.playsBySerial.values) { state.forget(play) }
            for tap in Array(state.tapsBySerial.values) { state.forget(tap) }
            for leg in Array(state.bySerial.values) { state.free(leg, ports) }
            for mix in state.mixes.values {
                for member in mix.members.values { member.mix = nil }
                mix.members = [:]
                mix.free()
            }
            for mix in state.closingMixes.values { mix.free() }
            state.legs = [:]
            state.mixes = [:]
            state.watched = []
            state.closingMixes = [:]
            state.workers = []
        }
        for worker in workers { worker.free() }
        recordings.stop()
    }

    /// Counters of workers and legs at this moment.
    public func gauges() -> MediaGauges {
        state.withLock { state in
            var gauges = MediaGauges()
            gauges.workers = state.workers.count
            gauges.isRealTime = !state.workers.isEmpty && state.workers.allSatisfy { $0.isRealTime }
            gauges.legs = state.legs.count
            gauges.mixes = state.mixes.count
            gauges.recordings = state.recordingCount
            gauges.listenings = state.listeningCount
            gauges.portPairsTaken = ports.taken
            for worker in state.workers { worker.add(to: &gauges) }
            for leg in state.legs.values {
                let statistics = leg.statistics
                gauges.jitterMilliseconds += statistics.jitterMilliseconds / Double(state.legs.count)
                gauges.packetsReceived += statistics.packetsReceived
                gauges.packetsLost += statistics.packetsLost
                gauges.deviceXruns += leg.device?.xruns() ?? 0
                if let playout = leg.playout { gauges.add(playoutDelay: playout.delay, target: playout.target) }
            }
            return gauges
        }
    }

    private func takeReports() {
        let news = state.withLock { $0.takeReports(ports: ports) }
        for item in news { report(item) }
        let now = time.now
        metrics.recordIfDue(at: now) {
            let (before, after) = state.withLock { state in
                let before = state.shedding
                state.workers.forEach { $0.measure(at: now.nanoseconds) }
                for leg in state.legs.values { leg.tellEchoDelay() }
                return (before, state.shedding)
            }
            if before != after { tellShedding(after) }
            return gauges()
        }
    }

    private func tellShedding(_ stage: LoadShedder.Stage) {
        switch stage {
        case .none: logger.notice("media workers have time again: everything is done as configured")
        case .refusesLegs: logger.warning("media workers are busy: a worker gets no new legs")
        case .easesEncoders, .sparesEncoders:
            logger.warning(
                "media workers are short of time: Opus is encoded with less effort",
                metadata: ["complexity": "\(stage.complexity)"])
        }
    }

    /// A report of a sound device, from its thread.
    func tell(_ news: MediaReport) { report(news) }
}

/// Text where workers can read it; the engine keeps it longer than they live.
@safe final class SharedText: @unchecked Sendable {
    // Unchecked: the memory is written in `init` only.
    let bytes: UnsafeRawBufferPointer

    init(_ text: String) {
        let utf8 = Array(text.utf8)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: utf8.count, alignment: 1)
        unsafe memory.copyBytes(from: utf8)
        unsafe bytes = UnsafeRawBufferPointer(memory)
    }

    deinit { unsafe bytes.deallocate() }
}
