public import CallModel
public import MediaTime
public import NCCO
public import WireJSON

/// Why a command of the REST API or a client could not be carried out.
public struct CommandFault: Error, Hashable, Sendable {
    public enum Code: String, Hashable, Sendable {
        case notFound = "not_found"
        case badState = "bad_state"
        case badRequest = "bad_request"
        case overloaded
        /// What was asked for is taken, or may not be changed.
        case conflict
    }
    public var code: Code
    public var detail: String
    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }
}

/// `POST /v1/calls`, already validated.
public struct NewCall: Sendable {
    public var application: ApplicationID
    public var to: JSON
    public var from: String?
    /// Script given inline, else `answer` is asked after the callee answers.
    public var ncco: [UInt8]?
    public var answer: WebhookTarget?
    public var eventTarget: WebhookTarget?
    public var ringingTimerSeconds: Int
    public var lengthTimerSeconds: Int
    public var machineDetection: AdvancedMachineDetection?

    public init(
        application: ApplicationID, to: JSON, from: String?, ncco: [UInt8]?, answer: WebhookTarget?,
        eventTarget: WebhookTarget?, ringingTimerSeconds: Int = 60, lengthTimerSeconds: Int = 7200
    ) {
        self.application = application
        self.to = to
        self.from = from
        self.ncco = ncco
        self.answer = answer
        self.eventTarget = eventTarget
        self.ringingTimerSeconds = ringingTimerSeconds
        self.lengthTimerSeconds = lengthTimerSeconds
    }
}

/// What `POST /v1/calls` answers at once.
public struct NewCallReceipt: Sendable {
    public var leg: LegID
    public var conversation: ConversationID
    /// Places the call: `started` comes after the answer.
    public var begin: AfterReply
    public init(leg: LegID, conversation: ConversationID, begin: @escaping AfterReply = {}) {
        self.leg = leg
        self.conversation = conversation
        self.begin = begin
    }
}

/// A call that a user's client places, already validated (conversation-api §9, `POST …/knocking`).
public struct UserCall: Hashable, Sendable {
    public var application: ApplicationID
    /// Name of the caller.
    public var user: String
    /// A phone or another user.
    public var to: Endpoint
    public var clientReference: String?
    public var customData: JSONObject?

    public init(
        application: ApplicationID, user: String, to: Endpoint, clientReference: String? = nil,
        customData: JSONObject? = nil
    ) {
        self.application = application
        self.user = user
        self.to = to
        self.clientReference = clientReference
        self.customData = customData
    }
}

/// What `POST …/knocking` answers at once.
public struct UserCallReceipt: Sendable {
    public var knocker: KnockerID
    public var leg: LegID
    public var started: WallTime
    /// Begins the call: `started` comes after the answer.
    public var begin: AfterReply
    public init(knocker: KnockerID, leg: LegID, started: WallTime, begin: @escaping AfterReply = {}) {
        self.knocker = knocker
        self.leg = leg
        self.started = started
        self.begin = begin
    }
}

/// Commands into running calls.
///
/// - Threading: any; each returns when what it did is on disk.
public protocol CallCommands: Sendable {
    /// The leg can be read back when this returns; it is dialled by the receipt's `begin`.
    func create(_ call: NewCall) async throws(CommandFault) -> NewCallReceipt
    /// - Fails with: `notFound` for a leg that is unknown, has ended or is another application's; `badState` when the
    ///   order needs an answered leg.
    func order(_ command: LegCommand, to leg: LegID, application: ApplicationID) async throws(CommandFault)
        -> AfterReply?
    /// The user calls with the sound device that it has. The call begins with the receipt's `begin`.
    /// - Fails with: `notFound` for an unknown user, `badRequest` for one without a device, `conflict` when the device is
    ///   in a call, `badState` when the application has no script for callers.
    func place(_ call: UserCall) async throws(CommandFault) -> UserCallReceipt
    /// Ends a call that a user has placed: before its answer it is cancelled.
    /// - Parameter user: nil: the application itself asks.
    /// - Fails with: `notFound` for a knocker that is unknown, somebody else's, or whose call has ended.
    func withdraw(_ knocker: KnockerID, user: String?, application: ApplicationID, _ farewell: LegCommand.Farewell)
        async throws(CommandFault)
    /// A user's client or the console answers or declines the ringing device leg.
    func answerDevice(user: String, application: ApplicationID?) async throws(CommandFault)
    func hangUpDevice(user: String) async throws(CommandFault)
    /// An acknowledgement of `member:invited` by a live session of the user.
    func clientAcknowledgedInvitation(member: MemberID, conversation: ConversationID) async
    /// Live sessions of an application's users have come or gone.
    func clientsChanged(of application: ApplicationID, to presence: ClientPresence)
}

/// Whose live sessions an application has. Those of its own token are none of a member: they see every conversation, but
/// nothing is mixed for them (events.md §3, column Cli; design §4).
public struct ClientPresence: Hashable, Sendable {
    public var users: Set<String>
    public init(users: Set<String> = []) { self.users = users }
}

/// Tells live sessions what is not stored.
public protocol ClientTelling: Sendable {
    /// Shows an event to the sessions that see its conversation now. Never waits; a session that is behind may miss it.
    func tell(_ event: EventRow)
}

/// Who is told who speaks: `audio:speaking:on` and `:off`.
public enum SpeakingEvents: String, Hashable, Sendable, CaseIterable {
    case off
    /// Live sessions, while there is one that sees the conversation.
    case clients
    /// The Application's RTC event URL too, always.
    case webhooks
}

/// One line of `switchhook status`, `/health` and `/metrics`.
public struct RuntimeSnapshot: Sendable {
    public var conversations: Int
    public var calls: Int
    public var legsByState: [LegStatus: Int]
    public var draining: Bool
    public init(conversations: Int, calls: Int, legsByState: [LegStatus: Int], draining: Bool) {
        self.conversations = conversations
        self.calls = calls
        self.legsByState = legsByState
        self.draining = draining
    }
}

public protocol RuntimeStatus: Sendable {
    func snapshot() -> RuntimeSnapshot
    /// The directory in force.
    var directory: Directory { get }
}
