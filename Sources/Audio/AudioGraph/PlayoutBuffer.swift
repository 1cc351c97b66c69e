public import MediaTime

/// Where packets pushed by the network and a graph that pulls sound meet: the only place of a voice that waits.
///
/// A value without timers: `push(packet, arrival)` and `next(ticks)`, with `pulled` after each step of the graph. The
/// delay starts small, grows by what the stream starves, and shrinks by `excess`, which the owner takes out of decoded
/// sound by time-stretch. The target is the 98 % quantile of how late packets come, plus 5 ms.
///
/// - Units: ticks of the codec's RTP clock; instants in nanoseconds of CLOCK_MONOTONIC.
/// - Bounds: 64 packets, 16 384 bytes, `maximumDelayMilliseconds` of sound; beyond it the oldest sound is left out.
/// - Memory: a `PlayoutMemory` of the owner's block, touched only when packets come.
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
@safe public struct PlayoutBuffer {
    private let memory: PlayoutMemory
    private let ticksPerMillisecond: Int64
    private let maximumTicks: Int64

    private var histogram: JitterHistogram
    /// Fastest transit of this window and the one before (2.5 s each).
    private var fastest: SlidingExtreme
    /// Largest delay a packet met in this window and the one before (1 s each): the delay of the fastest ones.
    private var delay: SlidingExtreme

    /// Sound is being handed out; false before the first packet was due and after the peer stopped sending.
    public private(set) var isRunning: Bool
    /// The last packet was no sound (a telephone-event): nothing is made up for what follows.
    private var isPaused: Bool
    private var startsAt: UInt64
    /// Of the packet that is played next.
    public private(set) var nextSequence: UInt64
    /// Timestamp of the next sound to be handed out.
    private var playhead: Int64
    private var newestTimestamp: Int64
    private var hasNewest: Bool
    private var frameTicks: Int64
    private var starvedTicks: Int64
    /// When the owner pulls next, and what it still holds decoded.
    private var nextPull: UInt64
    private var queuedTicks: Int64

    /// Packets that came too late to be heard.
    public private(set) var late: UInt64
    /// Ticks made up.
    public private(set) var concealed: UInt64
    /// The sound jumped: the owner smooths the seam and clears this.
    public var hasJumped: Bool

    @_noLocks public init(
        memory: PlayoutMemory, ticksPerMillisecond: Int, maximumDelayMilliseconds: Int = 400
    ) {
        self.memory = memory
        self.ticksPerMillisecond = Int64(ticksPerMillisecond)
        maximumTicks = Int64(maximumDelayMilliseconds &* ticksPerMillisecond)
        histogram = JitterHistogram()
        fastest = SlidingExtreme(windowNanoseconds: 2_500_000_000)
        delay = SlidingExtreme(windowNanoseconds: 1_000_000_000)
        isRunning = false
        isPaused = false
        startsAt = 0
        nextSequence = 0
        playhead = 0
        newestTimestamp = 0
        hasNewest = false
        frameTicks = Int64(20 &* ticksPerMillisecond)
        starvedTicks = 0
        nextPull = 0
        queuedTicks = 0
        late = 0
        concealed = 0
        hasJumped = false
    }

    /// Another source, or a leg that was relayed: forgets packets and timing, keeps what it learnt about the network.
    @_noLocks public mutating func restart() {
        memory.forget()
        fastest.restart()
        delay.restart()
        isRunning = false
        hasNewest = false
        starvedTicks = 0
        queuedTicks = 0
    }

    // MARK: - The network's side

    /// - Parameters:
    ///   - sequence: unwrapped, never 0.
    ///   - timestamp: as on the wire.
    ///   - arrival: kernel receive time.
    @_noLocks public mutating func push(
        _ payload: UnsafePointer<UInt8>, count: Int, sequence: UInt64, timestamp wireTimestamp: UInt32,
        arrival: MonotonicInstant
    ) -> PlayoutArrival {
        let timestamp = unwrap(wireTimestamp)
        let transit = Int64(bitPattern: arrival.nanoseconds) &- nanoseconds(timestamp)
        if let base = fastest.lowest, transit &- base > 2_000_000_000 || base &- transit > 2_000_000_000 {
            // The peer set its timestamps anew.
            fastest.restart()
        }
        fastest.add(transit, at: arrival.nanoseconds)
        let lateness = transit &- (fastest.lowest ?? transit)
        histogram.add(lateness)
        if isRunning {
            delay.add(
                Int64(bitPattern: nextPull &- arrival.nanoseconds)
                    &+ nanoseconds(timestamp &- playhead &+ queuedTicks), at: arrival.nanoseconds)
            if sequence < nextSequence || timestamp < playhead &- maximumTicks {
                late &+= 1
                return .late
            }
        }
        let arrived = unsafe memory.store(payload, count: count, sequence: sequence, timestamp: timestamp)
        guard case .kept = arrived else { return arrived }
        if !hasNewest || timestamp > newestTimestamp {
            newestTimestamp = timestamp
            hasNewest = true
        }
        if !isRunning && startsAt == 0 {
            // The fastest packet waits for the target; one that is late already, for what is left of it.
            let wait = max(0, target &- lateness)
            startsAt = arrival.nanoseconds &+ UInt64(bitPattern: wait)
        }
        return .kept
    }

    /// A packet of the stream that is no sound (a telephone-event): its number is not missing.
    @_noLocks public mutating func pass(sequence: UInt64) {
        if isRunning && sequence >= nextSequence { memory.markEvent(sequence) }
    }

    /// The peer has announced that it pauses: nothing is made up for what follows.
    @_noLocks public mutating func pause() { isPaused = true }

    /// Delay wanted for the fastest packet, nanoseconds.
    private var target: Int64 {
        @_noLocks get { (histogram.quantile(0.98) ?? 5_000_000) &+ 5_000_000 }
    }

    @_noLocks private func nanoseconds(_ ticks: Int64) -> Int64 { ticks &* 1_000_000 / ticksPerMillisecond }

    @_noLocks private func unwrap(_ wire: UInt32) -> Int64 {
        if !hasNewest { return Int64(wire) &+ 0x1_0000_0000 }
        return newestTimestamp &+ Int64(Int32(bitPattern: wire &- UInt32(truncatingIfNeeded: newestTimestamp)))
    }

    // MARK: - The graph's side

    /// The next stretch of sound, when `ticks` are still wanted for this step.
    @_noLocks public mutating func next(ticks: Int) -> PlayoutItem {
        let wanted = Int64(ticks)
        if !isRunning && !start() { return .silence(ticks: ticks) }
        if newestTimestamp &- playhead > maximumTicks { skip() }
        passEvents()
        guard let entry = memory.first(from: nextSequence) else { return starve(wanted) }
        let gap = entry.timestamp &- playhead &- starvedTicks
        if gap > maximumTicks || gap <= 0 || entry.timestamp <= playhead {
            // In its turn, made up for already, or on a new time line.
            if entry.timestamp != playhead { hasJumped = true }
            starvedTicks = 0
            isPaused = false
            playhead = entry.timestamp
            nextSequence = entry.sequence
            return unsafe .packet(memory.payload(of: entry), count: entry.count)
        }
        if entry.sequence == nextSequence {
            // No packet is missing: the peer paused. A silence is where delay goes unheard.
            let surplus = min(gap, max(0, ticksOf(excess)))
            playhead &+= surplus
            let silent = min(gap &- surplus, wanted)
            if silent <= 0 { return next(ticks: ticks) }
            settleStarved(silent)
            return .silence(ticks: Int(silent))
        }
        let missing = min(gap, frameTicks)
        if let longest = delay.highest, target &- longest > 10_000_000 {
            // It may be on its way still: the delay grows to its target instead of passing it over.
            delay.shift(by: nanoseconds(min(missing, wanted)))
            concealed &+= UInt64(min(missing, wanted))
            return .starved(ticks: Int(min(missing, wanted)))
        }
        let mayRecover = starvedTicks == 0 && entry.sequence == nextSequence &+ 1 && missing == frameTicks
        settleStarved(missing)
        nextSequence = min(nextSequence &+ 1, entry.sequence)
        concealed &+= UInt64(missing)
        if mayRecover {
            return unsafe .lost(ticks: Int(missing), next: memory.payload(of: entry), nextCount: entry.count)
        }
        return unsafe .lost(ticks: Int(missing), next: nil, nextCount: 0)
    }

    /// The packet given by `next` gave `ticks` of sound (0: it was broken, then it counts as lost).
    @_noLocks public mutating func played(ticks: Int) {
        if ticks > 0 { frameTicks = Int64(ticks) }
        memory.remove(nextSequence)
        playhead &+= ticks > 0 ? Int64(ticks) : frameTicks
        nextSequence &+= 1
    }

    /// A step is done.
    /// - Parameters:
    ///   - next: when the next one will be pulled at the earliest.
    ///   - queued: ticks decoded that the step did not need.
    @_noLocks public mutating func pulled(next: MonotonicInstant, queued: Int) {
        nextPull = next.nanoseconds
        queuedTicks = Int64(queued)
    }

    /// How much longer than needed packets wait, nanoseconds: 0 within 10 ms of the target.
    public var excess: Int64 {
        @_noLocks get {
            guard isRunning, let longest = delay.highest else { return 0 }
            let surplus = longest &- target
            return surplus > 10_000_000 ? surplus : 0
        }
    }

    /// The next packet is there, so that the owner can decode ahead to have something to shorten.
    public var isReady: Bool {
        @_noLocks get {
            guard isRunning, let entry = memory.first(from: nextSequence) else { return false }
            return entry.sequence == nextSequence && entry.timestamp == playhead &+ starvedTicks
        }
    }

    /// The owner took `ticks` out of what was decoded.
    @_noLocks public mutating func shortened(by ticks: Int) { delay.shift(by: 0 &- nanoseconds(Int64(ticks))) }

    @_noLocks private func ticksOf(_ nanoseconds: Int64) -> Int64 { nanoseconds &* ticksPerMillisecond / 1_000_000 }

    /// Sound made up or silent moves the playhead; what starving made up already is settled first.
    @_noLocks private mutating func settleStarved(_ ticks: Int64) {
        playhead &+= ticks &+ starvedTicks
        starvedTicks = 0
    }

    @_noLocks private mutating func start() -> Bool {
        guard hasNewest, nextPull >= startsAt, let entry = memory.oldest() else { return false }
        isRunning = true
        startsAt = 0
        starvedTicks = 0
        playhead = entry.timestamp
        nextSequence = entry.sequence
        // A burst after a stall: begin where the delay is what it should be.
        if newestTimestamp &- playhead > ticksOf(target) &+ 4 &* frameTicks { skip() }
        return true
    }

    /// Leaves out the oldest sound so that no more than the target waits.
    @_noLocks private mutating func skip() {
        let from = newestTimestamp &- ticksOf(target)
        while let entry = memory.first(from: nextSequence), entry.timestamp < from {
            memory.remove(entry.sequence)
            nextSequence = entry.sequence &+ 1
            playhead = entry.timestamp &+ frameTicks
        }
        playhead = max(playhead, min(from, newestTimestamp))
        delay.restart()
        hasJumped = true
    }

    @_noLocks private mutating func passEvents() {
        while memory.isEvent(nextSequence) {
            memory.remove(nextSequence)
            nextSequence &+= 1
            isPaused = true
        }
    }

    /// Takes the next packet out undecoded: the leg is going to be relayed.
    @_noLocks public mutating func takeNext() -> PlayoutPacket? {
        if !isRunning {
            guard let oldest = memory.oldest() else { return nil }
            nextSequence = oldest.sequence
        }
        guard let entry = memory.first(from: nextSequence) else { return nil }
        memory.remove(entry.sequence)
        nextSequence = entry.sequence &+ 1
        return unsafe PlayoutPacket(
            payload: memory.payload(of: entry), count: entry.count, sequence: entry.sequence,
            timestamp: UInt32(truncatingIfNeeded: entry.timestamp))
    }

    @_noLocks private mutating func starve(_ wanted: Int64) -> PlayoutItem {
        starvedTicks &+= wanted
        if starvedTicks > 200 &* ticksPerMillisecond {
            // The peer has stopped sending: whatever comes next starts anew.
            isRunning = false
            delay.restart()
            return .silence(ticks: Int(wanted))
        }
        if isPaused { return .silence(ticks: Int(wanted)) }
        concealed &+= UInt64(wanted)
        return .starved(ticks: Int(wanted))
    }
}
