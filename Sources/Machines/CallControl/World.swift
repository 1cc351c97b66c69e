public import CallModel
public import EdgeProtocols
public import MediaTime

/// Everything outside a machine that it may read in one step; handed in, so that a run can be replayed.
public struct World {
    public var now: MonotonicInstant
    public var wall: WallTime
    public var directory: Directory
    public var settings: CallSettings
    /// Newest media counters of a leg.
    public var statistics: (LegID) -> MediaStatistics
    /// A fresh dialog handle for an outbound SIP leg.
    public var makeDialog: () -> DialogID
    /// Whether the Application has a conversation of this id that a leg can move into.
    public var isLive: (ConversationID, ApplicationID) -> Bool
    /// Live sessions of the conversation's Application.
    public var clients: ClientPresence
    /// One of so many, by chance: 0 to one less.
    public var pick: (Int) -> Int

    public init(
        now: MonotonicInstant, wall: WallTime, directory: Directory, settings: CallSettings,
        statistics: @escaping (LegID) -> MediaStatistics, makeDialog: @escaping () -> DialogID,
        isLive: @escaping (ConversationID, ApplicationID) -> Bool, clients: ClientPresence = ClientPresence(),
        pick: @escaping (Int) -> Int = { Int.random(in: 0..<$0) }
    ) {
        self.now = now
        self.wall = wall
        self.directory = directory
        self.settings = settings
        self.statistics = statistics
        self.makeDialog = makeDialog
        self.isLive = isLive
        self.clients = clients
        self.pick = pick
    }
}

/// Box-wide settings of call control.
public struct CallSettings: Sendable {
    public var membersPerConversation = 200
    /// An inbound leg rings at most this long, then 480 (contract README 2).
    public var inboundRingSeconds = 180
    /// Longest answered time of an inbound leg.
    public var callSeconds = 7200
    /// A named room is deleted this long after it became empty.
    public var roomSeconds = 172_800
    /// `region_url` of the answer webhook: REST base of this box.
    public var apiBase = ""
    /// Base of `recording_url`.
    public var recordingBase = ""
    /// Media of SIP legs that belong to no trunk.
    public var insideMedia = MediaPolicy(srtp: .offered)
    public var srtpWithoutTLS = SRTPWithoutTLS.loopback
    public var speakingEvents = SpeakingEvents.clients
    public init() {}
}
