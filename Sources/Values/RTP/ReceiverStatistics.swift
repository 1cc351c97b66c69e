public import MediaTime

/// What one leg has received: the source it follows, losses, jitter and what its receiver reports say.
///
/// The first packet is believed at once. Another source, or a jump of the sequence number, is believed when two packets
/// of it came in a row: until then its packets are on probation and must not be played.
///
/// - Reference: RFC 3550 §6.4.1, §8.2, appendices A.1, A.3 and A.8.
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
public struct ReceiverStatistics: Sendable {
    /// What to do with a packet.
    public enum Verdict: UInt8, Hashable, Sendable {
        /// First packet of the stream, or of the source that replaced it: start the playout anew.
        case first
        /// Newer than all before it.
        case newest
        /// Older than the newest one: reordered or a duplicate.
        case older
        /// On probation: drop it.
        case probation
    }

    /// The source followed; nil before the first packet.
    public private(set) var ssrc: UInt32?
    /// Packets and payload bytes accepted, over all sources.
    public private(set) var packetsReceived: UInt64
    public private(set) var bytesReceived: UInt64
    /// Jitter at the reports made so far, in ticks; nil before the first report.
    public private(set) var jitterRange: ClosedTickRange?
    public private(set) var jitter: JitterEstimator

    private var unwrapper: SequenceUnwrapper
    private var base: UInt64
    private var sourceReceived: UInt64
    private var earlierLost: Int64
    private var expectedAtReport: UInt64
    private var receivedAtReport: UInt64
    private var candidateSSRC: UInt32
    private var candidateNext: UInt16
    private var hasCandidate: Bool
    private var senderReportMiddle: UInt32
    private var senderReportArrival: MonotonicInstant?

    @_noLocks public init(clockRate: UInt32) {
        ssrc = nil
        packetsReceived = 0
        bytesReceived = 0
        jitterRange = nil
        jitter = JitterEstimator(clockRate: clockRate)
        unwrapper = SequenceUnwrapper()
        base = 0
        sourceReceived = 0
        earlierLost = 0
        expectedAtReport = 0
        receivedAtReport = 0
        candidateSSRC = 0
        candidateNext = 0
        hasCandidate = false
        senderReportMiddle = 0
        senderReportArrival = nil
    }

    /// Packets that the present source must have sent.
    public var expected: UInt64 {
        @_noLocks get {
            guard let highest = unwrapper.highest else { return 0 }
            return highest &- base &+ 1
        }
    }

    /// Packets lost over all sources, never negative (duplicates can make RFC 3550's figure so).
    public var packetsLost: UInt64 {
        @_noLocks get { UInt64(max(0, earlierLost &+ sourceLost)) }
    }

    private var sourceLost: Int64 {
        @_noLocks get { Int64(bitPattern: expected &- sourceReceived) }
    }

    /// The 64-bit sequence number of a packet that was accepted just now.
    public struct Arrival: Hashable, Sendable {
        public var verdict: Verdict
        public var sequence: UInt64
        @_noLocks init(_ verdict: Verdict, _ sequence: UInt64) {
            self.verdict = verdict
            self.sequence = sequence
        }
    }

    /// Counts a packet.
    /// - Parameters:
    ///   - arrival: kernel receive time of the datagram.
    ///   - measuresJitter: false for telephone-events, whose timestamp stands still while the key is down.
    @_noLocks public mutating func packetArrived(
        _ header: RTPHeader, at arrival: MonotonicInstant, measuresJitter: Bool
    ) -> Arrival {
        var verdict = Verdict.first
        if let source = ssrc, let highest = unwrapper.highest {
            let step = Int32(Int16(bitPattern: header.sequence &- UInt16(truncatingIfNeeded: highest)))
            // MAX_DROPOUT and MAX_MISORDER of appendix A.1
            if source == header.ssrc && step < 3000 && step > -100 {
                verdict = step > 0 ? .newest : .older
            } else if !hasCandidate || candidateSSRC != header.ssrc || candidateNext != header.sequence {
                hasCandidate = true
                candidateSSRC = header.ssrc
                candidateNext = header.sequence &+ 1
                return Arrival(.probation, 0)
            }
        }
        if verdict == .first { startSource(header) }
        if verdict != .older { hasCandidate = false }  // the followed source is alive: two in a row are asked for anew
        let sequence = unwrapper.unwrap(header.sequence)
        if verdict == .first { base = sequence }
        sourceReceived &+= 1
        packetsReceived &+= 1
        bytesReceived &+= UInt64(header.payloadCount)
        if measuresJitter { jitter.packetArrived(at: arrival, timestamp: header.timestamp) }
        return Arrival(verdict, sequence)
    }

    @_noLocks private mutating func startSource(_ header: RTPHeader) {
        earlierLost &+= max(0, sourceLost)
        if ssrc != header.ssrc { senderReportArrival = nil }
        ssrc = header.ssrc
        unwrapper = SequenceUnwrapper()
        jitter = JitterEstimator(clockRate: jitter.clockRate)
        sourceReceived = 0
        expectedAtReport = 0
        receivedAtReport = 0
    }

    /// The codec's clock changed with a new agreement; counters go on, the jitter seen so far is told in new ticks.
    @_noLocks public mutating func clockRateChanged(to clockRate: UInt32) {
        if let range = jitterRange {
            let (new, old) = (UInt64(clockRate), UInt64(jitter.clockRate))
            jitterRange = ClosedTickRange(
                lowest: UInt32(truncatingIfNeeded: UInt64(range.lowest) &* new / old),
                highest: UInt32(truncatingIfNeeded: UInt64(range.highest) &* new / old))
        }
        jitter = JitterEstimator(clockRate: clockRate)
    }

    /// Keeps what the next report must echo of the peer's sender report.
    @_noLocks public mutating func senderReportArrived(
        from source: UInt32, ntp: NTPTimestamp, at arrival: MonotonicInstant
    ) {
        guard ssrc == source else { return }
        senderReportMiddle = ntp.middle
        senderReportArrival = arrival
    }

    /// The report block for the next RTCP packet; nil before anything was received. Starts a new interval.
    @_noLocks public mutating func makeReport(at now: MonotonicInstant) -> RTCPReportBlock? {
        guard let source = ssrc, let highest = unwrapper.highest else { return nil }
        let expectedNow = expected
        let interval = Int64(bitPattern: expectedNow &- expectedAtReport)
        let lost = interval &- Int64(bitPattern: sourceReceived &- receivedAtReport)
        expectedAtReport = expectedNow
        receivedAtReport = sourceReceived
        let ticks = jitter.ticks
        if let range = jitterRange {
            jitterRange = ClosedTickRange(lowest: min(range.lowest, ticks), highest: max(range.highest, ticks))
        } else {
            jitterRange = ClosedTickRange(lowest: ticks, highest: ticks)
        }
        var delay: UInt32 = 0
        var middle: UInt32 = 0
        if let reported = senderReportArrival, now.nanoseconds >= reported.nanoseconds {
            middle = senderReportMiddle
            delay = UInt32(truncatingIfNeeded: (now.nanoseconds &- reported.nanoseconds) / 1000 &* 65_536 / 1_000_000)
        }
        return RTCPReportBlock(
            ssrc: source, fractionLost: lost <= 0 || interval <= 0 ? 0 : UInt8(min(255, lost &* 256 / interval)),
            cumulativeLost: Int32(max(-0x80_0000, min(0x7F_FFFF, sourceLost))),
            // The unwrapper counts its first cycle as one; RFC 3550 as none.
            highestSequence: UInt32(truncatingIfNeeded: highest &- 65_536), jitter: ticks, lastSenderReport: middle,
            delaySinceLastSenderReport: delay)
    }
}

/// Lowest and highest of a figure in RTP ticks.
public struct ClosedTickRange: Hashable, Sendable {
    public var lowest: UInt32
    public var highest: UInt32
    @_noLocks init(lowest: UInt32, highest: UInt32) {
        self.lowest = lowest
        self.highest = highest
    }
}
