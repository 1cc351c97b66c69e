import MediaTime
import RTP
import Testing

/// Feeds packets of 20 ms PCMU with a clock moved by hand.
private final class Feed {
    var statistics = ReceiverStatistics(clockRate: 8000)
    var now = MonotonicInstant(nanoseconds: 1_000_000_000)

    @discardableResult
    func packet(_ sequence: Int, ssrc: UInt32 = 1) -> ReceiverStatistics.Verdict {
        now = now + .milliseconds(20)
        let header = RTPHeader(
            marker: false, payloadType: 0, sequence: UInt16(truncatingIfNeeded: sequence),
            timestamp: UInt32(truncatingIfNeeded: sequence &* 160), ssrc: ssrc)
        return statistics.packetArrived(header, at: now, measuresJitter: true).verdict
    }

    func report(after time: Duration = .zero) throws -> RTCPReportBlock {
        let report = statistics.makeReport(at: now + time)
        return try #require(report)
    }
}

@Suite("Receiver statistics")
struct ReceiverStatisticsTests {
    @Test("sequence numbers go on over the wrap, also for packets that come late")
    func unwrapping() {
        var unwrapper = SequenceUnwrapper()
        let wire: [UInt16] = [65_534, 65_535, 1, 0, 2, 65_533]
        let unwrapped = wire.map { unwrapper.unwrap($0) }
        #expect(unwrapped == [131_070, 131_071, 131_073, 131_072, 131_074, 131_069])
        #expect(unwrapper.highest == 131_074)
    }

    @Test("timestamps that wrap are no jitter, and 5 ms late on every second packet is 40 ticks")
    func jitter() {
        var steady = JitterEstimator(clockRate: 8000)
        var uneven = JitterEstimator(clockRate: 8000)
        for index in 0..<400 {
            let timestamp = UInt32(truncatingIfNeeded: 0xFFFF_FF00 + index * 160)
            let arrival = MonotonicInstant(nanoseconds: 5_000_000_000 + UInt64(index) * 20_000_000)
            steady.packetArrived(at: arrival, timestamp: timestamp)
            uneven.packetArrived(at: index % 2 == 0 ? arrival : arrival + .milliseconds(5), timestamp: timestamp)
        }
        #expect(steady.ticks == 0)
        #expect((39...41).contains(uneven.ticks))
    }

    @Test("losses are counted and told for each interval")
    func losses() throws {
        let feed = Feed()
        #expect(feed.packet(65_530) == .first)
        for sequence in 65_531..<65_630 where sequence % 4 != 0 { feed.packet(sequence) }
        let first = try feed.report()
        #expect(first.highestSequence == 1 << 16 | 93)
        #expect(first.cumulativeLost == 25)
        #expect(first.fractionLost == UInt8(25 * 256 / 100))
        for sequence in 65_630..<65_650 { feed.packet(sequence) }
        let second = try feed.report()
        #expect(second.fractionLost == 0 && second.cumulativeLost == 25)
        #expect(feed.statistics.packetsLost == 25)
    }

    @Test("duplicates make no negative loss")
    func duplicates() throws {
        let feed = Feed()
        for sequence in 0..<10 {
            feed.packet(sequence)
            #expect(feed.packet(sequence) == .older)
        }
        #expect(feed.statistics.packetsLost == 0)
        #expect(try feed.report().fractionLost == 0)
    }

    @Test("another source is believed when two packets of it came in a row")
    func sourceChange() {
        let feed = Feed()
        for sequence in 0..<10 { feed.packet(sequence) }
        feed.packet(11)
        #expect(feed.packet(500, ssrc: 2) == .probation)
        #expect(feed.packet(12) == .newest)
        #expect(feed.packet(501, ssrc: 2) == .probation)
        #expect(feed.packet(502, ssrc: 2) == .first)
        #expect(feed.statistics.ssrc == 2)
        #expect(feed.packet(503, ssrc: 2) == .newest)
        #expect(feed.statistics.packetsLost == 1)
        #expect(feed.statistics.packetsReceived == 14)
    }

    @Test("a jump of the sequence number is a restart when the next packet follows it")
    func restart() {
        let feed = Feed()
        feed.packet(100)
        #expect(feed.packet(30_000) == .probation)
        #expect(feed.packet(101) == .newest)
        #expect(feed.packet(40_000) == .probation)
        #expect(feed.packet(40_001) == .first)
        #expect(feed.packet(40_002) == .newest)
    }

    @Test("a report echoes the last sender report of the source it follows")
    func echo() throws {
        let feed = Feed()
        feed.packet(1)
        let ntp = NTPTimestamp(value: 0x0123_4567_89AB_CDEF)
        feed.statistics.senderReportArrived(from: 9, ntp: NTPTimestamp(value: 1 << 40), at: feed.now)
        #expect(try feed.report().lastSenderReport == 0)
        feed.statistics.senderReportArrived(from: 1, ntp: ntp, at: feed.now)
        let report = try feed.report(after: .milliseconds(1500))
        #expect(report.lastSenderReport == 0x4567_89AB)
        #expect(report.delaySinceLastSenderReport == 65_536 * 3 / 2)
    }

    @Test("the jitter range is that of the reports, and follows the clock")
    func jitterRange() throws {
        let feed = Feed()
        for sequence in 0..<200 {
            if sequence % 2 == 0 {
                feed.now = feed.now + .milliseconds(4)
            } else {
                feed.now = feed.now + .milliseconds(-4)
            }
            feed.packet(sequence)
            if sequence == 0 { #expect(try feed.report().jitter == 0) }
        }
        let jitter = try feed.report().jitter
        #expect((30...34).contains(jitter))
        feed.statistics.clockRateChanged(to: 48_000)
        let range = try #require(feed.statistics.jitterRange)
        #expect(range.lowest == 0 && range.highest == jitter * 6)
        #expect(feed.statistics.jitter.ticks == 0 && feed.statistics.packetsReceived == 200)
    }

    @Test("nothing received gives no report")
    func silence() {
        var statistics = ReceiverStatistics(clockRate: 8000)
        let report = statistics.makeReport(at: MonotonicInstant(nanoseconds: 1))
        #expect(report == nil)
    }
}
