/// One report block of a sender or receiver report.
///
/// - Units: `fractionLost` in 1/256, `jitter` in RTP ticks, the two last fields in 1/65 536 s.
/// - Reference: RFC 3550 §6.4.1.
public struct RTCPReportBlock: Hashable, Sendable {
    /// The source this is about.
    public var ssrc: UInt32
    public var fractionLost: UInt8
    /// Signed 24 bits.
    public var cumulativeLost: Int32
    /// Cycles in the upper, sequence number in the lower 16 bits.
    public var highestSequence: UInt32
    public var jitter: UInt32
    /// Middle bits of the NTP time of the last sender report; 0 when there was none.
    public var lastSenderReport: UInt32
    public var delaySinceLastSenderReport: UInt32

    @_noLocks public init(
        ssrc: UInt32, fractionLost: UInt8, cumulativeLost: Int32, highestSequence: UInt32, jitter: UInt32,
        lastSenderReport: UInt32, delaySinceLastSenderReport: UInt32
    ) {
        self.ssrc = ssrc
        self.fractionLost = fractionLost
        self.cumulativeLost = cumulativeLost
        self.highestSequence = highestSequence
        self.jitter = jitter
        self.lastSenderReport = lastSenderReport
        self.delaySinceLastSenderReport = delaySinceLastSenderReport
    }
}

/// The sender part of a sender report.
///
/// - Units: `rtpTimestamp` in ticks, at the same moment as `ntp`; counts over the whole stream, modulo 2^32.
/// - Reference: RFC 3550 §6.4.1.
public struct RTCPSenderInfo: Hashable, Sendable {
    public var ntp: NTPTimestamp
    public var rtpTimestamp: UInt32
    public var packetCount: UInt32
    public var octetCount: UInt32

    @_noLocks public init(ntp: NTPTimestamp, rtpTimestamp: UInt32, packetCount: UInt32, octetCount: UInt32) {
        self.ntp = ntp
        self.rtpTimestamp = rtpTimestamp
        self.packetCount = packetCount
        self.octetCount = octetCount
    }
}
