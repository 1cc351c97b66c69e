/// What the processing of a voice is set to: found with the echo bench, not meant for users.
struct Tuning {
    /// Parts of 15 ms of the echo path.
    var partitions = 24
    /// Parts whose length is kept in bounds each hop.
    var constrainedPartitions = 4
    /// Variance of the first partition's weights before anything is known, and its decay from one to the next.
    var firstUncertainty: Float = 0.2
    var firstDecay: Float = 0.87
    /// How much of the echo path stays as it is from hop to hop (A² of the state model).
    var memory: Float = 0.9998
    /// How much more late echo is expected than the end of the filter says.
    var lateWeight: Float = 3
    /// How much a weight's uncertainty grows with its partition's mean, against its own size.
    var growthSpread: Float = 0.5
    /// Smoothing of the near end's power.
    var nearMemory: Float = 0.5
    /// How much more echo is expected than the canceller's own uncertainty says.
    var uncertaintyWeight: Float = 1.3
    /// What is left of the expected echo a hop later, at least.
    var ringing: Float = 0.6
    var leakMemory: Float = 0.85
    var leakWeight: Float = 2
    /// Hops with echo after which the lowest leak is looked for anew.
    var leakHops = 300
    /// Power of noise and echo that is left at least.
    var noiseFloor: Float = 0.01
    var echoFloor: Float = 0.00001
    /// Weight of the frame before in the speech expected, from silence to speech.
    var priorLeast: Float = 0.7
    var priorMost: Float = 0.96
    var presenceShare: Float = 0.08
    var presenceKnee: Float = 0.8
    /// Partitions that the loudspeaker's bend is learnt over.
    var bentPartitions = 6
    /// Step of the loudspeaker's bend, and how sure of itself a gradient must be.
    var bendShare: Float = 0.1
    var bendCaution: Float = 0.05
    /// Parts in a million.
    var mostDrift: Float = 300
    /// Of the lateness seen, so much is corrected at once, and so much (a 10 000th part of it) becomes pace.
    var driftPull: Float = 0.04
    var driftIntegral: Float = 0.03
    /// Loud hops after which a bin's echo path is half known, however sure the filter is.
    var experience: Float = 10
    /// The second path: its length, how fast it forgets, and how much smaller its error must be to be believed.
    var scoutPartitions = 12
    var scoutMemory: Float = 0.99
    var scoutAdvantage: Float = 0.8
    /// Hops after a change of path before the next may be seen.
    var relearnHops = 100
    /// How much more leak is expected after a start, and for how many hops of echo.
    var earlyLeak: Float = 50
    var earlyHops: Float = 100
    /// From how many times the lowest power on speech is heard, and how fast the noise is followed without.
    var noiseThreshold: Float = 4
    var noiseShare: Float = 0.03
}
