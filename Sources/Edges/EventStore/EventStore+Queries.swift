public import CallModel
public import EdgeProtocols
import GRDB
import MediaTime

extension EventStore {
    nonisolated(nonsending) public func rows(
        after position: Int64, limit: Int, application: ApplicationID?, conversation: ConversationID?,
        stream: EventStream?
    ) async throws -> [EventRow] {
        let inMemory = recent.rows(after: position, limit: limit) { row in
            (application == nil || row.application == application)
                && (conversation == nil || row.conversation == conversation) && (stream == nil || row.stream == stream)
        }
        if let inMemory { return inMemory }
        var query = Query("SELECT \(RecordReading.eventColumns) FROM events")
        query.add("position > ?", position)
        // Unary plus keeps the planner on the primary key, in order, unless there is a conversation.
        if let application { query.add("+application = ?", application.text) }
        if let conversation { query.add("conversation = ?", conversation.text) }
        if let stream { query.add("stream = ?", stream.column) }
        return try await fetch(query, "ORDER BY position LIMIT \(max(0, limit))", RecordReading.event)
    }

    public func events(
        of conversation: ConversationID, ids: ClosedRange<Int>, limit: Int, descending: Bool
    ) async throws -> [EventRow] {
        var query = Query("SELECT \(RecordReading.eventColumns) FROM events")
        query.add("conversation = ?", conversation.text)
        query.add("id IS NOT NULL AND id >= ?", ids.lowerBound)
        query.add("id <= ?", ids.upperBound)
        return try await fetch(
            query, "ORDER BY id \(descending ? "DESC" : "ASC") LIMIT \(max(0, limit))", RecordReading.event)
    }

    nonisolated(nonsending) public func newestPosition() async throws -> Int64 { recent.newest }

    public func leg(_ id: LegID) async throws -> LegRecord? {
        var query = Query("SELECT \(RecordReading.legColumns) FROM legs")
        query.add("id = ?", id.text)
        return try await fetch(query, "", RecordReading.leg).first
    }

    public func legs(_ filter: LegFilter) async throws -> (total: Int, legs: [LegRecord]) {
        var query = Query("SELECT \(RecordReading.legColumns) FROM legs")
        // Unary plus leaves the choice of index to the conversation, which has few legs.
        query.add("\(filter.conversation == nil ? "" : "+")application = ?", filter.application.text)
        if !filter.statuses.isEmpty { query.add(oneOf: filter.statuses.map(\.rawValue), column: "status") }
        if let from = filter.startedFrom { query.add("started >= ?", from.milliseconds) }
        if let to = filter.startedTo { query.add("started <= ?", to.milliseconds) }
        if let since = filter.keptSince { query.add("(ended IS NULL OR ended >= ?)", since.milliseconds) }
        if let conversation = filter.conversation { query.add("conversation = ?", conversation.text) }
        let order = filter.descending ? "DESC" : "ASC"
        let tail =
            "ORDER BY started \(order), id \(order) LIMIT \(max(0, filter.limit)) OFFSET \(max(0, filter.offset))"
        let page = query
        return try await pool.read { db in
            let total = try Int.fetchOne(db, sql: page.counting, arguments: page.arguments) ?? 0
            let rows = try Row.fetchAll(db, sql: page.sql(tail), arguments: page.arguments)
            return (total, try rows.map(RecordReading.leg))
        }
    }

    public func conversation(_ id: ConversationID) async throws -> ConversationRecord? {
        var query = Query("SELECT \(RecordReading.conversationColumns) FROM conversations")
        query.add("id = ?", id.text)
        return try await fetch(query, "", RecordReading.conversation).first
    }

    public func conversations(
        application: ApplicationID, filter: ConversationFilter
    ) async throws -> [ConversationRecord] {
        var query = Query("SELECT \(RecordReading.conversationColumns) FROM conversations")
        query.add("application = ?", application.text)
        if let from = filter.createdFrom { query.add("created >= ?", from.milliseconds) }
        if let to = filter.createdTo { query.add("created <= ?", to.milliseconds) }
        if !filter.includeDeleted { query.add("state <> ?", ConversationState.deleted.rawValue) }
        if let created = filter.afterCreated {
            let id = filter.afterID?.text ?? ""
            query.add("(created, id) \(filter.descending ? "<" : ">") (?, ?)", created.milliseconds, id)
        }
        let order = filter.descending ? "DESC" : "ASC"
        return try await fetch(
            query, "ORDER BY created \(order), id \(order) LIMIT \(max(0, filter.limit))", RecordReading.conversation)
    }

    public func members(of conversation: ConversationID) async throws -> [MemberRecord] {
        var query = Query("SELECT \(RecordReading.memberColumns) FROM members")
        query.add("conversation = ?", conversation.text)
        return try await fetch(query, "ORDER BY coalesce(invited, joined, \"left\"), id", RecordReading.member)
    }

    public func conversations(ofUser name: String, application: ApplicationID) async throws -> [ConversationID] {
        try await pool.read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT DISTINCT conversation FROM members
                    WHERE application = ? AND user_name = ? AND channel_kind = 'app'
                    """, arguments: [application.text, name]
            ).map(ConversationID.init)
        }
    }

    /// Legs that had not ended when the log was closed, oldest first: they are closed with reason `restart`.
    public func openLegs() async throws -> [LegRecord] {
        var query = Query("SELECT \(RecordReading.legColumns) FROM legs")
        query.add("open = 1")
        return try await fetch(query, "ORDER BY started, id", RecordReading.leg)
    }

    /// Conversations that are not deleted, of every application, oldest first.
    public func livingConversations() async throws -> [ConversationRecord] {
        var query = Query("SELECT \(RecordReading.conversationColumns) FROM conversations")
        query.add("state <> 'DELETED'")
        return try await fetch(query, "ORDER BY created, id", RecordReading.conversation)
    }

    private func fetch<Value: Sendable>(
        _ query: Query, _ tail: String, _ decode: @escaping @Sendable (Row) throws -> Value
    ) async throws -> [Value] {
        try await pool.read { db in
            let statement = try db.cachedStatement(sql: query.sql(tail))
            let rows = try Row.fetchCursor(statement, arguments: query.arguments)
            var values: [Value] = []
            while let row = try rows.next() { values.append(try decode(row)) }
            return values
        }
    }
}

/// A SELECT with its conditions; values are always bound, never spliced in.
struct Query: Sendable {
    private let select: String
    private var conditions: [String] = []
    private(set) var arguments = StatementArguments()

    init(_ select: String) { self.select = select }

    mutating func add(_ condition: String, _ values: (any DatabaseValueConvertible & Sendable)...) {
        conditions.append(condition)
        arguments += StatementArguments(values)
    }

    mutating func add(oneOf words: [String], column: String) {
        conditions.append("\(column) IN (\(words.map { _ in "?" }.joined(separator: ",")))")
        arguments += StatementArguments(words)
    }

    func sql(_ tail: String) -> String { "\(select) WHERE \(conditions.joined(separator: " AND ")) \(tail)" }

    var counting: String { "SELECT count(*) FROM (\(sql("")))" }
}
