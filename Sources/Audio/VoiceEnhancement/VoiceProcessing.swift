/// Makes what a microphone heard fit to be sent: echo of the loudspeaker, noise and wrong level taken out.
///
/// - Units: mono 16-bit samples at `rate`; blocks of whole hops of 5 ms. Delays by `delay` samples: a hop when echo or
///   noise is taken out, else nothing.
/// - Memory: one block, made and freed by control (0.6 MB at 48 kHz).
/// - Threading: one thread at a time calls `played` and `captured`, which allocate nothing and take no lock.
@safe public struct VoiceProcessing {
    /// Samples of 5 ms.
    public let hop: Int
    public let settings: VoiceSettings
    private let arena: LaneArena
    private let tuning: Tuning
    private var line: ReferenceLine
    private var highPass: HighPass
    private var canceller: EchoCanceller
    private var filter: PostFilter
    private var gain = GainControl()
    /// The echo's delay as told last.
    private var expected = 0
    private let far: Samples
    private let mic: Samples
    private let echo: Samples

    /// Nil for a rate that is not a multiple of 8 kHz up to 48 kHz.
    public init?(rate: Int, settings: VoiceSettings = VoiceSettings()) {
        self.init(rate: rate, settings: settings, tuning: Tuning())
    }

    init?(rate: Int, settings: VoiceSettings, tuning: Tuning) {
        guard [8000, 16_000, 24_000, 32_000, 48_000].contains(rate) else { return nil }
        hop = rate / 200
        self.settings = settings
        self.tuning = tuning
        let size = hop * FarHistory.hopsInFrame
        var arena = LaneArena(
            capacity: RealFFT.lanes(size: size) + ReferenceLine.lanes(rate: rate)
                + EchoCanceller.lanes(size: size, tuning: tuning) + PostFilter.lanes(hop: hop, size: size) + hop)
        let fft = RealFFT(&arena, size: size)
        highPass = HighPass(rate: rate)
        line = ReferenceLine(&arena, rate: rate, tuning: tuning)
        canceller = EchoCanceller(&arena, fft: fft, hop: hop, rate: rate, tuning: tuning)
        filter = PostFilter(
            &arena, fft: fft, hop: hop, tuning: tuning, suppressesNoise: settings.suppressesNoise)
        unsafe far = arena.samples(hop)
        unsafe mic = arena.samples(hop)
        unsafe echo = arena.samples(hop)
        self.arena = arena
    }

    /// Control only.
    public func deallocate() { unsafe arena.base.deallocate() }

    /// Samples by which what comes out is later than what went in.
    public var delay: Int { @_noLocks get { settings.cancelsEcho || settings.suppressesNoise ? hop : 0 } }

    /// What has been found out so far.
    public var report: VoiceReport {
        @_noLocks get {
            VoiceReport(
                driftPartsPerMillion: line.drift * 1e6, bend: canceller.loudspeaker.bend.0, gain: gain.gain)
        }
    }

    /// What is played is heard so many samples later, counted from `played` to `captured`. Taken over when it is told
    /// first or has jumped by 30 ms, and only while nothing is to be heard of the far end; the canceller finds the rest,
    /// and all of it below a quarter second when nothing is told.
    @_noLocks public mutating func expectEcho(after samples: Int) {
        let change = samples > expected ? samples &- expected : expected &- samples
        if change < 6 &* hop || !canceller.isSilent { return }
        expected = samples
        // Room for a figure that is too large, and for drift.
        line.setLag(Double(samples &- 4 &* hop))
    }

    /// What goes to the loudspeaker.
    @_noLocks public mutating func played(_ sound: UnsafePointer<Int16>, count: Int) {
        if settings.cancelsEcho { unsafe line.write(sound, count: count) }
    }

    /// What the microphone heard; becomes what is to be sent. Samples beyond the last whole hop are left as they are.
    @_noLocks public mutating func captured(_ sound: UnsafeMutablePointer<Int16>, count: Int) {
        if settings.isOff { return }
        var at = 0
        while at &+ hop <= count {
            let block = unsafe sound.advanced(by: at)
            for index in 0..<hop { unsafe mic[index] = Float(block[index]) * (1 / 32_768) }
            if settings.cancelsEcho || settings.suppressesNoise { unsafe highPass.run(mic, count: hop) }
            if settings.cancelsEcho { cancel() }
            if settings.cancelsEcho || settings.suppressesNoise {
                if canceller.hasRelearnt { filter.doubt() }
                unsafe filter.run(
                    mic, echo: echo, uncertain: canceller.residual, late: canceller.late.power,
                    unheard: canceller.unheard.power)
            }
            if settings.controlsGain {
                unsafe gain.run(mic, count: hop, clarity: clarity, noise: filter.noiseLeft)
            }
            for index in 0..<hop {
                let value = unsafe mic[index] * 32_768
                let rounded = value < 0 ? value - 0.5 : value + 0.5
                unsafe block[index] = rounded > 32_767 ? 32_767 : rounded < -32_768 ? -32_768 : Int16(rounded)
            }
            at &+= hop
        }
    }

    /// Without a filter nothing tells speech from noise but its level.
    private var clarity: Float {
        @_noLocks get { settings.cancelsEcho || settings.suppressesNoise ? filter.clarity : 1 }
    }

    @_noLocks private mutating func cancel() {
        unsafe line.read(into: far, count: hop)
        unsafe canceller.cancel(far: far, mic: mic, echo: echo)
        if let late = canceller.loudspeaker.lateness {
            line.steer(
                lateness: Double(late), pull: Double(tuning.driftPull), integral: Double(tuning.driftIntegral) / 10_000)
        }
    }
}

/// What the processing has found out.
public struct VoiceReport: Sendable {
    /// Clock of the microphone against that of the loudspeaker.
    public var driftPartsPerMillion: Double
    /// Share of saturation found in the loudspeaker, 0: none.
    public var bend: Float
    /// Factor of the gain control.
    public var gain: Float

    @_noLocks init(driftPartsPerMillion: Double, bend: Float, gain: Float) {
        self.driftPartsPerMillion = driftPartsPerMillion
        self.bend = bend
        self.gain = gain
    }
}
