import Glibc

/// What the loudspeaker played, read again a bulk delay later, at a pace that may differ a little from the microphone's.
///
/// - Units: samples; the pace is 1 + `drift`.
/// - Threading: control makes it; one thread uses it; allocates nothing, takes no lock.
@safe struct ReferenceLine {
    private static var taps: Int { @_noLocks get { 16 } }
    private static var phases: Int { @_noLocks get { 64 } }

    private let ring: Samples
    private let mask: Int
    private let kernel: Samples
    private let shortest: Double
    private let longest: Double
    /// How far reading is behind writing.
    private(set) var lag: Double
    private var written = 0
    private var read = 0
    /// The least that can be read now.
    private var least: Double
    /// Pace of the microphone's clock against the loudspeaker's, less one.
    private(set) var drift: Double = 0
    private let mostDrift: Double

    static func lanes(rate: Int) -> Int { capacity(rate) / 8 + taps * (phases + 1) / 8 + 2 }

    /// At least 1 s, half of which can be reached back to.
    private static func capacity(_ rate: Int) -> Int {
        var size = 1024
        while size < rate { size *= 2 }
        return size
    }

    init(_ arena: inout LaneArena, rate: Int, tuning: Tuning) {
        let capacity = Self.capacity(rate)
        mask = capacity - 1
        unsafe ring = arena.samples(capacity)
        unsafe kernel = arena.samples(Self.taps * (Self.phases + 1))
        shortest = Double(Self.taps / 2)
        longest = Double(capacity / 2 - rate / 50)
        lag = shortest
        least = shortest
        mostDrift = Double(tuning.mostDrift) * 1e-6
        for phase in 0...Self.phases {
            let shift = Double(phase) / Double(Self.phases)
            for tap in 0..<Self.taps {
                let x = Double(tap - Self.taps / 2 + 1) - shift
                let sinc = abs(x) < 1e-9 ? 1 : sin(Double.pi * x) / (Double.pi * x)
                let window = 0.5 + 0.5 * cos(Double.pi * x / Double(Self.taps / 2))
                unsafe kernel[phase * Self.taps + tap] = Float(abs(x) >= Double(Self.taps / 2) ? 0 : sinc * window)
            }
        }
    }

    /// Reads `delay` samples behind from now on, as far as the line reaches.
    @_noLocks mutating func setLag(_ delay: Double) {
        lag = delay < shortest ? shortest : delay > longest ? longest : delay
    }

    /// The microphone is ahead of the reading by so many samples, says the canceller.
    @_noLocks mutating func steer(lateness: Double, pull: Double, integral: Double) {
        let next = drift - lateness * integral
        drift = next > mostDrift ? mostDrift : next < -mostDrift ? -mostDrift : next
        setLag(lag + lateness * pull)
        stopAtEnds()
    }

    /// At an end of the line the pace cannot be followed any further: the canceller has to, until it turns round.
    @_noLocks private mutating func stopAtEnds() {
        if lag <= least && drift > 0 || lag >= longest && drift < 0 { drift = 0 }
    }

    @_noLocks mutating func write(_ sound: UnsafePointer<Int16>, count: Int) {
        for index in 0..<count { unsafe ring[(written &+ index) & mask] = Float(sound[index]) * (1 / 32_768) }
        written &+= count
        // Sound that is not read is no sound that is played at the same time.
        if written &- read > mask / 2 { read = written }
    }

    /// What was played `lag` samples before the samples now captured; silence where nothing has been written yet.
    @_noLocks mutating func read(into sound: Samples, count: Int) {
        if read &- written > mask / 2 { written = read }
        let half = Self.taps / 2
        // A worker hears before it plays: what it will play in this step cannot be read yet.
        let unwritten = Double(read &+ count &+ half &- written)
        // Nearer to it, drift is not followed, as the next hop of the step will need more.
        least = unwritten > shortest ? max(least, unwritten) : shortest
        if lag < least { setLag(least) }
        stopAtEnds()
        for index in 0..<count {
            lag -= drift
            if lag < least { lag = least }
            if lag > longest { lag = longest }
            let behind = Int(lag)
            // The instant lies between two samples: `behind` and one earlier.
            let place = (lag - Double(behind)) * Double(Self.phases)
            let phase = Int(place)
            let blend = Float(place - Double(phase))
            let newest = read &+ index &- behind &+ half &- 1
            if newest >= written {
                unsafe sound[index] = 0
                continue
            }
            let near = unsafe kernel.advanced(by: phase &* Self.taps)
            let next = unsafe near.advanced(by: Self.taps)
            var sum: Float = 0
            for tap in 0..<Self.taps {
                let weight = unsafe near[tap] + (next[tap] - near[tap]) * blend
                sum += unsafe weight * ring[(newest &- tap) & mask]
            }
            unsafe sound[index] = sum
        }
        read &+= count
    }
}
