/// How much of the echo the canceller took away is left beside it in each bin: what no linear filter can take
/// (distortion in the loudspeaker, a path that moves).
///
/// What is left while the near end speaks is more than the leak, never less: the lowest ratio of the last one to two
/// seconds in which echo was heard is the leak.
///
/// - Threading: one thread; allocates nothing, takes no lock.
@safe struct EchoLeak {
    let residual: Lanes
    private let tuning: Tuning
    private let lanes: Int
    private let left: Lanes
    private let echo: Lanes
    private let lowest: Lanes
    private let recent: Lanes
    private var activeHops = 0
    /// 1 after a start, falling to 0.
    private var early: Float = 1

    init(_ arena: inout LaneArena, lanes: Int, tuning: Tuning) {
        self.lanes = lanes
        self.tuning = tuning
        unsafe residual = arena.lanes(lanes)
        unsafe left = arena.lanes(lanes)
        unsafe echo = arena.lanes(lanes)
        unsafe lowest = arena.lanes(lanes)
        unsafe recent = arena.lanes(lanes)
        doubt()
    }

    /// Expects all of the echo until it is seen to be less.
    @_noLocks mutating func doubt() {
        activeHops = 0
        early = 1
        for lane in 0..<lanes {
            unsafe lowest[lane] = Lane(repeating: 1)
            unsafe recent[lane] = Lane(repeating: 1)
        }
    }

    @_noLocks mutating func follow(left leftPower: Lanes, echo echoPower: Lanes, noise: Lanes) {
        let share = 1 - tuning.leakMemory
        let weight = tuning.leakWeight * (1 + tuning.earlyLeak * early)
        var total: Float = 0
        for lane in 0..<lanes {
            unsafe left[lane] += (leftPower[lane] - left[lane]) * share
            unsafe echo[lane] += (echoPower[lane] - echo[lane]) * share
            unsafe left[lane] = left[lane].atLeast(Lane(repeating: 1e-18))
            unsafe echo[lane] = echo[lane].atLeast(Lane(repeating: 1e-18))
            let isHeard = unsafe echo[lane] .> noise[lane] * 4 + Lane(repeating: 1e-9)
            let ratio = unsafe (left[lane] - noise[lane]).atLeast(Lane()) / (echo[lane] + Lane(repeating: 1e-9))
            unsafe recent[lane].replace(with: recent[lane].atMost(ratio), where: isHeard)
            unsafe lowest[lane].replace(with: lowest[lane].atMost(ratio), where: isHeard)
            total += Lane().replacing(with: Lane(repeating: 1), where: isHeard).total
            unsafe residual[lane] = (echoPower[lane].atLeast(echo[lane])) * lowest[lane] * weight
        }
        if total < Float(lanes) { return }  // an eighth of all bins
        activeHops &+= 1
        early *= 1 - 1 / tuning.earlyHops
        if activeHops < tuning.leakHops { return }
        activeHops = 0
        for lane in 0..<lanes {
            unsafe lowest[lane] = recent[lane]
            unsafe recent[lane] = Lane(repeating: 1)
        }
    }
}
