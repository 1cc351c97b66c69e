/// Echo that a room still sends when the filter has come to its end.
///
/// The decay from the last partitions before to the last is taken to go on beyond them.
///
/// - Threading: one thread; allocates nothing, takes no lock.
@safe struct LateEcho {
    /// Partitions whose energy is compared with that of as many before them.
    private static var span: Int { @_noLocks get { 4 } }

    let power: Lanes
    private let tail: Lanes
    private let lanes: Int
    /// From one hop to the next.
    private var decay: Float = 0.8

    init(_ arena: inout LaneArena, lanes: Int, tuning: Tuning) {
        self.lanes = lanes
        unsafe power = arena.lanes(lanes)
        unsafe tail = arena.lanes(lanes)
    }

    /// A hop in which nothing comes from the filter's end.
    @_noLocks func fade() {
        for lane in 0..<lanes { unsafe power[lane] = (power[lane] * decay).atLeast(Lane(repeating: 1e-18)) }
    }

    /// - Parameters:
    ///   - far: the frame that the last partition sees.
    ///   - energies: of each partition, the sum of its weights' powers.
    @_noLocks mutating func follow(weights: Spectrum, far: Spectrum, partitions: Int, energies: Samples) {
        var (before, last): (Float, Float) = (1e-9, 1e-9)
        for index in 0..<Self.span {
            unsafe last += energies[partitions &- 1 &- index]
            unsafe before += energies[partitions &- 1 &- Self.span &- index]
        }
        // A partition is three hops.
        let exponent = FastMath.log2(last / before) / Float(3 * Self.span)
        let now = FastMath.exp(0.693_147 * exponent)
        decay += (min(0.97, max(0.7, now)) - decay) * 0.01
        let share: Float = 1 / Float(3 * Self.span)
        for lane in 0..<lanes {
            var sum = Lane()
            for index in 0..<Self.span {
                let at = (partitions &- 1 &- index) &* lanes &+ lane
                let (re, im) = unsafe (weights.re[at], weights.im[at])
                sum += re * re + im * im
            }
            let (xRe, xIm) = unsafe (far.re[lane], far.im[lane])
            unsafe power[lane] = (power[lane] + sum * (xRe * xRe + xIm * xIm) * share) * decay + Lane(repeating: 1e-18)
        }
    }
}
