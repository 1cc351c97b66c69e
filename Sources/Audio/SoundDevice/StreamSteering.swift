/// One direction of a device against the mix's clock: what both clocks do, and the correction that keeps them together.
///
/// - Units: instants in nanoseconds of CLOCK_MONOTONIC; the card's positions in its own frames, everything else in
///   samples at 48 kHz.
/// - Threading: a value of the device's thread; allocates nothing.
struct StreamSteering {
    /// The card's clock, by its timestamps.
    private(set) var card: StreamClock
    /// The mix's clock, by its steps.
    private var mix: StreamClock
    private(set) var control = DriftControl()
    private var steps = 0

    @_noLocks init(rate: Int) {
        card = StreamClock(rate: Double(rate))
        mix = StreamClock(rate: 48_000, memory: 1600)
    }

    /// The card was opened or started again.
    @_noLocks mutating func restart() {
        card.restart()
        control.restart()
    }

    /// The level was set anew, by a gap or a start.
    @_noLocks mutating func levelSet() { control.restart() }

    /// What the card says of itself: frames it has played or captured.
    @_noLocks mutating func saw(position: Int, at instant: UInt64) {
        _ = card.see(position: Double(position), at: instant)
    }

    /// The mix made a step; true when this is news.
    @_noLocks mutating func saw(step: (frames: Int, instant: UInt64)) -> Bool {
        if step.frames == steps { return false }
        steps = step.frames
        _ = mix.see(position: Double(step.frames), at: step.instant)
        return true
    }

    /// Steers by the level at the mix's last step.
    /// - Parameters:
    ///   - feeds: +1 when the mix fills what waits (playback), -1 when it empties it (capture).
    @_noLocks mutating func steer(level: Double, target: Double, feeds: Double) {
        var drift: Double?
        if let given = mix.deviation, let taken = card.deviation { drift = (given - taken) * feeds }
        control.step(level: level, target: target, drift: drift)
    }

    @_noLocks mutating func spliced(_ samples: Int) { control.spliced(samples) }
}
