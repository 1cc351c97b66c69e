package import CallModel
package import EdgeProtocols
import Metrics
import Synchronization
import WireJSON

/// Why a session cannot be opened.
package struct LiveRefusal: Error, Hashable, Sendable {
    package enum Code: String, Sendable {
        case tooManySessions = "too_many_sessions"
        case shuttingDown = "shutting_down"
    }
    package var code: Code
    package var detail: String
}

/// Opens and counts the live sessions of all clients.
///
/// - Threading: any thread.
/// - Bounds: sessions in all and per user (of one application).
package final class LiveHub: Sendable {
    private struct Owner: Hashable {
        var application: ApplicationID
        var user: String?
    }
    private struct State {
        var owners: [Owner: Int] = [:]
        var count = 0
        var isClosed = false
    }

    private let log: any LogQueries
    private let commands: any CallCommands
    private let sessionLimit: Int
    private let userLimit: Int
    private let state = Mutex(State())
    private let gauge = Gauge(label: "switchhook_client_sessions")
    /// Also wakes the followers of the control socket.
    package let tail: LogTail

    package init(log: any LogQueries, commands: any CallCommands, sessionLimit: Int, userLimit: Int) {
        self.log = log
        self.commands = commands
        self.sessionLimit = sessionLimit
        self.userLimit = userLimit
        tail = LogTail(log: log)
    }

    package var sessions: Int { state.withLock { $0.count } }

    /// Opens a session at `since` (nil: now). A position from the future, as after a wiped log, starts now too.
    ///
    /// - Fails with: `LiveRefusal`, or as the log fails. The place is free again when the session is released.
    package func open(application: ApplicationID, user: String?, since: Int64?) async throws -> LiveSession {
        let owner = Owner(application: application, user: user)
        try admit(owner)
        let lease = LiveLease { [self] in release(owner) }
        let newest = try await tail.start()
        // Asked for after `newest`: what is committed in between is in this list and comes by as a row as well.
        var conversations: [ConversationID] = []
        if let user { conversations = try await log.conversations(ofUser: user, application: application) }
        return LiveSession(
            application: application, user: user, start: min(since ?? newest, newest), newest: newest, tail: tail,
            log: log, commands: commands, conversations: conversations, lease: lease)
    }

    /// Ends every session; they close with their position.
    package func shutdown() {
        state.withLock { $0.isClosed = true }
        tail.stop()
    }

    private func admit(_ owner: Owner) throws(LiveRefusal) {
        let refusal: LiveRefusal? = state.withLock { state in
            if state.isClosed { return LiveRefusal(code: .shuttingDown, detail: "the box is shutting down") }
            if state.count >= sessionLimit {
                return LiveRefusal(code: .tooManySessions, detail: "the box has \(sessionLimit) sessions open")
            }
            if state.owners[owner, default: 0] >= userLimit {
                return LiveRefusal(code: .tooManySessions, detail: "this user has \(userLimit) sessions open")
            }
            state.owners[owner, default: 0] += 1
            state.count += 1
            gauge.record(state.count)
            return nil
        }
        if let refusal { throw refusal }
    }

    private func release(_ owner: Owner) {
        let isLast = state.withLock { state -> Bool in
            let left = state.owners[owner, default: 1] - 1
            state.owners[owner] = left > 0 ? left : nil
            state.count -= 1
            gauge.record(state.count)
            return state.count == 0
        }
        if isLast { tail.forgetAll() }
    }
}

/// A session's place in the count, given back when the last holder lets go.
final class LiveLease: Sendable {
    private let release: @Sendable () -> Void
    init(_ release: @escaping @Sendable () -> Void) { self.release = release }
    deinit { release() }
}
