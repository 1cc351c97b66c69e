import Synchronization

/// Wakes readers when rows newer than theirs are committed.
///
/// - Threading: any thread; `advance` runs on the log's writer after every commit and costs one short lock.
package final class CommitSignal: Sendable {
    private struct State {
        var newest: Int64 = 0
        var waiters: [Int: (beyond: Int64, continuation: CheckedContinuation<Bool, Never>)] = [:]
        var nextWaiter = 0
        var isClosed = false
    }

    private let state = Mutex(State())

    package init() {}

    package var newest: Int64 { state.withLock { $0.newest } }

    /// Everything up to `position` is committed.
    package func advance(to position: Int64) {
        let woken = state.withLock { state -> [CheckedContinuation<Bool, Never>] in
            guard position > state.newest else { return [] }
            state.newest = position
            if state.waiters.isEmpty { return [] }
            let due = state.waiters.filter { $0.value.beyond < position }
            for key in due.keys { state.waiters[key] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in woken { continuation.resume(returning: true) }
    }

    /// Ends every wait, now and later: the box shuts down.
    package func close() {
        let woken = state.withLock { state -> [CheckedContinuation<Bool, Never>] in
            state.isClosed = true
            defer { state.waiters = [:] }
            return state.waiters.values.map(\.continuation)
        }
        for continuation in woken { continuation.resume(returning: false) }
    }

    /// Returns when a row after `position` is committed; false when the task was cancelled or the signal closed.
    package func wait(beyond position: Int64) async -> Bool {
        let key = state.withLock { state -> Int in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let outcome = state.withLock { state -> Bool? in
                    if state.isClosed || Task.isCancelled { return false }
                    if state.newest > position { return true }
                    state.waiters[key] = (position, continuation)
                    return nil
                }
                if let outcome { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters.removeValue(forKey: key) }
            waiter?.continuation.resume(returning: false)
        }
    }
}
