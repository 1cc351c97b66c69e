import AudioGraph
import MediaTime

/// A stream of 20 ms PCMU packets into a playout buffer that is pulled every 20 ms, with a clock moved by hand.
struct PlayoutBench {
    struct Packet {
        var number: Int
        var arrivalMilliseconds: Double
    }

    /// What was heard: packet numbers in order.
    private(set) var heard: [Int] = []
    private(set) var lostTicks = 0
    private(set) var starvedTicks = 0
    private(set) var arrivals: [PlayoutArrival] = []
    /// Ticks taken out by time-stretch.
    private(set) var shortened = 0
    /// Packets waiting plus decoded sound after each pull, milliseconds.
    private(set) var depths: [Double] = []

    private var buffer: PlayoutBuffer
    private let memory: PlayoutMemory
    private var queued = 0
    private let firstTimestamp: UInt32
    private let firstSequence: UInt64

    init(firstTimestamp: UInt32 = 1000, firstSequence: UInt64 = 70_000) {
        memory = PlayoutMemory.allocate()
        buffer = PlayoutBuffer(memory: memory, ticksPerMillisecond: 8)
        self.firstTimestamp = firstTimestamp
        self.firstSequence = firstSequence
    }

    var late: Int { Int(buffer.late) }

    mutating func run(_ packets: [Packet], untilMilliseconds end: Double, gapTicks: (Int) -> UInt32 = { _ in 0 }) {
        var pending = packets.sorted { $0.arrivalMilliseconds < $1.arrivalMilliseconds }[...]
        var now = 5.0
        while now < end {
            while let packet = pending.first, packet.arrivalMilliseconds <= now {
                pending.removeFirst()
                push(packet, gap: gapTicks(packet.number))
            }
            pull()
            now += 20
            buffer.pulled(next: Self.instant(now), queued: queued)
            let newest = packets.last { $0.arrivalMilliseconds <= now - 20 }?.number
            depths.append(Double(queued) / 8 + Double(((newest ?? 0) - (heard.last ?? 0)) * 20))
        }
    }

    static func instant(_ milliseconds: Double) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: 1_000_000_000 + UInt64(milliseconds * 1_000_000))
    }

    private mutating func push(_ packet: Packet, gap: UInt32) {
        let payload = (0..<160).map { UInt8(truncatingIfNeeded: $0 == 0 ? packet.number : packet.number >> 8) }
        let arrival = unsafe payload.withUnsafeBufferPointer { bytes -> PlayoutArrival in
            guard let start = bytes.baseAddress else { return .refused }
            return unsafe buffer.push(
                start, count: 160, sequence: firstSequence + UInt64(packet.number),
                timestamp: firstTimestamp &+ UInt32(packet.number * 160) &+ gap,
                arrival: Self.instant(packet.arrivalMilliseconds))
        }
        arrivals.append(arrival)
    }

    private mutating func pull() {
        while queued < 160 || (buffer.excess(ahead: queued) > 0 && queued < 320 && buffer.isReady) {
            switch buffer.next(ticks: 160 - queued, ahead: queued) {
            case .packet(let payload, count: let count):
                unsafe heard.append(Int(payload[0]) | Int(payload[1]) << 8)
                buffer.played(ticks: count)
                queued += count
            case .lost(let ticks, next: _, nextCount: _):
                lostTicks += ticks
                queued += ticks
            case .starved(let ticks):
                starvedTicks += ticks
                queued += ticks
            case .silence(let ticks):
                queued += ticks
            }
        }
        queued -= 160
        // As the owner does: at most 5 ms a step, when decoded sound is there to take it from.
        let cut = min(Int(buffer.excess(ahead: queued) / 125_000), 40, queued)
        if cut > 0 {
            queued -= cut
            shortened += cut
        }
    }

    func close() { memory.deallocate() }
}
