import CLinux
internal import Synchronization

/// The thread that empties the rings of all taps, at normal priority: into files, and into ears that listen.
///
/// - Threading: `add` and `wake` from any thread; `start` and `stop` once.
final class RecordingThread: Sendable {
    /// While recordings run their rings are emptied so often.
    private static let periodMilliseconds: Int32 = 40

    private let descriptor: Int32
    private let shouldStop = Atomic<Bool>(false)
    private let jobs = Mutex<[any TapJob]>([])
    private let thread = Mutex<UInt64?>(nil)

    /// Nil when the kernel refuses an eventfd.
    init?() {
        descriptor = swh_eventfd_create()
        if descriptor < 0 { return nil }
    }

    deinit { _ = swh_close(descriptor) }

    /// - Returns: 0, or a negative errno.
    func start() -> Int {
        var handle: UInt64 = 0
        let context = unsafe Unmanaged.passRetained(self)
        let result = unsafe swh_thread_start(
            "media-files", 1 << 20, 0,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<RecordingThread>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque(), &handle)
        if result < 0 {
            unsafe context.release()
            return Int(result)
        }
        thread.withLock { $0 = handle }
        return 0
    }

    /// Completes every file whose tap has ended, then ends.
    func stop() {
        guard let handle = thread.withLock({ $0.take() }) else { return }
        shouldStop.store(true, ordering: .releasing)
        wake()
        _ = swh_thread_join(handle)
    }

    func add(_ job: any TapJob) {
        job.wake = { [weak self] in self?.wake() }
        jobs.withLock { $0.append(job) }
        wake()
    }

    private func wake() { swh_eventfd_signal(descriptor) }

    private func run() {
        while true {
            let isIdle = jobs.withLock { $0.isEmpty }
            _ = swh_wait_readable(descriptor, isIdle ? 1000 : Self.periodMilliseconds)
            swh_eventfd_clear(descriptor)
            let isLast = shouldStop.load(ordering: .acquiring)
            for job in jobs.withLock({ $0 }) where job.work() { jobs.withLock { $0.removeAll { $0 === job } } }
            if isLast { return }
        }
    }
}
