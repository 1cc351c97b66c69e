/// Where a Leg stands (media-and-legs §3). `unanswered` is a word of the voice stream only.
public enum LegStatus: String, Hashable, Sendable, CaseIterable {
    case started, ringing, answered, machine
    case completed, busy, timeout, rejected, cancelled, failed, unanswered

    /// No state follows.
    public var isTerminal: Bool {
        switch self {
        case .started, .ringing, .answered, .machine: false
        case .completed, .busy, .timeout, .rejected, .cancelled, .failed, .unanswered: true
        }
    }
}

public enum LegDirection: String, Hashable, Sendable {
    case inbound, outbound
}

/// Where a Member stands (media-and-legs §2).
public enum MemberState: String, Hashable, Sendable {
    case invited = "INVITED"
    case joined = "JOINED"
    case left = "LEFT"
}

public enum ConversationState: String, Hashable, Sendable {
    case active = "ACTIVE"
    case inactive = "INACTIVE"
    case deleted = "DELETED"
}

/// How an ended leg is told in the three vocabularies of contract README 3.
public struct LegEnding: Hashable, Sendable {
    /// Voice webhook `status`.
    public var voiceStatus: LegStatus
    /// Voice webhook `detail`, absent when nil.
    public var detail: String?
    /// `leg:status:update` status.
    public var legStatus: LegStatus
    /// `leg:status:update` `state.reason`.
    public var reason: String
    /// `sip_code` of hangup and voice events, absent when nil.
    public var sipCode: Int?
    /// Who ended it: `platform` or `user`.
    public var disconnectedBy: DisconnectedBy

    public enum DisconnectedBy: String, Hashable, Sendable {
        case platform, user
    }

    public init(
        voiceStatus: LegStatus, detail: String? = nil, legStatus: LegStatus, reason: String, sipCode: Int?,
        disconnectedBy: DisconnectedBy
    ) {
        self.voiceStatus = voiceStatus
        self.detail = detail
        self.legStatus = legStatus
        self.reason = reason
        self.sipCode = sipCode
        self.disconnectedBy = disconnectedBy
    }
}
