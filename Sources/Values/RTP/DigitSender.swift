/// Sends a row of digits as telephone-events: 100 ms on, 100 ms gap, `p` a pause of 500 ms.
///
/// Call `step` once per packet time; while it returns a packet, that goes out in place of audio.
///
/// - Reference: RFC 4733 §2.5.1; the times are those of `contract/sip-interworking.md` §4.
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
public struct DigitSender: Sendable {
    /// A telephone-event packet to send now.
    public struct Packet: Hashable, Sendable {
        public var event: TelephoneEvent
        /// Timestamp of the key's start: the same in all packets of a press.
        public var timestamp: UInt32
        /// First packet of a press.
        public var marker: Bool
        @_noLocks init(event: TelephoneEvent, timestamp: UInt32, marker: Bool) {
            self.event = event
            self.timestamp = timestamp
            self.marker = marker
        }
    }

    /// Digits that can wait; more are refused.
    @inlinable public static var capacity: Int { 64 }

    /// Ticks per second of the negotiated telephone-event.
    public let clockRate: UInt32
    private var queue: InlineArray<64, UInt8>
    private var head: Int
    private var count: Int
    /// The digit or pause in progress (ASCII), 0 when idle.
    private var current: UInt8
    private var elapsedMilliseconds: UInt32
    private var startTimestamp: UInt32
    private var endsSent: UInt8

    @_noLocks public init(clockRate: UInt32) {
        self.clockRate = clockRate
        queue = InlineArray(repeating: 0)
        head = 0
        count = 0
        current = 0
        elapsedMilliseconds = 0
        startTimestamp = 0
        endsSent = 0
    }

    /// Nothing is being sent and nothing waits.
    public var isIdle: Bool {
        @_noLocks get { current == 0 && count == 0 }
    }

    /// Queues one ASCII digit (`0`-`9`, `*`, `#`, `A`-`D`) or `p`.
    /// - Returns: false when it is none of these or the queue is full.
    @_noLocks public mutating func enqueue(_ digit: UInt8) -> Bool {
        let isPause = digit == UInt8(0x70) || digit == UInt8(0x50)
        guard isPause || TelephoneEvent.code(ofDigit: digit) != nil, count < 64 else { return false }
        queue[(head + count) & 63] = isPause ? 0x70 : digit
        count += 1
        return true
    }

    /// The packet for this packet time; nil: audio as usual.
    /// - Parameters:
    ///   - timestamp: RTP timestamp that an audio packet would carry now.
    ///   - milliseconds: packet time.
    @_noLocks public mutating func step(timestamp: UInt32, milliseconds: UInt32) -> Packet? {
        if current == 0 {
            guard count > 0 else { return nil }
            current = queue[head]
            head = (head + 1) & 63
            count -= 1
            elapsedMilliseconds = 0
            startTimestamp = timestamp
            endsSent = 0
        }
        let isFirst = elapsedMilliseconds == 0
        elapsedMilliseconds &+= milliseconds
        guard let code = TelephoneEvent.code(ofDigit: current) else {
            if elapsedMilliseconds >= 500 { current = 0 }
            return nil
        }
        let isEnd = elapsedMilliseconds >= 100
        if isEnd {
            guard endsSent < 3 else {
                if elapsedMilliseconds >= 200 { current = 0 }
                return nil
            }
            endsSent &+= 1
            if endsSent == 3 && elapsedMilliseconds >= 200 { current = 0 }
        }
        let ticks = min(100, elapsedMilliseconds) &* (clockRate / 1000)
        return Packet(
            event: TelephoneEvent(code: code, isEnd: isEnd, volume: 10, duration: UInt16(truncatingIfNeeded: ticks)),
            timestamp: startTimestamp, marker: isFirst)
    }
}
