public import MediaTime

/// Makes one report of each key press out of the many packets that tell of it.
///
/// A press is known by its RTP timestamp, as the marker bit may be lost. That it has begun is told at once (a prompt stops
/// then); it is reported when it ends: by an end packet,
/// by the next press when all end packets were lost, or by `tick` when nothing more is heard of it. A press longer than
/// 65 535 ticks comes in segments and is reported once.
///
/// - Reference: RFC 4733 §2.5.1.3 (segments), §2.5.1.4 (three end packets), §2.5.2.2 (receiver).
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
public struct DigitReceiver: Sendable {
    /// One key press that has ended.
    public struct Press: Hashable, Sendable {
        /// ASCII: `0`-`9`, `*`, `#`, `A`-`D`.
        public var digit: UInt8
        public var durationMilliseconds: UInt32
        @_noLocks init(digit: UInt8, durationMilliseconds: UInt32) {
            self.digit = digit
            self.durationMilliseconds = durationMilliseconds
        }
    }

    /// Presses that one packet ended, the older one first: two when the end packets of the first were lost.
    public struct Presses: Hashable, Sendable {
        public var first: Press?
        public var second: Press?
        /// The packet is the first one heard of its press.
        public var hasBegun: Bool
        @_noLocks init(first: Press?, second: Press?, hasBegun: Bool = false) {
            self.first = first
            self.second = second
            self.hasBegun = hasBegun
        }
    }

    /// Ticks per second of the negotiated telephone-event.
    public let clockRate: UInt32
    private var digit: UInt8
    private var isDown: Bool
    private var timestamp: UInt32
    private var duration: UInt32
    private var earlierSegments: UInt32
    private var hasHeard: Bool
    private var lastArrival: MonotonicInstant

    @_noLocks public init(clockRate: UInt32) {
        self.clockRate = clockRate
        digit = 0
        isDown = false
        timestamp = 0
        duration = 0
        earlierSegments = 0
        hasHeard = false
        lastArrival = MonotonicInstant(nanoseconds: 0)
    }

    /// - Parameter timestamp: of the packet's RTP header.
    @_noLocks public mutating func packetArrived(
        _ event: TelephoneEvent, timestamp packetTimestamp: UInt32, at now: MonotonicInstant
    ) -> Presses {
        guard let eventDigit = TelephoneEvent.digit(ofCode: event.code) else { return Presses(first: nil, second: nil) }
        var ended: Press?
        var hasBegun = false
        if hasHeard && packetTimestamp == timestamp {
            guard isDown else { return Presses(first: nil, second: nil) }
            duration = max(duration, UInt32(event.duration))
        } else if isDown && eventDigit == digit && packetTimestamp == timestamp &+ 0xFFFF {
            earlierSegments &+= 0xFFFF
            timestamp = packetTimestamp
            duration = UInt32(event.duration)
        } else if isReordered(packetTimestamp, at: now) {
            return Presses(first: nil, second: nil)
        } else {
            ended = finish()
            digit = eventDigit
            isDown = true
            hasBegun = true
            timestamp = packetTimestamp
            duration = UInt32(event.duration)
            earlierSegments = 0
        }
        hasHeard = true
        lastArrival = now
        guard event.isEnd else { return Presses(first: ended, second: nil, hasBegun: hasBegun) }
        let press = finish()
        if case .some = ended { return Presses(first: ended, second: press, hasBegun: hasBegun) }
        return Presses(first: press, second: nil, hasBegun: hasBegun)
    }

    /// A packet of an earlier press that was overtaken: its timestamp lies at most 5 s back, and so does the last arrival.
    /// (A sender may also have set its timestamps back; then its new presses must be heard.)
    @_noLocks private func isReordered(_ packetTimestamp: UInt32, at now: MonotonicInstant) -> Bool {
        let step = Int32(bitPattern: packetTimestamp &- timestamp)
        return hasHeard && step < 0 && step > -5 &* Int32(bitPattern: clockRate)
            && now.nanoseconds &- lastArrival.nanoseconds < 1_000_000_000
    }

    /// Ends a press of which nothing was heard for a quarter of a second. Call it once a tick.
    @_noLocks public mutating func tick(at now: MonotonicInstant) -> Press? {
        guard isDown, now.nanoseconds >= lastArrival.nanoseconds &+ 250_000_000 else { return nil }
        return finish()
    }

    @_noLocks private mutating func finish() -> Press? {
        guard isDown else { return nil }
        isDown = false
        let ticks = UInt64(earlierSegments) &+ UInt64(duration)
        return Press(digit: digit, durationMilliseconds: UInt32(truncatingIfNeeded: ticks &* 1000 / UInt64(clockRate)))
    }
}
