public import MediaTime

/// Which of the two independent streams of a call an event belongs to (contract README 11).
public enum EventStream: String, Hashable, Sendable {
    case rtc, voice
}

/// Where a webhook goes: frozen in the row when a call or an action set it.
public struct WebhookTarget: Hashable, Sendable {
    public enum Method: String, Hashable, Sendable {
        case get = "GET"
        case post = "POST"
    }
    public var url: String
    public var method: Method
    public init(url: String, method: Method) {
        self.url = url
        self.method = method
    }
}

/// One stored event: a row of the box's log (design §4a).
///
/// The conversation assigns `id` and `instant`; the store assigns `position` in commit order.
public struct EventRow: Hashable, Sendable {
    /// Box-wide, monotonic, from 1; 0 until committed.
    public var position: Int64
    public var application: ApplicationID
    public var conversation: ConversationID?
    public var stream: EventStream
    /// Per conversation, from 1 without holes over listed events; nil when the API does not list it.
    public var id: Int?
    /// RTC: the event type; voice: the status, or `transfer`, `record`, `input`, `notify`, `error`.
    public var type: String
    public var instant: WallTime
    /// RTC: the webhook form (rtc-webhooks "Payload"); voice: the webhook body. Sent byte for byte.
    public var body: [UInt8]
    /// Nil: the Application's URL of that stream at sending time.
    public var destination: WebhookTarget?
    public var delivery: Delivery
    /// Shown to live sessions of the conversation's app members (events.md §3, column Cli).
    public var visibleToClients: Bool
    /// The leg it tells of: voice deliveries are ordered per leg.
    public var leg: LegID?

    public enum Delivery: Int, Hashable, Sendable {
        /// Kept in the log only.
        case none = 0
        /// By the stream's webhook reader, with the durable schedule.
        case webhook = 1
        /// Asked on the call's own path because the answer may be an NCCO (contract README 10);
        /// after a restart it is delivered as a notification.
        case asked = 2
    }

    public init(
        position: Int64 = 0, application: ApplicationID, conversation: ConversationID?, stream: EventStream, id: Int?,
        type: String, instant: WallTime, body: [UInt8], destination: WebhookTarget? = nil, delivery: Delivery,
        visibleToClients: Bool = false, leg: LegID? = nil
    ) {
        self.position = position
        self.application = application
        self.conversation = conversation
        self.stream = stream
        self.id = id
        self.type = type
        self.instant = instant
        self.body = body
        self.destination = destination
        self.delivery = delivery
        self.visibleToClients = visibleToClients
        self.leg = leg
    }
}
