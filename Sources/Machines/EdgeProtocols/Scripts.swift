public import CallModel
public import MediaTime
public import WireJSON

/// A request of the call's own path whose response may carry an NCCO (voice-webhooks §5).
public struct ScriptRequest: Sendable {
    public enum Kind: String, Sendable {
        case answer
        case event
    }
    public var kind: Kind
    public var application: Application
    public var leg: LegID
    public var conversation: ConversationID
    /// Where it goes; its fields are the query of a GET or the JSON body of a POST.
    public var target: WebhookTarget
    public var fallback: WebhookSetting?
    public var connectTimeoutMilliseconds: Int
    public var socketTimeoutMilliseconds: Int
    /// Of all attempts together.
    public var deadlineMilliseconds: Int
    public var fields: JSONObject

    public init(
        kind: Kind, application: Application, leg: LegID, conversation: ConversationID, target: WebhookTarget,
        fallback: WebhookSetting?, connectTimeoutMilliseconds: Int, socketTimeoutMilliseconds: Int,
        deadlineMilliseconds: Int, fields: JSONObject
    ) {
        self.kind = kind
        self.application = application
        self.leg = leg
        self.conversation = conversation
        self.target = target
        self.fallback = fallback
        self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
        self.socketTimeoutMilliseconds = socketTimeoutMilliseconds
        self.deadlineMilliseconds = deadlineMilliseconds
        self.fields = fields
    }
}

/// What came back.
public struct ScriptReply: Sendable {
    /// Body of the response that counts; nil when every attempt failed.
    public var body: [UInt8]?
    /// In words, for the log and the error webhook; set when `body` is nil.
    public var failure: String?
    public var requestedAt: MonotonicInstant
    public var repliedAt: MonotonicInstant
    public init(body: [UInt8]?, failure: String?, requestedAt: MonotonicInstant, repliedAt: MonotonicInstant) {
        self.body = body
        self.failure = failure
        self.requestedAt = requestedAt
        self.repliedAt = repliedAt
    }
}

/// Asks Applications for call scripts: two attempts, then the fallback URL with `reason` and `original_request`.
///
/// `isScript` decides whether a 2xx body is a valid NCCO, so that an invalid one leads to the fallback; it is called
/// for `answer` requests and for non-empty arrays of event responses. Its text is the fault (`… at /0/text: …`).
public protocol ScriptAsking: Sendable {
    func ask(_ request: ScriptRequest, validate: @escaping @Sendable ([UInt8]) -> String?) async -> ScriptReply
    /// Reads a script from a URL (REST transfer) or from disk (`answer_ncco`).
    func read(file path: String) async throws -> [UInt8]
}
