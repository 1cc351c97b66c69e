import CallModel
import EdgeProtocols
import MediaTime
import Synchronization

/// The log in memory, with commits that tell their subscribers.
final class FakeLog: LogQueries {
    private struct State {
        var rows: [EventRow] = []
        var legs: [LegRecord] = []
        var conversations: [ConversationRecord] = []
        var members: [MemberRecord] = []
        var files: [FileRecord] = []
        var handlers: [Int: @Sendable (Int64) -> Void] = [:]
        var nextHandler = 0
    }
    private let state = Mutex(State())

    /// Commits rows; gives them positions.
    func commit(_ rows: [EventRow]) {
        let (position, handlers) = state.withLock { state in
            for var row in rows {
                row.position = Int64(state.rows.count + 1)
                state.rows.append(row)
            }
            return (Int64(state.rows.count), Array(state.handlers.values))
        }
        for handler in handlers { handler(position) }
    }

    func file(_ id: FileID) async throws -> FileRecord? { state.withLock { $0.files.first { $0.id == id } } }

    func put(
        legs: [LegRecord] = [], conversations: [ConversationRecord] = [], members: [MemberRecord] = [],
        files: [FileRecord] = []
    ) {
        state.withLock { state in
            state.files += files
            for leg in legs {
                state.legs.removeAll { $0.id == leg.id }
                state.legs.append(leg)
            }
            for conversation in conversations {
                state.conversations.removeAll { $0.id == conversation.id }
                state.conversations.append(conversation)
            }
            for member in members {
                state.members.removeAll { $0.id == member.id }
                state.members.append(member)
            }
        }
    }

    func rows(
        after position: Int64, limit: Int, application: ApplicationID?, conversation: ConversationID?,
        stream: EventStream?
    ) async throws -> [EventRow] {
        state.withLock { state in
            Array(
                state.rows.dropFirst(Int(min(position, Int64(state.rows.count)))).lazy.filter {
                    (application == nil || $0.application == application)
                        && (conversation == nil || $0.conversation == conversation)
                        && (stream == nil || $0.stream == stream)
                }.prefix(limit))
        }
    }

    func events(
        of conversation: ConversationID, ids: ClosedRange<Int>, limit: Int, descending: Bool
    ) async throws -> [EventRow] {
        state.withLock { state in
            let found = state.rows.filter { row in
                row.conversation == conversation && row.stream == .rtc && row.id.map(ids.contains) == true
            }
            return Array((descending ? found.reversed() : found).prefix(limit))
        }
    }

    func newestPosition() async throws -> Int64 { state.withLock { Int64($0.rows.count) } }

    func onCommit(_ handler: @escaping @Sendable (Int64) -> Void) -> any LogSubscription {
        let key = state.withLock { state in
            state.nextHandler += 1
            state.handlers[state.nextHandler] = handler
            return state.nextHandler
        }
        return Subscription { [self] in state.withLock { $0.handlers[key] = nil } }
    }

    func leg(_ id: LegID) async throws -> LegRecord? { state.withLock { $0.legs.first { $0.id == id } } }

    func legs(_ filter: LegFilter) async throws -> (total: Int, legs: [LegRecord]) {
        state.withLock { state in
            let found = state.legs.filter { leg in
                leg.application == filter.application
                    && (filter.statuses.isEmpty || filter.statuses.contains(leg.status))
                    && (filter.conversation == nil || leg.conversation == filter.conversation)
                    && filter.startedFrom.map { leg.started >= $0 } ?? true
                    && filter.startedTo.map { leg.started <= $0 } ?? true
                    && !(leg.ended.flatMap { ended in filter.keptSince.map { ended < $0 } } ?? false)
            }.sorted { filter.descending ? $0.started > $1.started : $0.started < $1.started }
            return (found.count, Array(found.dropFirst(filter.offset).prefix(filter.limit)))
        }
    }

    func conversation(_ id: ConversationID) async throws -> ConversationRecord? {
        state.withLock { $0.conversations.first { $0.id == id } }
    }

    func conversations(
        application: ApplicationID, filter: ConversationFilter
    ) async throws -> [ConversationRecord] {
        state.withLock { state in
            let found = state.conversations.filter { $0.application == application }
                .sorted { ($0.created, $0.id.text) < ($1.created, $1.id.text) }
            let ordered = filter.descending ? found.reversed() : found
            guard let created = filter.afterCreated, let id = filter.afterID else {
                return Array(ordered.prefix(filter.limit))
            }
            let rest = ordered.drop { one in
                let a = (one.created, one.id.text)
                let b = (created, id.text)
                return filter.descending ? a >= b : a <= b
            }
            return Array(rest.prefix(filter.limit))
        }
    }

    func members(of conversation: ConversationID) async throws -> [MemberRecord] {
        state.withLock { $0.members.filter { $0.conversation == conversation } }
    }

    func conversations(ofUser name: String, application: ApplicationID) async throws -> [ConversationID] {
        state.withLock { state in
            state.members.filter { $0.user.name == name && $0.application == application }.map(\.conversation)
        }
    }
}

private final class Subscription: LogSubscription {
    private let end: @Sendable () -> Void
    init(_ end: @escaping @Sendable () -> Void) { self.end = end }
    func cancel() { end() }
}
