import ControlAPI
import ConversationRuntime
import EdgeProtocols
import EventStore
import Synchronization

/// What `/health` says.
final class Readiness: Sendable {
    private let isOpen = Atomic(false)
    private let store: EventStore
    private let switchboard: Switchboard

    init(store: EventStore, switchboard: Switchboard) {
        self.store = store
        self.switchboard = switchboard
    }

    func open() { isOpen.store(true, ordering: .releasing) }
    func close() { isOpen.store(false, ordering: .releasing) }

    func report() -> HealthReport {
        var reasons: [String] = []
        if switchboard.snapshot().draining {
            reasons.append("draining: the daemon was told to end and takes no new calls")
        } else if !isOpen.load(ordering: .acquiring) {
            reasons.append("starting: the doors are not open yet")
        }
        if let fault = store.fault { reasons.append("store: \(fault)") }
        return HealthReport(reasons: reasons)
    }
}
