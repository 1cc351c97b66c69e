import EdgeProtocols
import Synchronization

/// Collects the events of a stack; tests take them out one by one, each wait bounded.
final class Inbox: Sendable {
    struct TimedOut: Error, CustomStringConvertible {
        var description: String
    }
    private struct Waiter {
        var id: Int
        var take: @Sendable (SIPEvent) -> Bool
        var continuation: CheckedContinuation<SIPEvent?, Never>
    }
    private struct State {
        var events: [SIPEvent] = []
        var waiters: [Waiter] = []
        var nextID = 0
    }
    private let state = Mutex(State())

    func put(_ event: SIPEvent) {
        let woken = state.withLock { state -> CheckedContinuation<SIPEvent?, Never>? in
            guard let index = state.waiters.firstIndex(where: { $0.take(event) }) else {
                state.events.append(event)
                return nil
            }
            return state.waiters.remove(at: index).continuation
        }
        woken?.resume(returning: event)
    }

    /// The first event for which `match` gives a value; it is removed, the others stay.
    @discardableResult
    func next<T: Sendable>(
        _ what: String, within limit: Duration = .seconds(15), _ match: @escaping @Sendable (SIPEvent) -> T?
    ) async throws -> T {
        let event = await withCheckedContinuation { (continuation: CheckedContinuation<SIPEvent?, Never>) in
            let found = state.withLock { state -> (event: SIPEvent?, id: Int) in
                if let index = state.events.firstIndex(where: { match($0) != nil }) {
                    return (state.events.remove(at: index), 0)
                }
                state.nextID += 1
                state.waiters.append(
                    Waiter(id: state.nextID, take: { match($0) != nil }, continuation: continuation))
                return (nil, state.nextID)
            }
            if let event = found.event { return continuation.resume(returning: event) }
            Task { [self] in
                try? await Task.sleep(for: limit)
                let late = state.withLock { state in
                    state.waiters.firstIndex { $0.id == found.id }.map { state.waiters.remove(at: $0).continuation }
                }
                late?.resume(returning: nil)
            }
        }
        guard let event, let value = match(event) else {
            throw TimedOut(description: "no \(what); left: \(left)")
        }
        return value
    }

    /// Events nobody has asked for.
    var left: [SIPEvent] { state.withLock { $0.events } }
}
