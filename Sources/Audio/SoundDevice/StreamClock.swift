/// The clock of one stream, seen from outside: where it is at an instant and how fast it runs, from pairs of (instant,
/// position) that a driver or a thread gives with some jitter.
///
/// A line is fitted to what was seen, with all weights equal at first and a memory of `longestMemory` pairs later
/// (an alpha-beta filter whose gains are those of least squares). A position that is off by more than `step` for
/// `patience` pairs in a row has jumped (a sound server moved its buffers): the line is moved, its slope stays.
///
/// - Units: instants in nanoseconds of CLOCK_MONOTONIC, positions in frames.
/// - Reference: `snd_pcm_htimestamp`, `snd_pcm_avail`; the filter: Benedict and Bordner 1962, gains of the growing
///   memory: Brookner, "Tracking and Kalman filtering made easy", 1.2.10.
/// - Threading: a value of one thread; allocates nothing.
struct StreamClock {
    private let nominal: Double
    private let longestMemory: Int
    /// Frames.
    private let step: Double
    private static var patience: Int { @_noLocks get { 5 } }
    /// Pairs before the rate can be believed.
    private static var settling: Int { @_noLocks get { 100 } }

    private var instant: UInt64 = 0
    private var position = 0.0
    /// Frames per nanosecond.
    private var slope: Double
    private var pairs = 0
    private var strays = 0

    /// - Parameters:
    ///   - rate: nominal frames per second.
    ///   - memory: pairs after which old ones are forgotten; 800 are 8 s at a period of 10 ms.
    @_noLocks init(rate: Double, memory: Int = 800) {
        nominal = rate / 1e9
        longestMemory = memory
        step = rate * 0.002
        slope = rate / 1e9
    }

    /// The stream was stopped and started: its positions say nothing any more, its crystal is the same.
    @_noLocks mutating func restart() {
        let learnt = slope
        let known = pairs
        self = StreamClock(rate: nominal * 1e9, memory: longestMemory)
        if known >= Self.settling {
            slope = learnt
            pairs = -1
        }
    }

    /// - Returns: how far the position jumped, frames; 0 when it did not.
    @_noLocks mutating func see(position seen: Double, at now: UInt64) -> Double {
        if pairs <= 0 {
            // After a restart the slope is kept as if it had been seen for a while.
            pairs = pairs < 0 ? Self.settling : 1
            position = seen
            instant = now
            return 0
        }
        if now <= instant { return 0 }
        let elapsed = Double(now &- instant)
        let expected = position + slope * elapsed
        let residual = seen - expected
        if residual > step || residual < 0 - step {
            strays &+= 1
            if strays < Self.patience { return 0 }
            strays = 0
            instant = now
            position = seen
            return residual
        }
        strays = 0
        if pairs < longestMemory { pairs &+= 1 }
        let count = Double(pairs)
        position = expected + residual * 2 * (2 * count - 1) / (count * (count + 1))
        slope += residual * 6 / (count * (count + 1)) / elapsed
        // No crystal is off by more than half a percent.
        slope = max(nominal * 0.995, min(nominal * 1.005, slope))
        instant = now
        return 0
    }

    /// Frames at an instant near the last pair; nil before there was one.
    @_noLocks func position(at now: UInt64) -> Double? {
        if pairs <= 0 { return nil }
        return position + slope * Double(Int64(bitPattern: now &- instant))
    }

    /// How much faster than nominal it runs, parts of one; nil until it can be believed.
    var deviation: Double? {
        @_noLocks get { pairs >= Self.settling ? slope / nominal - 1 : nil }
    }
}
