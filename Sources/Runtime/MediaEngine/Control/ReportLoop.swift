import CLinux
internal import Synchronization

/// The control thread that empties the workers' report rings.
///
/// - Threading: `start` and `stop` once; `body` runs on its own thread, at normal priority.
final class ReportLoop: Sendable {
    let descriptor: Int32
    private let body: @Sendable () -> Void
    private let shouldStop = Atomic<Bool>(false)
    private let thread = Mutex<UInt64?>(nil)

    /// - Parameter body: called when reports may be there, and at least once a second.
    init?(body: @escaping @Sendable () -> Void) {
        let made = swh_eventfd_create()
        guard made >= 0 else { return nil }
        descriptor = made
        self.body = body
    }

    deinit { _ = swh_close(descriptor) }

    /// - Returns: 0, or a negative errno.
    func start() -> Int {
        var handle: UInt64 = 0
        let context = unsafe Unmanaged.passRetained(self)
        let result = unsafe swh_thread_start(
            "media-reports", 512 * 1024, 0,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<ReportLoop>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque(), &handle)
        if result < 0 {
            unsafe context.release()
            return Int(result)
        }
        thread.withLock { $0 = handle }
        return 0
    }

    func stop() {
        guard let handle = thread.withLock({ $0.take() }) else { return }
        shouldStop.store(true, ordering: .releasing)
        swh_eventfd_signal(descriptor)
        _ = swh_thread_join(handle)
    }

    private func run() {
        while !shouldStop.load(ordering: .acquiring) {
            _ = swh_wait_readable(descriptor, 1000)
            swh_eventfd_clear(descriptor)
            body()
        }
    }
}
