import Dispatch
import Foundation
import Glibc
import MediaTime
import Synchronization

/// The writer's thread, of lower priority than what serves calls: when the processor is short rows wait for calls, and
/// they gather into fewer commits meanwhile.
///
/// - Threading: `wake` and `stop` from any thread; `start` once.
/// - Reference: setpriority(2), which on Linux takes a thread of its own for each number.
final class StoreThread: Sendable {
    private static let niceness: Int32 = 10

    private final class Signal: Sendable {
        let arrived = DispatchSemaphore(value: 0)
        let isStopped = Atomic<Bool>(false)
    }
    private let signal = Signal()

    /// - Parameter step: does what there is to do; nil when there was nothing, else the rest before the next step.
    func start(_ step: @escaping @Sendable () -> Duration?) {
        let thread = Thread { [signal] in
            Thread.current.name = "store"
            // Refused nowhere: a thread may always lower itself.
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
            while !signal.isStopped.load(ordering: .acquiring) {
                while let rest = step() {
                    if rest > .zero { Thread.sleep(forTimeInterval: rest.milliseconds / 1000) }
                }
                signal.arrived.wait()
            }
        }
        thread.stackSize = 1 << 20
        thread.start()
    }

    func wake() { signal.arrived.signal() }

    func stop() {
        signal.isStopped.store(true, ordering: .releasing)
        signal.arrived.signal()
    }
}
