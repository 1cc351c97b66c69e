import CSofiaSIP
import MediaTime
import Synchronization

/// Work for the SIP thread, in order: wake-ups coalesce, and jobs may be posted before the thread exists.
///
/// - Threading: `post` any thread; `take` the SIP thread.
final class JobQueue: Sendable {
    typealias Job = @Sendable (SIPLoop) -> Void

    private struct State {
        /// Nil before the start and after the end.
        var stack: Handle?
        var isOver = false
        var jobs: [Job] = []
        var firstPostedAt: MonotonicInstant?
    }
    private let state: Mutex<State>
    private let time: any TimeSource

    init(time: any TimeSource) {
        self.time = time
        state = Mutex(State())
    }

    func post(_ job: @escaping Job) {
        state.withLock { state in
            guard !state.isOver else { return }
            state.jobs.append(job)
            guard state.jobs.count == 1 else { return }
            state.firstPostedAt = time.now
            if let stack = state.stack { unsafe swh_sip_wake(stack.pointer) }
        }
    }

    /// Everything posted so far, and how long the first of it has waited.
    func take() -> (jobs: [Job], waited: Duration) {
        let (jobs, postedAt) = state.withLock { state in
            let taken = (state.jobs, state.firstPostedAt)
            state.jobs = []
            state.firstPostedAt = nil
            return taken
        }
        return (jobs, postedAt.map { time.now - $0 } ?? .zero)
    }

    /// The thread runs: wake it for what was posted before.
    func open(_ stack: Handle) {
        state.withLock { state in
            state.stack = stack
            if !state.jobs.isEmpty { unsafe swh_sip_wake(stack.pointer) }
        }
    }

    /// The thread ends: what is posted from now on is dropped.
    func close() {
        state.withLock { state in
            state.stack = nil
            state.isOver = true
            state.jobs = []
        }
    }
}
