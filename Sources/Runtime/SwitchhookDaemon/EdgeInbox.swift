import CallModel
import ConversationRuntime
import EdgeProtocols
import Synchronization

/// Carries events of edges that exist before the switchboard does; what comes earlier than `connect` is kept in order.
final class EdgeInbox: Sendable {
    private enum Item {
        case sip(SIPEvent)
        case media(MediaReport)
    }

    private struct State {
        var switchboard: Switchboard?
        var early: [Item] = []
    }

    private let state = Mutex(State())

    func take(_ event: SIPEvent) {
        let switchboard = state.withLock { state in
            if state.switchboard == nil { state.early.append(.sip(event)) }
            return state.switchboard
        }
        switchboard?.handle(event)
    }

    func take(_ report: MediaReport) {
        let switchboard = state.withLock { state in
            if state.switchboard == nil { state.early.append(.media(report)) }
            return state.switchboard
        }
        switchboard?.handle(report)
    }

    /// No websocket is opened before there is a switchboard.
    func take(_ event: SocketEvent, of leg: LegID) { state.withLock { $0.switchboard }?.handle(event, of: leg) }

    func connect(_ switchboard: Switchboard) {
        let early = state.withLock { state in
            state.switchboard = switchboard
            defer { state.early = [] }
            return state.early
        }
        for item in early {
            switch item {
            case .sip(let event): switchboard.handle(event)
            case .media(let report): switchboard.handle(report)
            }
        }
    }
}
