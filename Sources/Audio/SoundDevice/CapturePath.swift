import Rings

/// From a PCM to the capture ring: resampled onto the mix's clock, which is the card's own while this device drives it.
///
/// - Units: samples at 48 kHz unless frames of the card are named.
/// - Memory: made and freed outside real time, by the device's thread or control.
/// - Threading: the device's thread alone; what is not `init` or `deallocate` allocates nothing and takes no lock.
@safe struct CapturePath {
    private let stream: PCMStream
    private var resampler: DriftResampler
    private var steering: StreamSteering
    private let frames: UnsafeMutablePointer<Int16>
    private let samples: UnsafeMutablePointer<Int16>
    private let capacity: Int
    private let samplesPerFrame: Double
    /// Frames read since the start.
    private var read = 0

    init(stream: PCMStream) {
        self.stream = stream
        resampler = DriftResampler.allocate(inputRate: stream.rate, outputRate: MixRate.hertz)
        steering = StreamSteering(rate: stream.rate)
        samplesPerFrame = Double(MixRate.hertz) / Double(stream.rate)
        capacity = Int(Double(stream.periodFrames) * samplesPerFrame) + 256
        unsafe frames = .allocate(capacity: stream.periodFrames)
        unsafe samples = .allocate(capacity: 2 * capacity)
    }

    func deallocate() {
        resampler.deallocate()
        unsafe frames.deallocate()
        unsafe samples.deallocate()
    }

    @_noLocks mutating func started() {
        read = 0
        steering.restart()
    }

    var heldSamples: Int {
        @_noLocks get { Int(resampler.position.held * samplesPerFrame) }
    }

    /// Delay of the filter.
    var filterSamples: Int {
        @_noLocks get { Int(Double(resampler.position.reach) * samplesPerFrame) }
    }

    /// Reads one period into the ring.
    /// - Returns: samples captured, or a negative errno.
    @_noLocks mutating func capture(into ring: SampleRing, _ pace: DevicePace, overrun: inout Int) -> Int {
        var instant: UInt64 = 0
        let waiting = stream.queuedFrames(at: &instant)
        if waiting > 0 { steering.saw(position: read &+ waiting, at: instant) }
        let got = unsafe stream.read(into: frames, count: stream.periodFrames)
        if got <= 0 { return got }
        read &+= got
        steer(ring, pace)
        var made = unsafe resampler.run(frames, count: got, into: samples, capacity: capacity)
        made = spliced(made, pace)
        overrun = unsafe made &- ring.push(samples, count: made)
        return made
    }

    @_noLocks private mutating func steer(_ ring: SampleRing, _ pace: DevicePace) {
        let step = pace.lastStep
        let isNews = steering.saw(step: step)
        if pace.drives || !pace.isFollowed {
            steering.levelSet()
            return resampler.steer(0)
        }
        guard isNews, let heard = steering.card.position(at: step.instant) else { return }
        let level =
            Double(ring.fill) + (resampler.position.held + heard - Double(read &- stream.periodFrames))
            * samplesPerFrame
        // A period, for the ring is filled by those, and 2 ms for late turns.
        let target = Double(stream.periodFrames) * samplesPerFrame + 96 + Double(filterSamples)
        steering.steer(level: level, target: target, feeds: -1)
        resampler.steer(steering.control.correction)
    }

    @_noLocks private mutating func spliced(_ count: Int, _ pace: DevicePace) -> Int {
        let surplus = pace.drives ? 0 : steering.control.surplus
        if surplus == 0 { return count }
        if unsafe !steering.control.isUrgent && !QuietSplice.isQuiet(samples, count: count) { return count }
        let left =
            unsafe surplus > 0
            ? QuietSplice.shorten(samples, count: count, by: surplus)
            : QuietSplice.lengthen(samples, count: count, by: 0 &- surplus)
        steering.spliced(count &- left)
        return left
    }
}
