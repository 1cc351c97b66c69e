public import CallModel
public import MediaTime

/// Everything one step of a machine makes durable: one transaction.
public struct LogBatch: Sendable {
    public var events: [EventRow]
    public var legs: [LegRecord]
    public var members: [MemberRecord]
    public var conversations: [ConversationRecord]
    public var files: [FileRecord]
    /// Transcriptions that begin, and those that are told.
    public var transcriptions: [TranscriptionRecord] = []
    public var transcribed: [TranscriptionID] = []

    public init(
        events: [EventRow] = [], legs: [LegRecord] = [], members: [MemberRecord] = [],
        conversations: [ConversationRecord] = [], files: [FileRecord] = []
    ) {
        self.events = events
        self.legs = legs
        self.members = members
        self.conversations = conversations
        self.files = files
    }

    public var isEmpty: Bool {
        events.isEmpty && legs.isEmpty && members.isEmpty && conversations.isEmpty && files.isEmpty
            && transcriptions.isEmpty && transcribed.isEmpty
    }
}

/// The log as its writers and readers see it (design §4a).
///
/// - Threading: any thread; `append` only queues, so signalling and sound never wait for the disk.
/// - Order: positions are given in the order of the `append` calls; a batch is all or nothing.
public protocol EventLog: Sendable {
    /// Queues a batch; it commits as soon as the writer is free.
    func append(_ batch: LogBatch)
    /// Queues a batch and waits until it is on disk; the rows come back with their positions.
    func appendDurably(_ batch: LogBatch) async throws -> [EventRow]
    /// Waits until everything queued so far is on disk.
    func flush() async throws
    /// Why nothing is written just now; nil: all is well. What begins now would only be kept in memory.
    var fault: String? { get }
}

/// What the log gives to the REST API, the CLI and client sessions.
public protocol LogQueries: Sendable {
    /// Rows after `position`, oldest first, at most `limit`; filtered when arguments are given. What is still in memory
    /// is there at once, without leaving the caller's thread.
    nonisolated(nonsending) func rows(
        after position: Int64, limit: Int, application: ApplicationID?, conversation: ConversationID?,
        stream: EventStream?
    ) async throws -> [EventRow]
    /// Listed RTC events of a conversation with ids in the range.
    func events(of conversation: ConversationID, ids: ClosedRange<Int>, limit: Int, descending: Bool) async throws
        -> [EventRow]
    nonisolated(nonsending) func newestPosition() async throws -> Int64
    /// Calls `handler` with the newest committed position after every commit until the subscription is dropped.
    func onCommit(_ handler: @escaping @Sendable (Int64) -> Void) -> any LogSubscription
    func leg(_ id: LegID) async throws -> LegRecord?
    func legs(_ filter: LegFilter) async throws -> (total: Int, legs: [LegRecord])
    func conversation(_ id: ConversationID) async throws -> ConversationRecord?
    func conversations(application: ApplicationID, filter: ConversationFilter) async throws -> [ConversationRecord]
    func members(of conversation: ConversationID) async throws -> [MemberRecord]
    func file(_ id: FileID) async throws -> FileRecord?
    /// Conversations in which the user is or was an app member.
    func conversations(ofUser name: String, application: ApplicationID) async throws -> [ConversationID]
}

/// Keeps a subscription alive; ends with it.
public protocol LogSubscription: AnyObject, Sendable {
    func cancel()
}

/// `GET /v1/calls` filters (voice-api §3).
public struct LegFilter: Hashable, Sendable {
    public var application: ApplicationID
    public var statuses: [LegStatus] = []
    public var startedFrom: WallTime?
    public var startedTo: WallTime?
    /// Legs that ended before it are left out.
    public var keptSince: WallTime?
    public var conversation: ConversationID?
    public var descending = false
    public var offset = 0
    public var limit = 10
    public init(application: ApplicationID) { self.application = application }
}

/// `GET /v1/conversations` filters (conversation-api §6).
public struct ConversationFilter: Hashable, Sendable {
    public var createdFrom: WallTime?
    public var createdTo: WallTime?
    public var descending = false
    /// Continue after this one.
    public var afterCreated: WallTime?
    public var afterID: ConversationID?
    public var limit = 10
    /// Ended ones too (admin tokens, README 7).
    public var includeDeleted = true
    public init() {}
}
