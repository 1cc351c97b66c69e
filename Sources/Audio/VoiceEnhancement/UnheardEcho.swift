/// Echo in bins where the far end has hardly sounded so far: a voice lower than those before is new to the filter, which
/// takes the little it has seen of such bins (the windows' leakage) for knowledge.
///
/// A bin is known by the loud frames it has had, loud as the far end is now; what is not known is expected to be as loud
/// as the echo is as a whole.
///
/// - Threading: one thread; allocates nothing, takes no lock.
@safe struct UnheardEcho {
    let power: Lanes
    private let tuning: Tuning
    private let lanes: Int
    private let seen: Lanes
    private let now: Lanes

    init(_ arena: inout LaneArena, lanes: Int, tuning: Tuning) {
        self.lanes = lanes
        self.tuning = tuning
        unsafe power = arena.lanes(lanes)
        unsafe seen = arena.lanes(lanes)
        unsafe now = arena.lanes(lanes)
    }

    /// - Parameters:
    ///   - far: the frame that the strongest partition sees.
    ///   - gain: mean power of the echo path over the bins.
    ///   - isNew: forget what was known, as the path is another.
    @_noLocks mutating func follow(far: Spectrum, gain: Float, isNew: Bool) {
        let known: Float = isNew ? 0 : 1
        for lane in 0..<lanes {
            let (re, im) = unsafe (far.re[lane], far.im[lane])
            let frame = re * re + im * im + Lane(repeating: 1e-9)
            let level = unsafe frame.atLeast(now[lane] * 0.9)
            unsafe now[lane] = level
            let unknown = unsafe level / (level + seen[lane] * known / tuning.experience)
            unsafe seen[lane] = seen[lane] * known * 0.9999 + frame
            unsafe power[lane] = frame * unknown * unknown * gain
        }
    }

    @_noLocks func clear() {
        for lane in 0..<lanes { unsafe power[lane] = Lane() }
    }
}
