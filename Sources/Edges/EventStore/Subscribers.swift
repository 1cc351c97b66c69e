import EdgeProtocols
import Synchronization

/// Who wants to hear of commits.
///
/// - Threading: any thread; handlers run on the writer's queue, so they must be short.
final class Subscribers: Sendable {
    private struct State {
        var next: UInt64 = 0
        var handlers: [UInt64: @Sendable (Int64) -> Void] = [:]
    }
    private let state = Mutex(State())

    func add(_ handler: @escaping @Sendable (Int64) -> Void) -> any LogSubscription {
        let key = state.withLock { state in
            state.next += 1
            state.handlers[state.next] = handler
            return state.next
        }
        return Subscription(self, key)
    }

    func tell(_ newest: Int64) {
        for handler in state.withLock({ Array($0.handlers.values) }) { handler(newest) }
    }

    fileprivate func remove(_ key: UInt64) { state.withLock { $0.handlers[key] = nil } }

    private final class Subscription: LogSubscription {
        private let subscribers: Subscribers
        private let key: UInt64

        init(_ subscribers: Subscribers, _ key: UInt64) {
            self.subscribers = subscribers
            self.key = key
        }
        deinit { subscribers.remove(key) }
        func cancel() { subscribers.remove(key) }
    }
}
