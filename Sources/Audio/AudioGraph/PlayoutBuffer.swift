public import MediaTime

/// Where packets pushed by the network and a graph that pulls sound meet: the only place of a voice that waits.
///
/// A value without timers: `push(packet, arrival)` and `next(ticks)`, with `pulled` after each step of the graph. The
/// delay starts small, grows by what the stream starves, and shrinks by `excess`, which the owner takes out of decoded
/// sound by time-stretch.
///
/// The target is the 98.5 % quantile of how late packets come behind the fastest of the last two seconds: with growth
/// at the first late packet of a group, less than one in a hundred is late on measured networks. A packet is needed at
/// the step that plays its first sample, so only whole steps of the graph can be saved: `excess` ends where the packet
/// would be needed a step earlier than the target allows. When packets get lost and the next one helps (it carries FEC,
/// or the owner bridges), the target grows to have that one there in time; when copies of lost packets come (RFC 2198),
/// to have those there (`BurstWait`).
///
/// - Units: ticks of the codec's RTP clock; instants in nanoseconds of CLOCK_MONOTONIC.
/// - Bounds: 64 packets, 16 384 bytes, `maximumDelayMilliseconds` of sound; beyond it the oldest sound is left out.
/// - Memory: a `PlayoutMemory` of the owner's block, touched only when packets come.
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
@safe public struct PlayoutBuffer {
    private let memory: PlayoutMemory
    private var ticksPerMillisecond: Int64
    private var maximumTicks: Int64

    private var histogram: JitterHistogram
    /// Fastest transit of this window and the one before (2.5 s each).
    private var fastest: SlidingExtreme
    /// Nanoseconds, looked up in the histogram at every fourth packet.
    private var target: Int64
    private var packetsSinceLookup: Int
    /// Share of packets that were lost alone, of late.
    private var lossShare: Float
    /// For so many packets more the peer is taken to send FEC: silence goes without.
    private var recoverableLeft: Int

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
    private var newestSequence: UInt64
    private var hasNewest: Bool
    /// Ticks of the newest packet played.
    private var frame: Int64
    private var starvedTicks: Int64
    /// When the owner pulls next, the time between two pulls, and what it still holds decoded.
    private var nextPull: UInt64
    private var step: Int64
    private var queuedTicks: Int64

    private var bursts: BurstWait
    /// Lost packets that came again in later ones.
    public private(set) var restored: UInt64
    /// Packets that came too late to be heard.
    public private(set) var late: UInt64
    /// Packets that came after their moment, which was put off for them.
    public private(set) var starvations: UInt64
    /// Ticks made up.
    public private(set) var concealed: UInt64
    /// Ticks of sound left out at once because far too much waited.
    public private(set) var leftOut: UInt64
    /// Added delay of the packets played, nanoseconds behind the fastest, and their number.
    public private(set) var delaySum: Int64
    public private(set) var delayCount: Int
    /// The owner makes up what is lost from the packet after it too, when that is there.
    public var isBridged: Bool
    /// The sound jumped: the owner smooths the seam and clears this.
    public var hasJumped: Bool

    @_noLocks public init(
        memory: PlayoutMemory, ticksPerMillisecond: Int, maximumDelayMilliseconds: Int = 400
    ) {
        self.memory = memory
        self.ticksPerMillisecond = Int64(ticksPerMillisecond)
        maximumTicks = Int64(maximumDelayMilliseconds &* ticksPerMillisecond)
        histogram = JitterHistogram()
        fastest = SlidingExtreme(windowNanoseconds: 1_000_000_000)
        target = 11_800_000
        packetsSinceLookup = 0
        lossShare = 0
        recoverableLeft = 0
        isRunning = false
        isPaused = false
        startsAt = 0
        nextSequence = 0
        playhead = 0
        newestTimestamp = 0
        newestSequence = 0
        hasNewest = false
        frame = Int64(20 &* ticksPerMillisecond)
        starvedTicks = 0
        nextPull = 0
        step = 20_000_000
        queuedTicks = 0
        bursts = BurstWait()
        restored = 0
        late = 0
        starvations = 0
        concealed = 0
        leftOut = 0
        delaySum = 0
        delayCount = 0
        isBridged = false
        hasJumped = false
    }

    /// Another source, or a leg that was relayed: forgets packets and timing, keeps what it learnt about the network.
    @_noLocks public mutating func restart() {
        memory.forget()
        fastest.restart()
        bursts.restart()
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
        let missing = bursts.arrived(sequence, frame: nanoseconds(frame), isChained: recoverableLeft > 0)
        if missing > 0 && (recoverableLeft > 0 || bursts.isOn) {
            // The target is up before the first of them is played: the burst that shows the need is served by it.
            if recoverableLeft > 0 { lossShare = lossShare * 0.99 + 0.01 }
            packetsSinceLookup = 4
        }
        lookUp()
        if isRunning {
            if sequence < nextSequence || timestamp < playhead &- maximumTicks {
                late &+= 1
                return .late
            }
        }
        let arrived = unsafe memory.store(payload, count: count, sequence: sequence, timestamp: timestamp)
        guard case .kept = arrived else { return arrived }
        if !hasNewest || timestamp > newestTimestamp {
            newestTimestamp = timestamp
            newestSequence = sequence
            hasNewest = true
        }
        if !isRunning && startsAt == 0 {
            // The fastest packet waits for the target; one that is late already, for what is left of it.
            let wait = max(0, target &- lateness)
            startsAt = arrival.nanoseconds &+ UInt64(bitPattern: wait)
        }
        return .kept
    }

    /// A payload that came again in a later packet (RFC 2198): kept when the packet itself is missing and fits in time
    /// between those that are there.
    @_noLocks public mutating func pushCopy(
        _ payload: UnsafePointer<UInt8>, count: Int, sequence: UInt64, timestamp wireTimestamp: UInt32
    ) {
        guard hasNewest else { return }
        let timestamp = unwrap(wireTimestamp)
        if isRunning {
            if sequence < nextSequence || timestamp < playhead { return }
        } else {
            guard let oldest = memory.oldest(), oldest.sequence < sequence else { return }
        }
        if let there = memory.first(from: sequence), there.timestamp <= timestamp { return }
        guard case .kept = unsafe memory.store(payload, count: count, sequence: sequence, timestamp: timestamp) else {
            return
        }
        restored &+= 1
    }

    /// A packet brought copies of those `nearest` to `farthest` ticks before it.
    @_noLocks public mutating func carriesCopies(nearest: Int, farthest: Int) {
        bursts.carries(nearest: nanoseconds(Int64(nearest)), farthest: nanoseconds(Int64(farthest)))
    }

    /// A packet of the stream that is no sound (a telephone-event): its number is not missing.
    @_noLocks public mutating func pass(sequence: UInt64) {
        bursts.passed(sequence)
        if isRunning && sequence >= nextSequence { memory.markEvent(sequence) }
    }

    /// The peer has announced that it pauses: nothing is made up for what follows.
    @_noLocks public mutating func pause() { isPaused = true }

    /// The quantile and what is kept above it, as buckets and clocks are not exact: 0.5 ms, up to 2 ms of a long one.
    @_noLocks private func lateness(exceededBy share: Float) -> Int64 {
        let edge = histogram.quantile(1 - share)
        return edge &+ 500_000 &+ min(1_500_000, edge / 32)
    }

    /// Delay wanted for the fastest packet.
    @_noLocks private mutating func lookUp() {
        packetsSinceLookup &+= 1
        if packetsSinceLookup < 4 { return }
        packetsSinceLookup = 0
        // From a peer that sends copies more is waited for: they make jitter worse than a late packet is.
        target = lateness(exceededBy: bursts.isOn ? 0.005 : 0.015)
        if bursts.wait > 0 { target = max(target, bursts.wait &+ lateness(exceededBy: 0.1)) }
        if (recoverableLeft > 0 || isBridged) && lossShare > 0.005 {
            target = max(target, nanoseconds(frame) &+ lateness(exceededBy: 0.1))
        }
    }

    /// The owner tells whether the packet it decoded carries the one before (FEC).
    @_noLocks public mutating func sawRecovery(_ carries: Bool) {
        recoverableLeft = carries ? 250 : max(0, recoverableLeft &- 1)
    }

    /// Delay wanted for the fastest packet, nanoseconds; whole steps of the graph come on top.
    public var wantedDelay: Int64 {
        @_noLocks get { target }
    }

    /// The next packet is not there and sound is made up: whether it is late or lost, and with it the delay, is not known
    /// yet.
    public var isStarving: Bool {
        @_noLocks get { starvedTicks > 0 }
    }

    /// How long the next sound waits behind its fastest arrival, nanoseconds; nil while nothing is handed out.
    public var presentDelay: Int64? {
        @_noLocks get {
            guard isRunning, let base = fastest.lowest else { return nil }
            return Int64(bitPattern: nextPull) &- base &+ nanoseconds(queuedTicks &- playhead)
        }
    }

    @_noLocks private func nanoseconds(_ ticks: Int64) -> Int64 { ticks &* 1_000_000 / ticksPerMillisecond }

    @_noLocks private func unwrap(_ wire: UInt32) -> Int64 {
        if !hasNewest { return Int64(wire) &+ 0x1_0000_0000 }
        return newestTimestamp &+ Int64(Int32(bitPattern: wire &- UInt32(truncatingIfNeeded: newestTimestamp)))
    }

    // MARK: - The graph's side

    /// The next stretch of sound, when `ticks` are still wanted for this step.
    /// - Parameter ahead: ticks decoded that are played before it.
    @_noLocks public mutating func next(ticks: Int, ahead: Int) -> PlayoutItem {
        let wanted = Int64(ticks)
        queuedTicks = Int64(ahead)
        if !isRunning && !start() { return .silence(ticks: ticks) }
        if newestTimestamp &- playhead > maximumTicks { skip() }
        passEvents()
        guard let entry = memory.first(from: nextSequence) else { return starve(wanted) }
        if starvedTicks > 0 && isRestoring(entry), let present = presentDelay {
            // The lost packet right before this one comes back out of it, late, but for what the delay need not grow;
            // from now on there is room for that. Where a whole step would have to be waited, half a packet is made up
            // one-sided instead.
            let overshoot =
                isBridged && step >= nanoseconds(frame) ? present &- target : excess(ahead: ahead)
            let gone = entry.timestamp &- playhead &- frame
            starvedTicks = min(starvedTicks, max(gone, ticksOf(overshoot)))
        }
        let gap = entry.timestamp &- playhead &- starvedTicks
        if gap > maximumTicks || gap <= 0 || entry.timestamp <= playhead {
            // In its turn, made up for already, or on a new time line.
            if starvedTicks > 0 && !isPaused {
                if entry.timestamp == playhead { starvations &+= 1 } else { lossShare = lossShare * 0.99 + 0.01 }
            }
            if entry.timestamp != playhead { hasJumped = true }
            starvedTicks = 0
            isPaused = false
            playhead = entry.timestamp
            nextSequence = entry.sequence
            return unsafe .packet(memory.payload(of: entry), count: entry.count)
        }
        if entry.sequence == nextSequence {
            // No packet is missing: the peer paused. A silence is where delay goes unheard.
            let surplus = min(gap, max(0, ticksOf(excess(ahead: ahead))))
            playhead &+= surplus
            let silent = min(gap &- surplus, wanted)
            if silent <= 0 { return next(ticks: ticks, ahead: ahead) }
            settleStarved(silent)
            return .silence(ticks: Int(silent))
        }
        let missing = min(gap, frame)
        // Where copies come the delay grows for bursts: what is lost alone is here already.
        let isHere = bursts.wait > 0 && recoverableLeft > 0 && gap <= frame
        if !isHere, let present = presentDelay, target &- present > 10_000_000 {
            // It may be on its way still: the delay grows to its target instead of passing it over.
            concealed &+= UInt64(min(missing, wanted))
            return .starved(ticks: Int(min(missing, wanted)))
        }
        // The packet after the hole may carry what is missing right before it, however much was made up already.
        let isLast = gap <= frame && (recoverableLeft > 0 || isBridged)
        settleStarved(missing)
        lossShare = lossShare * 0.99 + 0.01
        nextSequence = isLast ? entry.sequence : min(nextSequence &+ 1, entry.sequence)
        concealed &+= UInt64(missing)
        if isLast {
            return unsafe .lost(ticks: Int(missing), next: memory.payload(of: entry), nextCount: entry.count)
        }
        return unsafe .lost(ticks: Int(missing), next: nil, nextCount: 0)
    }

    /// What is missing right before `entry` can be made out of it; what a burst took before that is gone.
    @_noLocks private func isRestoring(_ entry: PlayoutEntry) -> Bool {
        if entry.sequence <= nextSequence { return false }
        let missing = Int64(entry.sequence &- nextSequence)
        if entry.timestamp &- playhead != missing &* frame { return false }
        return recoverableLeft > 0 || (isBridged && missing == 1)
    }

    /// The packet given by `next` gave `ticks` of sound (0: it was broken, then it counts as lost).
    @_noLocks public mutating func played(ticks: Int) {
        if ticks > 0 { frame = Int64(ticks) }
        // Losses come in groups: what was waited for them is given back within half a minute, not between two.
        lossShare *= 0.998
        if let base = fastest.lowest {
            delaySum &+= Int64(bitPattern: nextPull) &- base &+ nanoseconds(queuedTicks &- playhead)
            delayCount &+= 1
        }
        memory.remove(nextSequence)
        playhead &+= ticks > 0 ? Int64(ticks) : frame
        nextSequence &+= 1
    }

    /// A step is done.
    /// - Parameters:
    ///   - next: when the next one will be pulled at the earliest.
    ///   - queued: ticks decoded that the step did not need.
    @_noLocks public mutating func pulled(next: MonotonicInstant, queued: Int) {
        if next.nanoseconds > nextPull, next.nanoseconds &- nextPull <= 60_000_000 {
            step = Int64(next.nanoseconds &- nextPull)
        }
        nextPull = next.nanoseconds
        queuedTicks = Int64(queued)
    }

    /// How much longer than needed the next packet waits, nanoseconds; 0: not worth a cut.
    /// - Parameter ahead: ticks that are decoded and not played.
    @_noLocks public func excess(ahead: Int) -> Int64 {
        guard isRunning, let base = fastest.lowest else { return 0 }
        let queue = nanoseconds(Int64(ahead))
        let present = Int64(bitPattern: nextPull) &- base &+ queue &- nanoseconds(playhead)
        let wait = present &- queue % step
        let above = (wait &- target) % step
        let needed = target &+ (above < 0 ? above &+ step : above)
        let surplus = present &- needed
        return surplus >= 1_000_000 ? surplus : 0
    }

    /// Ticks of a packet.
    public var frameTicks: Int {
        @_noLocks get { Int(frame) }
    }

    /// The next packet is there, so that the owner can decode ahead to have something to shorten.
    public var isReady: Bool {
        @_noLocks get {
            guard isRunning, let entry = memory.first(from: nextSequence) else { return false }
            return entry.sequence == nextSequence && entry.timestamp == playhead &+ starvedTicks
        }
    }

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
        if newestTimestamp &- playhead > ticksOf(target) &+ 4 &* frame { skip() }
        return true
    }

    /// Leaves out the oldest sound so that no more than the target waits.
    @_noLocks private mutating func skip() {
        let from = newestTimestamp &- ticksOf(target)
        let before = playhead
        while let entry = memory.first(from: nextSequence), entry.timestamp < from {
            memory.remove(entry.sequence)
            nextSequence = entry.sequence &+ 1
            playhead = entry.timestamp &+ frame
        }
        playhead = max(playhead, min(from, newestTimestamp))
        leftOut &+= UInt64(playhead &- before)
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
            return .silence(ticks: Int(wanted))
        }
        if isPaused { return .silence(ticks: Int(wanted)) }
        concealed &+= UInt64(wanted)
        return .starved(ticks: Int(wanted))
    }
}

/// A peer that goes on in another codec, whose timestamps may run by another clock and begin anywhere.
extension PlayoutBuffer {
    /// Nothing waits, and nothing is handed out.
    public var isEmpty: Bool {
        @_noLocks get { !isRunning && memory.oldest() == nil }
    }

    /// Where on the time line the first packet of the other codec lies: where its timestamp says, else behind the newest
    /// packet by their numbers; when it comes too early or too late for that, where its arrival says.
    /// - Parameter wire: its timestamp; nil when that is by another clock.
    @_noLocks public func place(_ wire: UInt32?, sequence: UInt64, arrival: MonotonicInstant) -> Int64 {
        let now = Int64(bitPattern: arrival.nanoseconds)
        guard let base = fastest.lowest else { return unwrap(wire ?? 0) }
        if let wire {
            let own = unwrap(wire)
            if isPlausible(now &- nanoseconds(own) &- base) { return own }
        }
        let packets = Int64(bitPattern: sequence &- newestSequence)
        let following = newestTimestamp &+ packets &* frame
        return isPlausible(now &- nanoseconds(following) &- base) ? following : ticksOf(now &- base)
    }

    /// So late behind the fastest packet a packet of the same stream may be.
    @_noLocks private func isPlausible(_ lateness: Int64) -> Bool { lateness > -60_000_000 && lateness < 200_000_000 }

    /// The time line runs by another clock from now on: what waits, the delay and what was learnt of the network stay.
    @_noLocks public mutating func retime(ticksPerMillisecond wanted: Int) {
        let (old, new) = (ticksPerMillisecond, Int64(wanted))
        if old == new { return }
        memory.retime(from: old, to: new)
        ticksPerMillisecond = new
        maximumTicks = maximumTicks &* new / old
        playhead = playhead &* new / old
        newestTimestamp = newestTimestamp &* new / old
        frame = frame &* new / old
        starvedTicks = starvedTicks &* new / old
        queuedTicks = queuedTicks &* new / old
    }
}
