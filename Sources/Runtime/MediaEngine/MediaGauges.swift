/// What the workers have counted, for `/metrics` and `status`.
public struct MediaGauges: Sendable {
    public var workers = 0
    public var legs = 0
    /// Conversations with a mix.
    public var mixes = 0
    /// Recordings that run.
    public var recordings = 0
    /// Legs that are listened to.
    public var listenings = 0
    public var portPairsTaken = 0
    /// Every worker runs with SCHED_FIFO.
    public var isRealTime = false
    public var ticks = 0
    /// Ticks that began later than planned: up to 0.1, 0.5, 1, 2 and 5 ms, and more.
    public var lateness = [Int](repeating: 0, count: 6)
    /// The latest tick, milliseconds.
    public var latestMilliseconds = 0.0
    public var packetsMixed = 0
    public var packetsRelayed = 0
    /// Datagrams from other sources, of unknown type, or broken.
    public var packetsRefused = 0
    public var packetsUnsent = 0
    /// Reports lost because control did not keep up.
    public var reportsLost = 0
    /// CPU used by the workers, seconds.
    public var cpuSeconds = 0.0
    /// What the busiest worker gives up: 0 nothing, 1 new legs, 2 and 3 the effort of Opus encoders.
    public var shedding = 0
    /// Averages and sums over the legs there are now.
    public var jitterMilliseconds = 0.0
    public var packetsReceived = 0
    public var packetsLost = 0
    /// Legs whose playout buffer hands out sound; what it adds and wants to add, average and highest, milliseconds.
    public var playoutLegs = 0
    public var playoutMilliseconds = 0.0
    public var playoutHighestMilliseconds = 0.0
    public var playoutTargetMilliseconds = 0.0
    /// Of the open sound devices.
    public var deviceXruns = 0

    public init() {}

    /// One leg more in the averages.
    mutating func add(playoutDelay delay: Double, target: Double) {
        playoutLegs += 1
        playoutMilliseconds += (delay - playoutMilliseconds) / Double(playoutLegs)
        playoutTargetMilliseconds += (target - playoutTargetMilliseconds) / Double(playoutLegs)
        playoutHighestMilliseconds = max(playoutHighestMilliseconds, delay)
    }

    /// Ticks more than 5 ms late.
    public var lateTicks: Int { lateness[5] }
}
