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

    public init(
        now: MonotonicInstant, wall: WallTime, directory: Directory, settings: CallSettings,
        statistics: @escaping (LegID) -> MediaStatistics, makeDialog: @escaping () -> DialogID
    ) {
        self.now = now
        self.wall = wall
        self.directory = directory
        self.settings = settings
        self.statistics = statistics
        self.makeDialog = makeDialog
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
    /// Media of SIP legs that belong to no trunk.
    public var insideMedia = MediaPolicy(srtp: .offered)
    public var srtpWithoutTLS = SRTPWithoutTLS.loopback
    public init() {}
}
