/// The way from loudspeaker to microphone as partitions of 15 ms, learnt by a Kalman filter in each bin.
///
/// Per bin the filter knows how unsure it is of each partition (`uncertainty`) and how loud the near end is (`near`): it
/// learns by what the two allow, which needs no double-talk switch.
///
/// - Reference: G. Enzner, P. Vary, "Frequency-domain adaptive Kalman filter for acoustic echo control", Signal
///   Processing 86 (2006); F. Kuech, E. Mabande, G. Enzner, "State-space architecture of the partitioned-block-based
///   acoustic echo controller", ICASSP 2014.
/// - Threading: control makes it; one thread runs it; allocates nothing, takes no lock.
@safe struct EchoPath {
    private let tuning: Tuning
    private let fft: RealFFT
    private let hop: Int
    /// Lanes of a whole spectrum, and those that are learnt.
    private let lanes: Int
    private let used: Int
    let partitions: Int
    private let memory: Float
    private let constrained: Int
    let weights: Spectrum
    /// Variance of the error of each weight.
    private let uncertainty: Lanes
    /// Power of what is not echo in a hop's spectrum, smoothed.
    private let near: Lanes
    /// Power of the echo that is likely to be left, as in a whole frame's spectrum.
    let residual: Lanes
    /// Spectrum of the last hop's error, zeros before it.
    let error: Spectrum
    /// Spectrum of the frame of predicted echo.
    let echoes: Spectrum
    /// 1 / power that the error may have.
    let trust: Lanes
    /// Of each partition, the sum of its weights' powers.
    let energies: Samples
    private let frame: Samples
    private var nextConstrained = 0

    static func lanes(size: Int, partitions: Int) -> Int {
        (size / 16 + 1) * (3 * partitions + 7) + partitions + size / 8 + 2
    }

    /// - Parameters:
    ///   - used: lanes of the spectrum that are learnt, from the lowest on.
    ///   - memory: how much of the path stays as it is from hop to hop (A² of the state model).
    ///   - constrained: partitions whose length is kept in bounds each hop.
    init(
        _ arena: inout LaneArena, fft: RealFFT, hop: Int, tuning: Tuning, partitions: Int, used: Int, memory: Float,
        constrained: Int
    ) {
        self.fft = fft
        self.hop = hop
        self.tuning = tuning
        self.partitions = partitions
        self.memory = memory
        self.used = used
        self.constrained = constrained
        lanes = (fft.size / 2 + 8) / 8
        weights = Spectrum(&arena, lanes: lanes * partitions)
        unsafe uncertainty = arena.lanes(lanes * partitions)
        unsafe near = arena.lanes(lanes)
        unsafe residual = arena.lanes(lanes)
        error = Spectrum(&arena, lanes: lanes)
        echoes = Spectrum(&arena, lanes: lanes)
        unsafe trust = arena.lanes(lanes)
        unsafe energies = arena.samples(partitions)
        unsafe frame = arena.samples(fft.size)
        doubt()
    }

    /// Mean power of the path over the bins.
    var gain: Float {
        @_noLocks get {
            var sum: Float = 0
            for partition in 0..<partitions { unsafe sum += energies[partition] }
            return sum / Float(fft.size / 2)
        }
    }

    var strongest: Int {
        @_noLocks get {
            var found = 0
            for partition in 1..<partitions where unsafe energies[partition] > energies[found] { found = partition }
            return found
        }
    }

    /// The path may be another by now: as unsure as at the beginning.
    @_noLocks mutating func doubt() {
        var variance = tuning.firstUncertainty
        for partition in 0..<partitions {
            for lane in (partition &* lanes)..<(partition &* lanes &+ used) {
                unsafe uncertainty[lane] = uncertainty[lane].atLeast(Lane(repeating: variance))
            }
            variance *= tuning.firstDecay
        }
    }

    /// Takes over what another one has learnt; doubts the rest.
    @_noLocks mutating func adopt(_ other: EchoPath) {
        doubt()
        for partition in 0..<other.partitions {
            for lane in (partition &* lanes)..<(partition &* lanes &+ other.used) {
                unsafe weights.re[lane] = other.weights.re[lane]
                unsafe weights.im[lane] = other.weights.im[lane]
                unsafe uncertainty[lane] = other.uncertainty[lane]
            }
        }
    }

    /// `echo` becomes what is likely to be heard in the hop just captured.
    @_noLocks mutating func predict(_ history: FarHistory, echo: Samples) {
        for lane in 0..<used {
            unsafe echoes.re[lane] = Lane()
            unsafe echoes.im[lane] = Lane()
            unsafe residual[lane] = Lane()
        }
        for partition in 0..<partitions {
            let (far, base) = (history.seen(by: partition), partition &* lanes)
            for lane in 0..<used {
                let (xRe, xIm) = unsafe (far.re[lane], far.im[lane])
                let (hRe, hIm) = unsafe (weights.re[base &+ lane], weights.im[base &+ lane])
                unsafe echoes.re[lane] += hRe * xRe - hIm * xIm
                unsafe echoes.im[lane] += hRe * xIm + hIm * xRe
                unsafe residual[lane] += uncertainty[base &+ lane] * (xRe * xRe + xIm * xIm)
            }
        }
        unsafe fft.inverse(echoes, into: frame)
        for index in 0..<hop { unsafe echo[index] = frame[fft.size &- hop &+ index] }
    }

    /// Finds what a hop's error may be made of: `left` is what is captured less the echo predicted.
    @_noLocks mutating func weigh(left: UnsafePointer<Float>) {
        let kept = fft.size &- hop
        for index in 0..<kept { unsafe frame[index] = 0 }
        for index in 0..<hop { unsafe frame[kept &+ index] = left[index] }
        unsafe fft.forward(frame, into: error)
        let share = 1 / Float(FarHistory.hopsInFrame)
        let (old, new) = (tuning.nearMemory, 1 - tuning.nearMemory)
        for lane in 0..<used {
            let (re, im) = unsafe (error.re[lane], error.im[lane])
            unsafe near[lane] = near[lane] * old + (re * re + im * im) * new
            let expected = unsafe residual[lane] * share + near[lane] + Lane(repeating: 1e-9)
            unsafe trust[lane] = Lane(repeating: 1) / expected
        }
    }

    /// Learns from the error.
    @_noLocks mutating func learn(_ history: FarHistory) {
        let share = 1 / Float(FarHistory.hopsInFrame)
        let growth = 1 - memory
        for partition in 0..<partitions {
            let (far, base) = (history.seen(by: partition), partition &* lanes)
            // A bin that has not been heard yet is as likely to change as the others.
            let common = unsafe Lane(repeating: energies[partition] / Float(used &* 8) * tuning.growthSpread)
            var energy = Lane()
            for lane in 0..<used {
                let (xRe, xIm) = unsafe (far.re[lane], far.im[lane])
                let (eRe, eIm) = unsafe (error.re[lane], error.im[lane])
                let variance = unsafe uncertainty[base &+ lane]
                let step = unsafe variance * trust[lane] * share
                let (gainRe, gainIm) = (step * xRe, step * xIm)
                let hRe = unsafe weights.re[base &+ lane] + (gainRe * eRe + gainIm * eIm)
                let hIm = unsafe weights.im[base &+ lane] + (gainRe * eIm - gainIm * eRe)
                unsafe weights.re[base &+ lane] = hRe
                unsafe weights.im[base &+ lane] = hIm
                let learnt = (Lane(repeating: 1) - (gainRe * xRe + gainIm * xIm) * share) * memory
                let power = hRe * hRe + hIm * hIm
                energy += power
                unsafe uncertainty[base &+ lane] = variance * learnt + power.atLeast(common) * growth
            }
            unsafe energies[partition] = energy.total
        }
        for _ in 0..<constrained { constrainNext() }
    }

    /// Takes out of one partition what does not belong into its 15 ms.
    @_noLocks private mutating func constrainNext() {
        let base = nextConstrained &* lanes
        nextConstrained = nextConstrained &+ 1 == partitions ? 0 : nextConstrained &+ 1
        let partition = unsafe Spectrum(re: weights.re.advanced(by: base), im: weights.im.advanced(by: base))
        unsafe fft.inverse(partition, into: frame)
        for index in (FarHistory.hopsInPartition &* hop)..<fft.size { unsafe frame[index] = 0 }
        unsafe fft.forward(frame, into: partition)
        for lane in used..<lanes {
            unsafe partition.re[lane] = Lane()
            unsafe partition.im[lane] = Lane()
        }
    }
}
