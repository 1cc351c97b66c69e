import Dispatch
import EdgeProtocols
import Foundation
import Synchronization

/// One thread of its own for a library that blocks or is not thread safe, behind a bounded queue.
///
/// - Threading: `run` from any task; it waits without blocking the pool. Jobs run one at a time, in order.
/// - Fails with: `PromptFault` when the queue is full or the thread has been stopped.
final class EngineThread: Sendable {
    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var isStopped = false
    }
    private final class Queue: Sendable {
        let state = Mutex(State())
        let arrived = DispatchSemaphore(value: 0)

        /// Nil: stopped, and everything queued before has run.
        func next() -> (@Sendable () -> Void)? {
            while true {
                arrived.wait()
                let (job, isStopped) = state.withLock { state in
                    (state.jobs.isEmpty ? nil : state.jobs.removeFirst(), state.isStopped)
                }
                if let job { return job }
                if isStopped { return nil }
            }
        }
    }

    private let name: String
    private let queueLimit: Int
    private let queue = Queue()

    init(name: String, queueLimit: Int) {
        self.name = name
        self.queueLimit = queueLimit
        let thread = Thread { [queue] in
            while let job = queue.next() { job() }
        }
        thread.name = name
        thread.stackSize = 1 << 20
        thread.start()
    }

    deinit {
        queue.state.withLock { $0.isStopped = true }
        queue.arrived.signal()
    }

    /// Runs `work` on the thread and returns what it made.
    func run<Value: Sendable>(_ work: @escaping @Sendable () throws(PromptFault) -> Value) async throws(PromptFault)
        -> Value
    {
        let result: Result<Value, PromptFault> = await withCheckedContinuation { continuation in
            let isQueued = queue.state.withLock { state in
                guard state.jobs.count < queueLimit else { return false }
                state.jobs.append {
                    do throws(PromptFault) {
                        continuation.resume(returning: .success(try work()))
                    } catch {
                        continuation.resume(returning: .failure(error))
                    }
                }
                return true
            }
            if isQueued {
                queue.arrived.signal()
            } else {
                continuation.resume(returning: .failure(PromptFault("\(name): more than \(queueLimit) prompts wait")))
            }
        }
        return try result.get()
    }
}
