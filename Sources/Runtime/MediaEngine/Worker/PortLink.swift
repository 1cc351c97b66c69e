import AudioGraph
import CLinux
import Rings

/// The worker's end of a leg whose sound an edge carries through two rings, such as a websocket.
///
/// The edge's samples are played as they are: silence when there are none, one frame of pre-roll after each silence, no
/// stretch (contract websocket-endpoint §3). An edge whose rate has no bus of its own, 24 kHz, is converted each way.
///
/// - Memory: made and freed by control; the rings are the port's.
/// - Threading: one media worker at a time; allocates nothing, takes no lock.
@safe struct PortLink {
    private let rings: AudioRings
    private let doorbell: Int32
    private let rate: Int
    /// Of the bus that loses nothing of it.
    let busRate: Int
    /// Nil where the edge's rate is that of the bus.
    private let up: RateConverter?
    private let down: RateConverter?
    private let state: UnsafeMutablePointer<State>
    /// Sound at the edge's rate on its way to or from that of the bus.
    private let coded: UnsafeMutablePointer<Int16>

    private struct State {
        var declicker = Declicker()
        /// Samples flow: the pre-roll has been waited for.
        var isFlowing = false
        /// Samples waited already in the step before.
        var hasWaited = false
        /// Steps for which the converter still has an echo of what was said.
        var tail = 0
        /// Where the last frame that was begun ends, so that it is finished when the rest is taken back.
        var frameEnd = 0
    }

    /// Nil when there is no memory for the converters. Control only.
    init?(rings: AudioRings, doorbell: Int32, rate: Int) {
        self.rings = rings
        self.doorbell = doorbell
        self.rate = rate
        busRate = BusRate.rate(at: BusRate.place(of: rate))
        var (up, down): (RateConverter?, RateConverter?)
        if rate != busRate {
            up = RateConverter(inputRate: rate, outputRate: busRate)
            down = RateConverter(inputRate: busRate, outputRate: rate)
            if up == nil || down == nil {
                up?.destroy()
                down?.destroy()
                return nil
            }
        }
        self.up = up
        self.down = down
        unsafe coded = .allocate(capacity: Scratch.stepCapacity)
        unsafe state = .allocate(capacity: 1)
        unsafe state.initialize(to: State())
    }

    /// Control only.
    func deallocate() {
        up?.destroy()
        down?.destroy()
        unsafe state.deallocate()
        unsafe coded.deallocate()
    }

    /// What the edge says in the next `count` samples of its bus.
    /// - Returns: false when it is silence.
    @_noLocks func pull(_ count: Int, into samples: UnsafeMutablePointer<Int16>) -> Bool {
        guard let up else { return unsafe take(count, into: samples) }
        let own = count &* rate / busRate
        let got = unsafe take(own, into: coded)
        if !got && (unsafe state.pointee.tail == 0) {
            unsafe SampleMath.clear(samples, count: count)
            return false
        }
        unsafe state.pointee.tail = got ? 2 : state.pointee.tail &- 1
        let made = unsafe up.run(coded, count: own, into: samples, capacity: count)
        if made < count { unsafe SampleMath.clear(samples.advanced(by: made), count: count &- made) }
        return made > 0
    }

    /// The next `count` samples at the edge's rate.
    /// - Returns: false when there are none.
    @_noLocks private func take(_ count: Int, into samples: UnsafeMutablePointer<Int16>) -> Bool {
        var got = 0
        let stale = rings.takenBack
        if stale > 0 {
            got = unsafe finishFrame(count, stale, into: samples)
        } else if mayFlow(count) {
            got = unsafe rings.toMix.pop(into: samples, count: count)
            noteFrame()
            if got < count { stopFlowing() }
        }
        if got < count { unsafe SampleMath.clear(samples.advanced(by: got), count: count &- got) }
        if got == 0 { unsafe state.pointee.declicker.arm() }
        unsafe state.pointee.declicker.run(samples, count: count, rate: rate)
        return got > 0
    }

    /// One frame is waited for after a silence; a lone one, or the odd end of one, waits no longer than one step.
    @_noLocks private func mayFlow(_ count: Int) -> Bool {
        if unsafe state.pointee.isFlowing { return true }
        let fill = rings.toMix.fill
        let isReady = fill >= count &+ rate / 50 || (fill > 0 && (unsafe state.pointee.hasWaited))
        unsafe state.pointee.hasWaited = fill > 0
        if isReady {
            unsafe state.pointee.isFlowing = true
            unsafe state.pointee.declicker.arm()
        }
        return isReady
    }

    @_noLocks private func stopFlowing() {
        unsafe state.pointee.isFlowing = false
        unsafe state.pointee.hasWaited = false
        unsafe state.pointee.declicker.arm()
    }

    @_noLocks private func noteFrame() {
        let frame = rate / 50
        let behind = rings.toMix.consumed &- (unsafe state.pointee.frameEnd)
        if behind > 0 { unsafe state.pointee.frameEnd &+= (behind &+ frame &- 1) / frame &* frame }
    }

    /// Plays the rest of the frame that was begun and drops what was taken back behind it.
    /// - Returns: samples of that rest.
    @_noLocks private func finishFrame(
        _ count: Int, _ stale: Int, into samples: UnsafeMutablePointer<Int16>
    ) -> Int {
        let begun = max(0, (unsafe state.pointee.frameEnd) &- rings.toMix.consumed)
        let rest = min(count, min(stale, begun))
        let got = unsafe rings.toMix.pop(into: samples, count: rest)
        if rest < count {
            _ = rings.toMix.discard(stale &- rest)
            unsafe state.pointee.frameEnd = rings.toMix.consumed
            stopFlowing()
        }
        return got
    }

    /// Hands the edge `count` samples of what it hears, and rings once a frame is whole.
    @_noLocks func push(_ heard: UnsafeMutablePointer<Int16>, count: Int) {
        if let down {
            let own = count &* rate / busRate
            let made = unsafe down.run(heard, count: count, into: coded, capacity: own)
            if made < own { unsafe SampleMath.clear(coded.advanced(by: made), count: own &- made) }
            _ = unsafe rings.fromMix.push(coded, count: own)
        } else {
            _ = unsafe rings.fromMix.push(heard, count: count)
        }
        if rings.fromMix.fill >= rate / 50 { swh_eventfd_signal(doorbell) }
    }
}
