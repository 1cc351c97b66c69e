import AudioGraph
import Rings

/// The two rings between a sound device's thread and the worker whose timer drives the mix.
///
/// The crystals of the card and of the box differ: what lies in a ring is kept near one step or period by leaving out or
/// doubling single samples, one in a step (0.2 % at 10 ms), four when much has gathered, which nobody hears. One step has to lie there, as
/// the two sides' turns slip past each other by one from time to time.
///
/// - Units: samples at 48 kHz.
/// - Threading: one media worker owns the steering; the rings' other ends are the device's.
@safe struct DeviceLink {
    private let capture: SampleRing
    private let playback: SampleRing
    private let steering: UnsafeMutablePointer<Steering>

    private struct Steering {
        var capture: RingSteering
        var playback: RingSteering
    }

    /// Control only.
    init(capture: SampleRing, playback: SampleRing, period: Int) {
        self.capture = capture
        self.playback = playback
        unsafe steering = .allocate(capacity: 1)
        unsafe steering.initialize(
            to: Steering(capture: RingSteering(period: period), playback: RingSteering(period: period)))
    }

    /// Control only.
    func deallocate() { unsafe steering.deallocate() }

    /// What the microphone heard.
    /// - Returns: false when there is nothing: silence.
    @_noLocks func pull(_ count: Int, into samples: UnsafeMutablePointer<Int16>) -> Bool {
        let fill = capture.fill
        let longest = unsafe steering.pointee.capture.longest &+ count
        if fill > longest {
            let wanted = unsafe steering.pointee.capture.wanted &+ count
            _ = capture.discard(fill &- wanted)
        }
        if !(unsafe steering.pointee.capture.mayTake(fill, step: count)) {
            unsafe SampleMath.clear(samples, count: count)
            return false
        }
        let correction = unsafe steering.pointee.capture.correction(left: fill &- count)
        let spare = max(0, 0 &- correction)
        var got = 0
        if spare > Self.singles {
            _ = capture.discard(spare)
            got = unsafe capture.pop(into: samples, count: count)
        } else {
            // Samples are left out one by one, spread over the step.
            let pieces = spare &+ 1
            let wanted = correction > 0 ? count &- 1 : count
            var piece = 0
            while piece < pieces {
                let end = wanted &* (piece &+ 1) / pieces
                got &+= unsafe capture.pop(into: samples.advanced(by: got), count: end &- got)
                if piece < spare { _ = capture.discard(1) }
                piece &+= 1
            }
        }
        if got == 0 {
            unsafe SampleMath.clear(samples, count: count)
            return false
        }
        let doubled = correction > 0 && got == count &- 1
        var index = got
        while index < count {
            unsafe samples[index] = doubled ? samples[got &- 1] : 0
            index &+= 1
        }
        return true
    }

    /// What the loudspeaker plays.
    @_noLocks func push(_ samples: UnsafeMutablePointer<Int16>, count: Int) {
        let fill = playback.fill
        if fill == 0 {
            unsafe steering.pointee.playback.ranDry()
            // A start, or a worker that was late: the card plays this silence while the next step is made.
            var index = 0
            let cushion = unsafe steering.pointee.playback.cushion
            var zero: Int16 = 0
            while index < cushion {
                _ = unsafe playback.push(&zero, count: 1)
                index &+= 1
            }
        }
        let correction = unsafe steering.pointee.playback.correction(left: fill)
        let spare = max(0, 0 &- correction)
        if spare > Self.singles {
            _ = unsafe playback.push(samples, count: max(0, count &- spare))
        } else {
            let pieces = spare &+ 1
            var begin = 0
            var piece = 0
            while piece < pieces {
                let end = count &* (piece &+ 1) / pieces
                let kept = piece < spare ? end &- begin &- 1 : end &- begin
                _ = unsafe playback.push(samples.advanced(by: begin), count: kept)
                begin = end
                piece &+= 1
            }
        }
        if correction > 0 { _ = unsafe playback.push(samples.advanced(by: count &- 1), count: 1) }
    }

    /// Up to so many samples are left out one by one in a step; more are a cut.
    private static let singles = RingSteering.quick
}

/// Keeps the level of one ring near its target by single samples.
struct RingSteering {
    /// Lowest level to leave behind: one turn of the quicker side, and 2 ms.
    let wanted: Int
    /// What the producer puts before its first step.
    let cushion: Int
    /// More than that beyond a step is thrown away at once.
    let longest: Int
    private var lowest = Int.max
    private var steps = 0
    private var surplus = 0
    private var isFlowing = false
    /// The first look after a start: what the start left over goes at once, while nobody has spoken yet, instead of
    /// bending the pitch for seconds.
    private var isSettling = true
    private static let firstLook = 25
    /// 3 ms: sound servers turn up that unevenly; following them would only bend the pitch to and fro.
    private static let slack = 144
    /// Samples left out of a step while more than 4 ms too much lie in the ring.
    static let quick = 4

    init(period: Int) {
        let step = 480
        wanted = min(period, step) + 96
        cushion = wanted + max(0, period - step)
        longest = max(1920, period * 4)
    }

    /// The consumer's start: waits until a step and the wanted level are there; again after it ran dry.
    @_noLocks mutating func mayTake(_ fill: Int, step: Int) -> Bool {
        if fill < step && isFlowing { isFlowing = false }
        if !isFlowing && fill >= step &+ wanted { isFlowing = true }
        return isFlowing
    }

    /// The producer found the ring empty: what was measured says nothing any more.
    @_noLocks mutating func ranDry() {
        lowest = Int.max
        steps = 0
        surplus = 0
        isSettling = true
    }

    /// Negative: leave so many samples out, 1: double one, by the lowest level of the last half second.
    @_noLocks mutating func correction(left: Int) -> Int {
        lowest = min(lowest, left)
        steps &+= 1
        if steps >= (isSettling ? Self.firstLook : 50) {
            surplus = lowest &- wanted
            if surplus > -Self.slack && surplus < Self.slack { surplus = 0 }
            lowest = Int.max
            steps = 0
            if isSettling {
                isSettling = false
                let extra = min(max(0, surplus), 480)
                surplus = 0
                return 0 &- extra
            }
        }
        if surplus > 0 {
            let spare = surplus > 192 ? Self.quick : 1
            surplus &-= spare
            return 0 &- spare
        }
        if surplus < 0 {
            surplus &+= 1
            return 1
        }
        return 0
    }
}
