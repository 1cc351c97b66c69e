public import CallModel
public import EdgeProtocols

/// The log as a webhook reader needs it: rows, and a durable place for what it has done. `EventStore` has it all.
public protocol DeliveryJournal: EventLog, LogQueries {
    /// A row that a reader has stepped over and still owes.
    typealias ParkedRow = (position: Int64, application: ApplicationID, attempts: Int, ageMilliseconds: Int64)

    /// Position of the newest row when the log was opened.
    var newestAtOpen: Int64 { get }
    /// The places of a reader: key "" is its own, the others are Applications that are behind it.
    func cursors(of reader: String) async throws -> [String: Int64]
    /// The rows a reader owes, oldest first.
    func parked(of reader: String) async throws -> [ParkedRow]
    /// Queues a reader's progress as one transaction; a nil position removes an Application's place.
    func record(reader: String, cursors: [String: Int64?], parked: [ParkedRow], unparked: [Int64])
}

/// How far a stream's webhooks are behind the log.
public struct WebhookLag: Hashable, Sendable {
    /// Rows in memory that wait for their turn or their answer.
    public var queuedRows = 0
    /// Positions between the newest row and the oldest one not yet dealt with; 0 when nothing waits.
    public var positionsBehind: Int64 = 0
    /// Milliseconds since the oldest waiting row's event; 0 when nothing waits.
    public var oldestMilliseconds: Int64 = 0
    public var requestsInFlight = 0
    /// Rows that wait for a later attempt, alongside.
    public var parkedRows = 0
    /// Since the start: refused by the receiver (3xx, 4xx), or nowhere allowed to go.
    public var droppedRows = 0
    /// Since the start: tried for the whole schedule in vain.
    public var givenUpRows = 0
    public init() {}
}
