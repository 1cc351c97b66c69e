public import MediaTime
public import WireJSON

/// The newest state of a Leg as the REST API shows it; written in the transaction of the events that changed it.
public struct LegRecord: Hashable, Sendable {
    public var id: LegID
    public var application: ApplicationID
    public var conversation: ConversationID
    public var kind: Endpoint.Kind
    public var direction: LegDirection
    public var from: Endpoint?
    public var to: Endpoint
    /// The word of the voice stream (`unanswered` included).
    public var status: LegStatus
    public var started: WallTime
    public var answered: WallTime?
    public var ended: WallTime?
    public var sipCode: Int?
    /// Member that owns it, for the closing events after a restart; nil while it knocks.
    public var member: MemberID?
    public var knocker: KnockerID?
    /// Voice events of this leg go here when the call or the action set it.
    public var eventTarget: WebhookTarget?
    public var sipCallID: String?
    /// `client_ref` of one that a user's client has placed.
    public var clientReference: String?

    public init(
        id: LegID, application: ApplicationID, conversation: ConversationID, kind: Endpoint.Kind,
        direction: LegDirection, from: Endpoint?, to: Endpoint, status: LegStatus, started: WallTime
    ) {
        self.id = id
        self.application = application
        self.conversation = conversation
        self.kind = kind
        self.direction = direction
        self.from = from
        self.to = to
        self.status = status
        self.started = started
    }
}

/// The newest state of a Conversation.
public struct ConversationRecord: Hashable, Sendable {
    public var id: ConversationID
    public var application: ApplicationID
    public var name: String
    public var displayName: String?
    public var state: ConversationState
    /// Id of its newest listed event.
    public var sequenceNumber: Int
    /// Ends with its last leg; false for named rooms and those made by REST.
    public var isTransient: Bool
    public var created: WallTime
    public var updated: WallTime?
    public var destroyed: WallTime?
    /// `properties` as given by whoever made it.
    public var properties: JSON

    public init(
        id: ConversationID, application: ApplicationID, name: String, displayName: String? = nil,
        state: ConversationState, sequenceNumber: Int, isTransient: Bool, created: WallTime, properties: JSON = [:]
    ) {
        self.id = id
        self.application = application
        self.name = name
        self.displayName = displayName
        self.state = state
        self.sequenceNumber = sequenceNumber
        self.isTransient = isTransient
        self.created = created
        self.properties = properties
    }
}

/// A User as event bodies and REST show it.
public struct UserSummary: Hashable, Sendable {
    public var id: UserID
    public var name: String
    public var displayName: String?
    public init(id: UserID, name: String, displayName: String? = nil) {
        self.id = id
        self.name = name
        self.displayName = displayName
    }
}

/// Audio settings of a Member (media-and-legs §4).
public struct MemberAudio: Hashable, Sendable {
    /// Audio flows now: the leg is answered and attached.
    public var flowing: Bool
    public var enabled: Bool
    public var muted: Bool
    public var earmuffed: Bool
    /// How loud it hears, as levels of prompts: -1 a whisper, 0 as it is, 1 as loud as headroom allows.
    public var level = 0.0
    /// Legs that may hear this one: nil everyone, empty nobody.
    public var canSpeak: [LegID]?
    /// Legs this one may hear: nil everyone, empty nobody.
    public var canHear: [LegID]?

    public init(
        flowing: Bool = false, enabled: Bool = true, muted: Bool = false, earmuffed: Bool = false,
        canSpeak: [LegID]? = nil, canHear: [LegID]? = nil
    ) {
        self.flowing = flowing
        self.enabled = enabled
        self.muted = muted
        self.earmuffed = earmuffed
        self.canSpeak = canSpeak
        self.canHear = canHear
    }

    /// The level as a gain: -20 to 6 dB.
    public var levelDecibels: Double { Self.decibels(ofLevel: level) }

    /// What a level from -1 to 1 means, of a member or of a prompt.
    public static func decibels(ofLevel level: Double) -> Double { level < 0 ? level * 20 : level * 6 }

    /// `{"audio": …, "audio_settings": {…}}`
    public var json: JSON {
        [
            "audio": .bool(flowing),
            "audio_settings": ["enabled": .bool(enabled), "muted": .bool(muted), "earmuffed": .bool(earmuffed)],
        ]
    }
}

/// The newest state of a Member.
public struct MemberRecord: Hashable, Sendable {
    public var id: MemberID
    public var application: ApplicationID
    public var conversation: ConversationID
    public var user: UserSummary
    public var state: MemberState
    /// The channel object as the newest event showed it.
    public var channel: JSON
    public var audio: MemberAudio
    /// `initiator` in REST spelling: `{"joined": {"is_system": true}}`.
    public var initiator: JSON
    public var invitedBy: MemberID?
    public var knocker: KnockerID?
    public var invited: WallTime?
    public var joined: WallTime?
    public var left: WallTime?

    public init(
        id: MemberID, application: ApplicationID, conversation: ConversationID, user: UserSummary, state: MemberState,
        channel: JSON, audio: MemberAudio, initiator: JSON
    ) {
        self.id = id
        self.application = application
        self.conversation = conversation
        self.user = user
        self.state = state
        self.channel = channel
        self.audio = audio
        self.initiator = initiator
    }
}
