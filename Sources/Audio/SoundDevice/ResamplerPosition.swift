/// How far a resampler is: which output samples there are for the input it was given.
///
/// - Units: input samples. `step` is input samples per output sample.
/// - Threading: a value of one thread; allocates nothing.
struct ResamplerPosition {
    /// Of the next output sample, from the first input sample that is kept.
    private(set) var next: Double
    /// Input samples kept.
    private(set) var kept: Int
    /// Input samples that must lie on each side of an output sample.
    let reach: Int
    var step: Double

    /// Begins with `reach` samples of silence behind it, so that the first output is there at once.
    @_noLocks init(reach: Int, step: Double) {
        self.reach = reach
        self.step = step
        kept = 2 &* reach
        next = Double(reach)
    }

    /// Takes `count` input samples in; says how many output samples can be made.
    @_noLocks mutating func take(_ count: Int) -> Int {
        kept &+= count
        let last = Double(kept &- reach) - next
        return last > 0 ? Int(last / step - 1e-9) &+ 1 : 0
    }

    /// Passes over `outputs`; says how many input samples are not needed any more.
    @_noLocks mutating func pass(_ outputs: Int) -> Int {
        next += Double(outputs) * step
        let spent = max(0, min(kept, Int(next) &- reach))
        next -= Double(spent)
        kept &-= spent
        return spent
    }

    /// Input samples taken in but not yet passed over: what the resampler holds, its filter's delay included.
    var held: Double {
        @_noLocks get { Double(kept) - next }
    }
}
