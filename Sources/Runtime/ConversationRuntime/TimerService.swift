import MediaTime
import Synchronization

/// Deadlines of all conversations in one heap, with one task that sleeps until the earliest.
///
/// - Threading: any thread; a cancelled or replaced timer never fires.
final class TimerService: Sendable {
    struct Handle: Hashable, Sendable { let rawValue: UInt64 }

    fileprivate struct Entry {
        var deadline: MonotonicInstant
        var handle: Handle
    }

    private struct State {
        var heap: [Entry] = []
        var actions: [Handle: @Sendable () -> Void] = [:]
        var next: UInt64 = 1
        var wakeAt: MonotonicInstant?
        var sleeper: Task<Void, Never>?
    }

    private let state = Mutex(State())
    private let time: any TimeSource

    init(time: any TimeSource) { self.time = time }

    func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) -> Handle {
        let deadline = time.now + delay
        return state.withLock { state in
            let handle = Handle(rawValue: state.next)
            state.next += 1
            state.actions[handle] = action
            state.heap.push(Entry(deadline: deadline, handle: handle))
            arm(&state)
            return handle
        }
    }

    func cancel(_ handle: Handle) {
        state.withLock { state in
            state.actions[handle] = nil
            // Cancelled entries stay in the heap until their time; rebuild when they outnumber the live ones.
            if state.heap.count > 64, state.heap.count > 4 * state.actions.count {
                let live = state.heap.filter { state.actions[$0.handle] != nil }
                state.heap = []
                for entry in live { state.heap.push(entry) }
            }
        }
    }

    func stop() {
        state.withLock { state in
            state.sleeper?.cancel()
            state.actions = [:]
            state.heap = []
        }
    }

    private func arm(_ state: inout State) {
        guard let first = state.heap.first else { return }
        if let wakeAt = state.wakeAt, wakeAt <= first.deadline { return }
        state.sleeper?.cancel()
        state.wakeAt = first.deadline
        let pause = first.deadline - time.now
        state.sleeper = Task { [weak self] in
            if pause > .zero, (try? await Task.sleep(for: pause)) == nil { return }
            self?.fire()
        }
    }

    private func fire() {
        let due = state.withLock { state in
            var due: [@Sendable () -> Void] = []
            let now = time.now
            while let first = state.heap.first, first.deadline <= now {
                state.heap.pop()
                if let action = state.actions.removeValue(forKey: first.handle) { due.append(action) }
            }
            state.wakeAt = nil
            arm(&state)
            return due
        }
        for action in due { action() }
    }
}

/// A binary heap in an array, earliest deadline first.
extension [TimerService.Entry] {
    fileprivate mutating func push(_ entry: Element) {
        append(entry)
        var child = count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard self[child].deadline < self[parent].deadline else { return }
            swapAt(child, parent)
            child = parent
        }
    }

    fileprivate mutating func pop() {
        guard !isEmpty else { return }
        swapAt(0, count - 1)
        removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < count {
                if self[child].deadline < self[least].deadline { least = child }
            }
            guard least != parent else { return }
            swapAt(parent, least)
            parent = least
        }
    }
}
