public import CallModel
public import EdgeProtocols
public import MediaTime
public import NCCO
public import WireJSON

/// Everything a Leg owns; a value, so that it can move between Conversations whole (design §4).
///
/// - Reference: contract media-and-legs §1 and §3.
public struct Leg: Sendable {
    /// What carries its signalling.
    public enum Signalling: Hashable, Sendable {
        case sip(DialogID)
        /// The box's own sound device of a configured user.
        case device(user: String)
        /// An app user without a device: only live sessions see the invitation.
        case sessions(user: String)
        /// A websocket that the box opened.
        case socket(SocketCall)
    }

    /// What a client says of the call that it places, and why it gave up.
    public struct ClientCall: Hashable, Sendable {
        /// `client_ref` of every status event of the leg.
        public var reference: String?
        /// For the answer webhook.
        public var customData: JSONObject?
        var farewell: LegCommand.Farewell?

        public init(reference: String?, customData: JSONObject? = nil) {
            self.reference = reference
            self.customData = customData
        }
    }

    public struct HistoryEntry: Hashable, Sendable {
        public var status: LegStatus
        public var date: WallTime
        public var member: MemberID?
        public var conversation: ConversationID?
        public var knocker: KnockerID?
    }

    public let id: LegID
    public let kind: Endpoint.Kind
    public let direction: LegDirection
    public let signalling: Signalling
    public var from: Endpoint?
    public var to: Endpoint
    public var user: UserSummary
    public var member: MemberID?
    public var knocker: KnockerID?
    public internal(set) var status = LegStatus.started
    public internal(set) var history: [HistoryEntry] = []
    public var startedAt: WallTime
    public internal(set) var answeredAt: WallTime?
    public internal(set) var invitedAt: WallTime?
    public internal(set) var joinedAt: WallTime?
    public var audio = MemberAudio()
    /// Its media is in a mix: answered, or early media.
    public internal(set) var isAttached = false
    /// Its last `audio:speaking` event said on.
    var isSpeaking = false
    /// Leg whose script connected it.
    public var parent: LegID?
    /// Set for one that a user's client has placed.
    public var client: ClientCall?
    /// `X-` and `User-to-User` headers of the INVITE.
    public var headers: [SIPHeader] = []
    public var sipCallID: String?
    /// Status events go here instead of the Application's URL.
    public var eventTarget: WebhookTarget?
    var script: ScriptRunner?
    /// Its failure may be answered with an NCCO for the parent.
    var isSynchronousConnect = false
    /// Longest time it may stay answered, seconds.
    public var limitSeconds = 7200
    /// Voice `started` was written (app legs: only together with `answered` or their end).
    var hasVoiceStarted = false
    /// Options of the `conversation` action that brought it in.
    var endsRoomOnExit = false
    var startsRoom = true
    /// Script it hears alone when it has answered, before it joins.
    public var onAnswer: OnAnswer?
    /// It runs that script: nobody hears it, and it hears nobody.
    var isPrivate = false
    /// What is to be found out about whoever answers it.
    public var machineDetection: AdvancedMachineDetection?
    /// That is being found out.
    var detection: Detection?

    struct Detection: Sendable {
        let id: ListeningID
        /// The script waits for the result.
        var holds: Bool
    }

    /// Digits to send when it answers.
    public var dtmfAnswer: String?
    /// Asks whether its application, which closed the websocket, has a script for the caller; it is over with the reply.
    var disconnection: AskID?
    /// Tone it hears while the far end rings, or its device's ring.
    var ringing: PlayID?
    /// Its recordings that run or are being completed; they go where it goes.
    var recordings: [Recording] = []
    /// It is over, but its last events wait until its recordings are complete.
    var pendingEnd: LegEnding?
    /// What a `talk` or `stream` order plays to it.
    var overlay: Overlay?
    /// Every key it presses is told here, one by one.
    public internal(set) var digitTarget: WebhookTarget?

    /// A prompt ordered by REST, over the leg's script.
    struct Overlay: Hashable, Sendable {
        enum Kind: Sendable { case talk, stream }
        var kind: Kind
        var play: PlayID
    }

    public init(
        id: LegID, kind: Endpoint.Kind, direction: LegDirection, signalling: Signalling, from: Endpoint?, to: Endpoint,
        user: UserSummary, startedAt: WallTime
    ) {
        self.id = id
        self.kind = kind
        self.direction = direction
        self.signalling = signalling
        self.from = from
        self.to = to
        self.user = user
        self.startedAt = startedAt
    }

    public var isAnswered: Bool { answeredAt != nil }

    /// A user of the Application is the caller.
    public var isUserCalling: Bool { kind == .app && direction == .inbound }

    /// `from` of voice events: null where a user calls (voice-webhooks §3).
    var voiceFrom: JSON { isUserCalling ? .null : JSON(from?.address) }

    /// Its SIP dialog, if it has one.
    public var dialog: DialogID? {
        if case .sip(let dialog) = signalling { return dialog }
        return nil
    }

    /// The websocket it is.
    var socketCall: SocketCall? {
        if case .socket(let call) = signalling { return call }
        return nil
    }

    /// `sip` or `rtc`: the family of its `ringing`, `answered` and `hangup` events.
    var eventPrefix: String { kind == .app ? "rtc" : "sip" }

    /// Notes a state with whoever owns the leg now: its member, or its knocker while it has none.
    mutating func appendHistory(_ status: LegStatus, at instant: WallTime, in conversation: ConversationID) {
        history.append(
            HistoryEntry(
                status: status, date: instant, member: member, conversation: member == nil ? nil : conversation,
                knocker: member == nil ? knocker : nil))
    }

    /// Its state as the log keeps it.
    public func record(application: ApplicationID, conversation: ConversationID) -> LegRecord {
        var record = LegRecord(
            id: id, application: application, conversation: conversation, kind: kind, direction: direction, from: from,
            to: to, status: status, started: startedAt)
        record.answered = answeredAt
        record.member = member
        record.knocker = knocker
        record.eventTarget = eventTarget
        record.sipCallID = sipCallID
        record.clientReference = client?.reference
        return record
    }
}
