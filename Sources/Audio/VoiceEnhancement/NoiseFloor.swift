/// Power of the steady noise in each bin, followed through speech.
///
/// The minimum of the smoothed power over the last one to two seconds tells noise from speech; frames near it move the
/// estimate.
///
/// - Reference: I. Cohen, B. Berdugo, "Noise estimation by minima controlled recursive averaging", IEEE SPL 9 (2002).
/// - Threading: one thread; allocates nothing, takes no lock.
@safe struct NoiseFloor {
    /// Hops of the shorter minimum: 1.2 s.
    private static var windowHops: Int { @_noLocks get { 240 } }
    private static var firstHops: Int { @_noLocks get { 20 } }

    let power: Lanes
    private let smoothed: Lanes
    private let lowest: Lanes
    private let recent: Lanes
    private let presence: Lanes
    private let lanes: Int
    /// Above so many times the lowest power speech is heard.
    private let threshold: Float
    private let pace: Float
    private var hops = 0

    init(_ arena: inout LaneArena, lanes: Int, tuning: Tuning) {
        threshold = tuning.noiseThreshold
        pace = tuning.noiseShare
        self.lanes = lanes
        unsafe power = arena.lanes(lanes)
        unsafe smoothed = arena.lanes(lanes)
        unsafe lowest = arena.lanes(lanes)
        unsafe recent = arena.lanes(lanes)
        unsafe presence = arena.lanes(lanes)
    }

    /// - Parameter frame: power of each bin of the frame, echo taken out as well as known.
    @_noLocks mutating func follow(_ frame: Lanes) {
        hops &+= 1
        let isFirst = hops <= Self.firstHops
        let startsAnew = hops % Self.windowHops == 0
        let share: Float = isFirst ? 1 / Float(hops) : 0.1
        for lane in 0..<lanes {
            // The least keeps silence from becoming a number so small that it is slow to work with.
            let now = unsafe frame[lane].atLeast(Lane(repeating: 1e-12))
            let level = unsafe smoothed[lane] + (now - smoothed[lane]) * share
            unsafe smoothed[lane] = level
            if isFirst {
                unsafe power[lane] = level
                unsafe lowest[lane] = level
                unsafe recent[lane] = level
                continue
            }
            unsafe recent[lane] = recent[lane].atMost(level)
            unsafe lowest[lane] = lowest[lane].atMost(level)
            if startsAnew {
                unsafe lowest[lane] = recent[lane]
                unsafe recent[lane] = level
            }
            let isSpeech = unsafe level .> lowest[lane] * threshold + Lane(repeating: 1e-12)
            let heard = Lane().replacing(with: Lane(repeating: 1), where: isSpeech)
            let chance = unsafe (presence[lane] * 0.8).atLeast(heard)
            unsafe presence[lane] = chance
            let step = (Lane(repeating: 1) - chance) * pace
            unsafe power[lane] += (now - power[lane]) * step
        }
    }
}
