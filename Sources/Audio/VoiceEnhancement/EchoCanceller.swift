/// Linear echo canceller: predicts what the microphone hears of the loudspeaker, hop by hop, and learns the way.
///
/// Each hop of 5 ms is filtered by overlap-save with a transform of four hops, so that a partition is 15 ms long and
/// nothing is delayed. A second, shorter path learns fast and badly: when it does better than the first for a while, the
/// room has changed, and the first goes on from there.
///
/// - Units: samples of full scale 1.
/// - Threading: control makes it; one thread runs it; allocates nothing, takes no lock.
@safe struct EchoCanceller {
    private let tuning: Tuning
    private let hop: Int
    private let lanes: Int
    /// Lanes up to 4 kHz: those that the scout learns.
    private let scoutLanes: Int
    private var history: FarHistory
    private var main: EchoPath
    private var scout: EchoPath
    private let scoutEcho: Samples
    private(set) var loudspeaker: LoudspeakerModel
    /// Power of the echo that comes after the filter's end, as in a whole frame's spectrum.
    private(set) var late: LateEcho
    /// Power of the echo of the far end in bins that have not been heard yet, as in a whole frame's spectrum.
    private(set) var unheard: UnheardEcho
    private var silentHops = Int.max / 2
    private var mainError: Float = 0
    private var scoutError: Float = 0
    private var hopsSinceChange = 0
    /// The path has just been found to be another.
    private(set) var hasRelearnt = false

    static func lanes(size: Int, tuning: Tuning) -> Int {
        FarHistory.lanes(size: size, partitions: tuning.partitions)
            + EchoPath.lanes(size: size, partitions: tuning.partitions)
            + EchoPath.lanes(size: size, partitions: tuning.scoutPartitions)
            + LoudspeakerModel.lanes(size: size, tuning: tuning) + (size / 16 + 1) * 5 + size / 32 + 1
    }

    init(_ arena: inout LaneArena, fft: RealFFT, hop: Int, rate: Int, tuning: Tuning) {
        self.hop = hop
        self.tuning = tuning
        lanes = (fft.size / 2 + 8) / 8
        scoutLanes = min(lanes, fft.size * 4000 / rate / 8 + 1)
        history = FarHistory(&arena, fft: fft, hop: hop, partitions: tuning.partitions)
        main = EchoPath(
            &arena, fft: fft, hop: hop, tuning: tuning, partitions: tuning.partitions, used: lanes,
            memory: tuning.memory, constrained: tuning.constrainedPartitions)
        scout = EchoPath(
            &arena, fft: fft, hop: hop, tuning: tuning, partitions: tuning.scoutPartitions, used: scoutLanes,
            memory: tuning.scoutMemory, constrained: 1)
        unsafe scoutEcho = arena.samples(hop)
        loudspeaker = LoudspeakerModel(&arena, fft: fft, hop: hop, tuning: tuning)
        late = LateEcho(&arena, lanes: lanes, tuning: tuning)
        unheard = UnheardEcho(&arena, lanes: lanes, tuning: tuning)
    }

    /// Power of the echo that is likely to be left, as in a whole frame's spectrum.
    var residual: Lanes { @_noLocks get { unsafe main.residual } }

    /// Nothing has been played for longer than the filter is.
    var isSilent: Bool {
        @_noLocks get {
            silentHops > FarHistory.hopsInPartition &* tuning.partitions &+ FarHistory.hopsInFrame
        }
    }

    /// Takes a hop of the far end out of the hop captured with it.
    /// - Parameter echo: becomes what was taken out.
    @_noLocks mutating func cancel(far: Samples, mic: Samples, echo: Samples) {
        hasRelearnt = false
        var peak: Float = 0
        for index in 0..<hop { unsafe peak = max(peak, abs(far[index])) }
        silentHops = peak < 1e-5 ? silentHops &+ 1 : 0
        if isSilent { return unsafe rest(echo: echo) }
        unsafe loudspeaker.shape(far)
        unsafe history.take(far)
        unsafe main.predict(history, echo: echo)
        unsafe scout.predict(history, echo: scoutEcho)
        for index in 0..<hop {
            unsafe scoutEcho[index] = mic[index] - scoutEcho[index]
            unsafe mic[index] -= echo[index]
        }
        unsafe main.weigh(left: mic)
        unsafe scout.weigh(left: scoutEcho)
        unsafe loudspeaker.learn(error: main.error, weight: main.trust, echo: main.echoes, weights: main.weights)
        main.learn(history)
        scout.learn(history)
        compare()
        unheard.follow(far: history.seen(by: main.strongest), gain: main.gain, isNew: hasRelearnt)
        let last = history.seen(by: main.partitions &- 1)
        unsafe late.follow(weights: main.weights, far: last, partitions: main.partitions, energies: main.energies)
    }

    @_noLocks private mutating func rest(echo: Samples) {
        for index in 0..<hop { unsafe echo[index] = 0 }
        for lane in 0..<lanes { unsafe main.residual[lane] = Lane() }
        late.fade()
        unheard.clear()
    }

    @_noLocks private mutating func compare() {
        var (mine, other) = (Lane(), Lane())
        for lane in 0..<scoutLanes {
            let weight = unsafe main.trust[lane]
            let (re, im) = unsafe (main.error.re[lane], main.error.im[lane])
            let (otherRe, otherIm) = unsafe (scout.error.re[lane], scout.error.im[lane])
            mine += (re * re + im * im) * weight
            other += (otherRe * otherRe + otherIm * otherIm) * weight
        }
        mainError += (mine.total - mainError) * 0.04
        scoutError += (other.total - scoutError) * 0.04
        hopsSinceChange &+= 1
        if hopsSinceChange < tuning.relearnHops || scoutError > mainError * tuning.scoutAdvantage { return }
        hopsSinceChange = 0
        hasRelearnt = true
        main.adopt(scout)
    }
}
