package import CallModel
import EdgeProtocols
import WireJSON

/// Messages that may go out now, in order of position.
package struct LiveBatch: Sendable {
    /// Empty when nothing of the stretch is for this reader.
    package var rows: [LiveRow]
    /// Once the rows are on their way the reader may resume from here.
    package var end: Int64
    /// Older than the session: paced by the socket. Live rows are not: a reader that cannot follow is closed.
    package var isReplay: Bool
}

/// One reader's cursor over the log: what it may see, where it stands, what it has acknowledged.
///
/// - Threading: an actor; one task pulls batches, another hands in what the client says.
/// - Visibility: a user sees a conversation from the first event that makes the user its member on, also after the
///   member left; a token without user sees every conversation of its application.
package actor LiveSession {
    package nonisolated let id: String
    package nonisolated let application: ApplicationID
    package nonisolated let user: String?
    package nonisolated let start: Int64
    /// Events of its application that are not stored; one reader.
    package nonisolated let passing: AsyncStream<EventRow>

    /// Invitations that wait for an acknowledgement; older ones are forgotten.
    private static let invitationLimit = 64

    private let tail: LogTail
    private let log: any LogQueries
    private let commands: any CallCommands
    private let lease: LiveLease
    private let replayEnd: Int64
    private var position: Int64
    /// Conversations the user belonged to when the session opened; where the membership begins is looked up when
    /// one of their rows comes by.
    private var unresolved: Set<ConversationID> = []
    /// First visible position of each conversation of the user.
    private var visibleFrom: [ConversationID: Int64] = [:]
    private var invitations: [(position: Int64, member: MemberID, conversation: ConversationID)] = []

    init(
        id: String, application: ApplicationID, user: String?, start: Int64, newest: Int64, tail: LogTail,
        log: any LogQueries, commands: any CallCommands, conversations: [ConversationID],
        passing: AsyncStream<EventRow>, lease: LiveLease
    ) {
        self.id = id
        self.lease = lease
        self.passing = passing
        self.application = application
        self.user = user
        self.start = start
        position = start
        replayEnd = newest
        self.tail = tail
        self.log = log
        self.commands = commands
        unresolved = Set(conversations)
    }

    /// The next stretch of the log; suspends until there is one. Nil when the task is cancelled or the box shuts down.
    package func next() async throws -> LiveBatch? {
        if tail.signal.newest <= position {
            guard await tail.signal.wait(beyond: position) else { return nil }
        }
        if Task.isCancelled { return nil }
        let isReplay = position < replayEnd
        let page = try await tail.page(after: position)
        var rows: [LiveRow] = []
        for row in page.rows where try await permits(row) { rows.append(row) }
        position = page.end
        return LiveBatch(rows: rows, end: page.end, isReplay: isReplay)
    }

    /// The client has everything up to `position`: its invitations up to there ring now.
    package func acknowledge(upTo position: Int64) async {
        let due = invitations.filter { $0.position <= position }
        invitations.removeAll { $0.position <= position }
        for invitation in due {
            await commands.clientAcknowledgedInvitation(
                member: invitation.member, conversation: invitation.conversation)
        }
    }

    /// What happens in a conversation now is for this reader.
    package func sees(_ conversation: ConversationID) async throws -> Bool {
        guard let user else { return true }
        try await resolve(conversation, user)
        return visibleFrom[conversation] != nil
    }

    /// Looks up where a membership began that is older than the session.
    private func resolve(_ conversation: ConversationID, _ user: String) async throws {
        if visibleFrom[conversation] == nil, unresolved.remove(conversation) != nil {
            visibleFrom[conversation] = try await firstMembership(of: user, in: conversation)
        }
    }

    private func permits(_ row: LiveRow) async throws -> Bool {
        guard row.application == application else { return false }
        guard let user else { return true }
        try await resolve(row.conversation, user)
        if let membership = row.membership, membership.user == user {
            if visibleFrom[row.conversation] == nil { visibleFrom[row.conversation] = row.position }
            if membership.isInvitation {
                if invitations.count == Self.invitationLimit { invitations.removeFirst() }
                invitations.append((row.position, membership.member, row.conversation))
            }
        }
        guard let first = visibleFrom[row.conversation], row.position >= first else { return false }
        if row.endsConversation { visibleFrom[row.conversation] = nil }
        return true
    }

    /// Position of the row that made the user a member; nil when retention has pruned it: then all of it is visible.
    private func firstMembership(of user: String, in conversation: ConversationID) async throws -> Int64 {
        var cursor: Int64 = 0
        while true {
            let rows = try await log.rows(
                after: cursor, limit: 256, application: application, conversation: conversation, stream: .rtc)
            for row in rows {
                if let membership = LiveRow.Membership(row), membership.user == user { return row.position }
            }
            guard rows.count == 256, let last = rows.last else { return 0 }
            cursor = last.position
        }
    }
}
