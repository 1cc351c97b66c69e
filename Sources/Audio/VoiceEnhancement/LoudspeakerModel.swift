/// What makes the echo differ from a linear filter of what was played: saturation of the loudspeaker, and clocks that
/// run apart.
///
/// Two bent copies of the far end are mixed into it. How much of each, and how far the reference has slipped, are single
/// numbers: each moves along the gradient of the canceller's error, where the error is not the near end's. A hop looks
/// at one of the three in turn.
///
/// - Reference: A. Stenger, W. Kellermann, "Adaptation of a memoryless preprocessor for nonlinear acoustic echo
///   cancelling", Signal Processing 80 (2000).
/// - Threading: control makes it; one thread runs it; allocates nothing, takes no lock.
@safe struct LoudspeakerModel {
    /// Bends of the far end: tanh(a x) / a - x.
    private static var bends: Int { @_noLocks get { 2 } }

    private let tuning: Tuning
    private let fft: RealFFT
    private let hop: Int
    private let lanes: Int
    /// Partitions that the gradient is taken over; the rest hardly adds to it.
    private let partitions: Int
    private let slots: Int
    private var newest = 0
    private let frames: (Samples, Samples)
    private let histories: (Spectrum, Spectrum)
    private var shares: (Float, Float) = (0, 0)
    private var powers: (Float, Float, Float) = (0, 0, 0)
    private let gradient: Spectrum
    private let frame: Samples
    private var turn = 0
    /// Samples that the echo is later than predicted, by the last look; nil when none was taken.
    private(set) var lateness: Float?

    static func lanes(size: Int, tuning: Tuning) -> Int {
        let bins = size / 16 + 1
        return bins * (4 * tuning.bentPartitions * 3 + 4) + 3 * (size / 8 + 1)
    }

    init(_ arena: inout LaneArena, fft: RealFFT, hop: Int, tuning: Tuning) {
        self.fft = fft
        self.hop = hop
        self.tuning = tuning
        lanes = (fft.size / 2 + 8) / 8
        partitions = tuning.bentPartitions
        slots = 3 * partitions
        unsafe frames = (arena.samples(fft.size), arena.samples(fft.size))
        histories = (Spectrum(&arena, lanes: lanes * slots), Spectrum(&arena, lanes: lanes * slots))
        gradient = Spectrum(&arena, lanes: lanes)
        unsafe frame = arena.samples(fft.size)
    }

    /// The share of each bend in what the loudspeaker plays.
    var bend: (Float, Float) { @_noLocks get { shares } }

    /// Makes a hop of the far end what the loudspeaker is believed to make of it.
    @_noLocks mutating func shape(_ far: Samples) {
        newest = newest &+ 1 == slots ? 0 : newest &+ 1
        let kept = fft.size &- hop
        for index in 0..<kept {
            unsafe frames.0[index] = frames.0[index &+ hop]
            unsafe frames.1[index] = frames.1[index &+ hop]
        }
        for index in 0..<hop {
            let sound = unsafe far[index]
            let gentle = Self.bent(sound, 3)
            let hard = Self.bent(sound, 10)
            unsafe frames.0[kept &+ index] = gentle
            unsafe frames.1[kept &+ index] = hard
            unsafe far[index] = sound + shares.0 * gentle + shares.1 * hard
        }
        unsafe fft.forward(frames.0, into: slot(histories.0, newest))
        unsafe fft.forward(frames.1, into: slot(histories.1, newest))
    }

    /// Learns one of the numbers from the error of a hop.
    /// - Parameters:
    ///   - error: spectrum of the hop's error, zeros before it.
    ///   - weight: per bin, 1 / the power that the error may have.
    ///   - echo: spectrum of the frame of predicted echo.
    @_noLocks mutating func learn(error: Spectrum, weight: Lanes, echo: Spectrum, weights: Spectrum) {
        lateness = nil
        turn = turn &+ 1 == 3 ? 0 : turn &+ 1
        switch turn {
        case 0:
            gradientOf(histories.0, weights)
            let step = unsafe compare(error, weight, &powers.0)
            shares.0 = min(1.5, max(-0.5, shares.0 + step * tuning.bendShare))
        case 1:
            gradientOf(histories.1, weights)
            let step = unsafe compare(error, weight, &powers.1)
            shares.1 = min(1.5, max(-0.5, shares.1 + step * tuning.bendShare))
        default:
            // A later echo is y - y' dt: times -iω, in radians a sample.
            let radians = -2 * Float.pi / Float(fft.size)
            let ramp = Lane(0, 1, 2, 3, 4, 5, 6, 7) * radians
            for lane in 0..<lanes {
                let turn = ramp + Lane(repeating: Float(8 &* lane) * radians)
                unsafe gradient.re[lane] = -echo.im[lane] * turn
                unsafe gradient.im[lane] = echo.re[lane] * turn
            }
            lateness = unsafe compare(error, weight, &powers.2)
        }
    }

    @_noLocks private func gradientOf(_ history: Spectrum, _ weights: Spectrum) {
        for lane in 0..<lanes {
            unsafe gradient.re[lane] = Lane()
            unsafe gradient.im[lane] = Lane()
        }
        for partition in 0..<partitions {
            let index = newest &- 3 &* partition
            let bent = slot(history, index < 0 ? index &+ slots : index)
            let base = partition &* lanes
            for lane in 0..<lanes {
                let (xRe, xIm) = unsafe (bent.re[lane], bent.im[lane])
                let (hRe, hIm) = unsafe (weights.re[base &+ lane], weights.im[base &+ lane])
                unsafe gradient.re[lane] += hRe * xRe - hIm * xIm
                unsafe gradient.im[lane] += hRe * xIm + hIm * xRe
            }
        }
    }

    /// How much of the gradient the error holds; `power` is the gradient's, smoothed.
    @_noLocks private func compare(_ error: Spectrum, _ weight: Lanes, _ power: inout Float) -> Float {
        unsafe fft.inverse(gradient, into: frame)
        for index in 0..<(fft.size &- hop) { unsafe frame[index] = 0 }
        unsafe fft.forward(frame, into: gradient)
        var common = Lane()
        var own = Lane()
        for lane in 0..<lanes {
            let (gRe, gIm) = unsafe (gradient.re[lane], gradient.im[lane])
            let (eRe, eIm) = unsafe (error.re[lane], error.im[lane])
            let share = unsafe weight[lane]
            common += (gRe * eRe + gIm * eIm) * share
            own += (gRe * gRe + gIm * gIm) * share
        }
        let now = own.total
        power += (now - power) * 0.02
        let most = power > now ? power : now
        return common.total / (most + Float(lanes) * tuning.bendCaution)
    }

    @_noLocks private func slot(_ history: Spectrum, _ index: Int) -> Spectrum {
        unsafe Spectrum(re: history.re.advanced(by: index &* lanes), im: history.im.advanced(by: index &* lanes))
    }

    @inline(__always) @_noLocks private static func bent(_ x: Float, _ steepness: Float) -> Float {
        let fall = FastMath.exp(-2 * steepness * abs(x))
        let magnitude = (1 - fall) / (1 + fall) / steepness
        return (x < 0 ? -magnitude : magnitude) - x
    }
}
