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
        var owners: [Owner: Int] = [:]
        var listeners: [Int: Listener] = [:]
        var nextListener = 0
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
        let (passing, continuation) = AsyncStream.makeStream(
            of: EventRow.self, bufferingPolicy: .bufferingNewest(Self.passingLimit))
        let listener = listen(application, continuation)
        let lease = LiveLease { [self] in release(owner, listener) }
        let newest = try await tail.start()
        // Asked for after `newest`: what is committed in between is in this list and comes by as a row as well.
        var conversations: [ConversationID] = []
        if let user { conversations = try await log.conversations(ofUser: user, application: application) }
        return LiveSession(
            application: application, user: user, start: min(since ?? newest, newest), newest: newest, tail: tail,
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

    private func listen(_ application: ApplicationID, _ passing: AsyncStream<EventRow>.Continuation) -> Int {
        state.withLock { state in
            state.nextListener += 1
            state.listeners[state.nextListener] = Listener(application: application, passing: passing)
            return state.nextListener
        }
    }

    /// Whose sessions the application has; told whenever the first of a user comes or the last goes.
    private static func presence(_ application: ApplicationID, _ state: State) -> ClientPresence {
        let owners = state.owners.keys.filter { $0.application == application }
        return ClientPresence(
            seesAll: owners.contains { $0.user == nil }, users: Set(owners.compactMap { $0.user }))
    }

    private func admit(_ owner: Owner) throws(LiveRefusal) {
        try state.withLock { state throws(LiveRefusal) in
            if state.isClosed { throw LiveRefusal(code: .shuttingDown, detail: "the box is shutting down") }
            if state.count >= sessionLimit {
                throw LiveRefusal(code: .tooManySessions, detail: "the box has \(sessionLimit) sessions open")
            }
            if state.owners[owner, default: 0] >= userLimit {
                throw LiveRefusal(code: .tooManySessions, detail: "this user has \(userLimit) sessions open")
            }
            state.owners[owner, default: 0] += 1
            state.count += 1
            gauge.record(state.count)
            // Under the lock: what is told is in the order in which it happened.
            if state.owners[owner] == 1 {
                commands.clientsChanged(of: owner.application, to: Self.presence(owner.application, state))
            }
        }
    }

    private func release(_ owner: Owner, _ listener: Int) {
        let isLast = state.withLock { state -> Bool in
            state.listeners.removeValue(forKey: listener)?.passing.finish()
            let left = state.owners[owner, default: 1] - 1
            state.owners[owner] = left > 0 ? left : nil
            if left <= 0 {
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
