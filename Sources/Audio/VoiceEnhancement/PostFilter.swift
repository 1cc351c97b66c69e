/// Takes out what the canceller leaves of the echo, and steady noise; puts even noise where it has cut deep.
///
/// - Units: samples of full scale 1; delays by one hop.
/// - Reference: Y. Ephraim, D. Malah, "Speech enhancement using a minimum mean-square error log-spectral amplitude
///   estimator", IEEE TASSP 33 (1985); I. Cohen, "Optimal speech enhancement under signal presence uncertainty using
///   log-spectral amplitude estimator", IEEE SPL 9 (2002).
/// - Threading: control makes it; one thread runs it; allocates nothing, takes no lock.
@safe struct PostFilter {
    private let tuning: Tuning
    private let fft: RealFFT
    private let frames: ShortFrames
    private let hop: Int
    private let lanes: Int
    private let bins: Int
    private let leftFrame: Samples
    private let echoFrame: Samples
    private let frame: Samples
    private let overlap: Samples
    private let left: Spectrum
    private let echo: Spectrum
    private let leftPower: Lanes
    private let echoPower: Lanes
    /// Power of echo expected in `left`.
    private let residual: Lanes
    private let held: Lanes
    private var noise: NoiseFloor
    private var leak: EchoLeak
    private var gains: SpeechGains
    /// Share of the noise's power that stays; 1: noise is left alone.
    private let noiseKept: Float
    private var random: UInt32 = 0x1234_5678

    static func lanes(hop: Int, size: Int) -> Int {
        let bins = size / 16 + 1
        return 20 * bins + size + ShortFrames.lanes(size: size) + 64
    }

    init(_ arena: inout LaneArena, fft: RealFFT, hop: Int, tuning: Tuning, suppressesNoise: Bool) {
        self.fft = fft
        self.hop = hop
        self.tuning = tuning
        noiseKept = suppressesNoise ? tuning.noiseFloor : 1
        bins = fft.size / 2 + 1
        lanes = (fft.size / 2 + 8) / 8
        frames = ShortFrames(&arena, hop: hop, size: fft.size)
        unsafe leftFrame = arena.samples(fft.size)
        unsafe echoFrame = arena.samples(fft.size)
        unsafe frame = arena.samples(fft.size)
        unsafe overlap = arena.samples(hop)
        left = Spectrum(&arena, lanes: lanes)
        echo = Spectrum(&arena, lanes: lanes)
        unsafe leftPower = arena.lanes(lanes)
        unsafe echoPower = arena.lanes(lanes)
        unsafe residual = arena.lanes(lanes)
        unsafe held = arena.lanes(lanes)
        noise = NoiseFloor(&arena, lanes: lanes, tuning: tuning)
        leak = EchoLeak(&arena, lanes: lanes, tuning: tuning)
        gains = SpeechGains(&arena, bins: bins, lanes: lanes, tuning: tuning, noiseKept: noiseKept)
    }

    /// Share of the bins in which somebody clearly spoke into the microphone in the last frame, 0…1.
    var clarity: Float { @_noLocks get { gains.clarity } }
    /// Mean power of a sample of the noise that is left.
    private(set) var noiseLeft: Float = 0

    /// - Parameters:
    ///   - sound: a hop after the canceller; becomes the filtered hop before it.
    ///   - echo: what the canceller took away from it.
    ///   - uncertain: power of the echo that the canceller may have missed, as in a whole frame's spectrum.
    @_noLocks mutating func run(
        _ sound: Samples, echo taken: UnsafePointer<Float>, uncertain: Lanes, late: Lanes, unheard: Lanes
    ) {
        unsafe analyse(sound, leftFrame, into: left)
        unsafe analyse(taken, echoFrame, into: echo)
        unsafe left.power(into: leftPower, lanes: lanes)
        unsafe echo.power(into: echoPower, lanes: lanes)
        unsafe leak.follow(left: leftPower, echo: echoPower, noise: noise.power)
        let scale = frames.analysisPower * tuning.uncertaintyWeight
        for lane in 0..<lanes {
            let missed = unsafe uncertain[lane] * scale
            let ring = unsafe late[lane] * frames.analysisPower * tuning.lateWeight
            let leaked = unsafe leak.residual[lane].atLeast(unheard[lane] * frames.analysisPower)
            // A room goes on sounding after what the filter knows of it.
            let ringing = unsafe held[lane] * tuning.ringing
            unsafe held[lane] = missed.atLeast(leaked).atLeast(ringing).atLeast(Lane(repeating: 1e-18))
            unsafe residual[lane] = held[lane] + ring
        }
        unsafe noise.follow(leftPower)
        unsafe gains.decide(frame: leftPower, noise: noise.power, echo: residual)
        apply()
        weighNoise()
        unsafe synthesise(into: sound)
    }

    /// What was known of the echo left over is no longer true.
    @_noLocks mutating func doubt() { leak.doubt() }

    /// The noise's power in a sample: half the spectrum stands for all of it.
    @_noLocks private mutating func weighNoise() {
        var sum = Lane()
        for lane in 0..<lanes { unsafe sum += noise.power[lane] }
        noiseLeft = 2 * sum.total * noiseKept / (Float(fft.size) * Float(fft.size) * frames.analysisPower)
    }

    @_noLocks private func analyse(_ sound: UnsafePointer<Float>, _ history: Samples, into spectrum: Spectrum) {
        let kept = fft.size &- hop
        for index in 0..<kept { unsafe history[index] = history[index &+ hop] }
        for index in 0..<hop { unsafe history[kept &+ index] = sound[index] }
        for index in 0..<fft.size { unsafe frame[index] = history[index] * frames.analysis[index] }
        unsafe fft.forward(frame, into: spectrum)
    }

    @_noLocks private mutating func apply() {
        let re = unsafe UnsafeMutableRawPointer(left.re).assumingMemoryBound(to: Float.self)
        let im = unsafe UnsafeMutableRawPointer(left.im).assumingMemoryBound(to: Float.self)
        let power = unsafe UnsafeMutableRawPointer(leftPower).assumingMemoryBound(to: Float.self)
        let floor = unsafe UnsafeMutableRawPointer(noise.power).assumingMemoryBound(to: Float.self)
        for bin in 0..<bins {
            let gain = unsafe gains.values[bin]
            let wanted = unsafe floor[bin] * noiseKept
            let missing = unsafe wanted - gain * gain * power[bin]
            unsafe re[bin] *= gain
            unsafe im[bin] *= gain
            if missing <= 0 { continue }
            // Two uniform numbers: their sum of squares has a mean of 2/3.
            let size = FastMath.root(missing * 1.5 * frames.noiseScale)
            unsafe re[bin] += size * nextRandom()
            if bin > 0 && bin < bins &- 1 { unsafe im[bin] += size * nextRandom() }
        }
    }

    /// -1…1.
    @_noLocks private mutating func nextRandom() -> Float {
        random = random &* 1_664_525 &+ 1_013_904_223
        return Float(Int32(bitPattern: random)) * (1 / 2_147_483_648)
    }

    @_noLocks private func synthesise(into sound: Samples) {
        unsafe fft.inverse(left, into: frame)
        let first = fft.size &- 2 &* hop
        let second = fft.size &- hop
        for index in 0..<hop {
            unsafe sound[index] = overlap[index] + frame[first &+ index] * frames.synthesis[first &+ index]
            unsafe overlap[index] = frame[second &+ index] * frames.synthesis[second &+ index]
        }
    }
}
