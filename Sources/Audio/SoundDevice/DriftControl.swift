/// Keeps how much sound waits between two clocks at its target, so that nobody hears it.
///
/// What the clocks are known to differ by goes straight into the resampler's ratio; what is left of the error is taken
/// back with a time constant of `timeConstant`, by at most `quietest` of pitch, and the ratio never changes faster than
/// `slew`. An error that would take too long that way (a sound server moved its buffers, an xrun) waits for a pause in
/// the speech, where samples are left out or repeated unheard (`surplus`).
///
/// - Units: samples at 48 kHz; corrections in parts of one, positive: take sound faster.
/// - Reference: Roc Toolkit's freq_estimator steers by the level alone; the clocks' own rates make it quick and calm.
/// - Threading: a value of one thread; allocates nothing.
struct DriftControl {
    /// Of pitch, parts of one.
    static var quietest: Double { @_noLocks get { 100e-6 } }
    /// Beyond any crystal.
    private static var widest: Double { @_noLocks get { 4000e-6 } }
    /// Per step of 10 ms.
    private static var slew: Double { @_noLocks get { 2e-6 } }
    private static var timeConstant: Double { @_noLocks get { 10 } }
    /// 1.5 ms: less is left to the ratio.
    private static var slack: Double { @_noLocks get { 72 } }
    /// 40 ms: more is cut at once, pause or not.
    private static var longest: Double { @_noLocks get { 1920 } }
    /// Steps that an error is looked at before it is cut.
    private static var patience: Int { @_noLocks get { 20 } }

    private(set) var correction = 0.0
    /// The error of the level, smoothed over a quarter of a second; nil before the first step.
    private var error: Double?
    private var steps = 0

    @_noLocks init() {}

    /// One step of 10 ms.
    /// - Parameter drift: what the clocks differ by, when that is known.
    @_noLocks mutating func step(level: Double, target: Double, drift: Double?) {
        let off = level - target
        let smoothed = (error ?? off) + (off - (error ?? off)) / 25
        error = smoothed
        steps &+= 1
        let pull = smoothed / (Self.timeConstant * 48_000)
        let gentle = max(0 - Self.quietest, min(Self.quietest, pull))
        let goal = max(0 - Self.widest, min(Self.widest, (drift ?? 0) + gentle))
        correction += max(0 - Self.slew, min(Self.slew, goal - correction))
    }

    /// Samples to leave out (positive) or to repeat (negative) in the next pause; 0 when the ratio does it.
    var surplus: Int {
        @_noLocks get {
            guard let error, steps >= Self.patience, error > Self.slack || error < 0 - Self.slack else { return 0 }
            return Int(error)
        }
    }

    /// So much waits that it must not wait for a pause.
    var isUrgent: Bool {
        @_noLocks get { steps >= Self.patience && (error ?? 0) > Self.longest }
    }

    /// `samples` were left out, or repeated when negative.
    @_noLocks mutating func spliced(_ samples: Int) {
        if let error { self.error = error - Double(samples) }
    }

    /// The level was set anew: what was measured says nothing any more, the ratio stays.
    @_noLocks mutating func restart() {
        error = nil
        steps = 0
    }
}
