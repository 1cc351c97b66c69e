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
    private struct Listener {
        var application: ApplicationID
        var passing: AsyncStream<EventRow>.Continuation
    }
    /// Events that are not stored and wait for a session; beyond it the oldest are dropped.
    private static let passingLimit = 64
    private struct State {
        /// Ids of the open sessions, oldest first.
        var owners: [Owner: [String]] = [:]
        /// By session.
        var listeners: [String: Listener] = [:]
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

    /// Ids of the open sessions of a user, oldest first.
    package func sessions(of user: String, application: ApplicationID) -> [String] {
        state.withLock { $0.owners[Owner(application: application, user: user)] ?? [] }
    }

    /// Opens a session at `since` (nil: now). A position from the future, as after a wiped log, starts now too.
    ///
    /// - Fails with: `LiveRefusal`, or as the log fails. The place is free again when the session is released.
    package func open(application: ApplicationID, user: String?, since: Int64?) async throws -> LiveSession {
        let owner = Owner(application: application, user: user)
        let id = "SES-" + UUIDText.random()
        try admit(owner, id)
        let (passing, continuation) = AsyncStream.makeStream(
            of: EventRow.self, bufferingPolicy: .bufferingNewest(Self.passingLimit))
        state.withLock { $0.listeners[id] = Listener(application: application, passing: continuation) }
        let lease = LiveLease { [self] in release(owner, id) }
        let newest = try await tail.start()
        // Asked for after `newest`: what is committed in between is in this list and comes by as a row as well.
        var conversations: [ConversationID] = []
        if let user { conversations = try await log.conversations(ofUser: user, application: application) }
        return LiveSession(
            id: id, application: application, user: user, start: min(since ?? newest, newest), newest: newest,
            tail: tail,
            log: log, commands: commands, conversations: conversations, passing: passing, lease: lease)
    }

    /// Ends every session; they close with their position.
    package func shutdown() {
        state.withLock { $0.isClosed = true }
        tail.stop()
    }

    /// Shows an event that is not stored to the sessions of its application.
    package func tell(_ event: EventRow) {
        state.withLock { state in
            for listener in state.listeners.values where listener.application == event.application {
                listener.passing.yield(event)
            }
        }
    }

    /// Whose sessions the application has; told whenever the first of a user comes or the last goes.
    private static func presence(_ application: ApplicationID, _ state: State) -> ClientPresence {
        let owners = state.owners.keys.filter { $0.application == application }
        return ClientPresence(users: Set(owners.compactMap { $0.user }))
    }

    private func admit(_ owner: Owner, _ id: String) throws(LiveRefusal) {
        try state.withLock { state throws(LiveRefusal) in
            if state.isClosed { throw LiveRefusal(code: .shuttingDown, detail: "the box is shutting down") }
            if state.count >= sessionLimit {
                throw LiveRefusal(code: .tooManySessions, detail: "the box has \(sessionLimit) sessions open")
            }
            if state.owners[owner, default: []].count >= userLimit {
                throw LiveRefusal(code: .tooManySessions, detail: "this user has \(userLimit) sessions open")
            }
            state.owners[owner, default: []].append(id)
            state.count += 1
            gauge.record(state.count)
            // Under the lock: what is told is in the order in which it happened.
            if owner.user != nil, state.owners[owner]?.count == 1 {
                commands.clientsChanged(of: owner.application, to: Self.presence(owner.application, state))
            }
        }
    }

    private func release(_ owner: Owner, _ id: String) {
        let isLast = state.withLock { state -> Bool in
            state.listeners.removeValue(forKey: id)?.passing.finish()
            let left = state.owners[owner, default: []].filter { $0 != id }
            state.owners[owner] = left.isEmpty ? nil : left
            if owner.user != nil, left.isEmpty {
                commands.clientsChanged(of: owner.application, to: Self.presence(owner.application, state))
            }
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
