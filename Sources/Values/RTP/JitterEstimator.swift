public import MediaTime

/// Interarrival jitter of one received RTP stream.
///
/// - Units: RTP timestamp ticks, `clockRate` per second (PCMU 8 000, Opus 48 000).
/// - Reference: RFC 3550 §6.4.1 and appendix A.8.
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
public struct JitterEstimator: Sendable {
    public let clockRate: UInt32
    private var lastTransit: UInt32?
    private var sixteenths: UInt32

    @_noLocks public init(clockRate: UInt32) {
        self.clockRate = clockRate
        lastTransit = nil
        sixteenths = 0
    }

    /// Value for the jitter field of a receiver report, in ticks.
    public var ticks: UInt32 {
        @_noLocks get { sixteenths >> 4 }
    }

    /// - Parameters:
    ///   - arrival: kernel receive time of the datagram.
    ///   - timestamp: RTP timestamp as on the wire; wraps modulo 2^32.
    @_noLocks public mutating func packetArrived(at arrival: MonotonicInstant, timestamp: UInt32) {
        let arrivalTicks = arrival.nanoseconds / 1_000 &* UInt64(clockRate) / 1_000_000
        let transit = UInt32(truncatingIfNeeded: arrivalTicks) &- timestamp
        if let last = lastTransit {
            let change = Int32(bitPattern: transit &- last).magnitude  // signed, so a wrap is no jump
            // A sender that restarts its timestamps would poison the average for minutes: ten seconds are no jitter.
            if change < clockRate &* 10 {
                sixteenths = sixteenths &+ change &- ((sixteenths &+ 8) >> 4)
            }
        }
        lastTransit = transit
    }
}
