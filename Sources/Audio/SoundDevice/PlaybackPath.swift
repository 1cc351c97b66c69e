import AudioGraph
import Rings

/// From the playback ring to a PCM: pauses shortened or lengthened, resampled onto the card's clock, written at once.
///
/// While a mix steps in time with the device, what waits right after a step is kept at one step and the margin that the
/// periods ask for. Else the PCM takes a period whenever it has room.
///
/// - Units: samples at 48 kHz unless frames of the card are named.
/// - Memory: made and freed outside real time, by the device's thread or control.
/// - Threading: the device's thread alone; what is not `allocate` or `deallocate` allocates nothing and takes no lock.
@safe struct PlaybackPath {
    private static var block: Int { @_noLocks get { 480 } }

    private let stream: PCMStream
    private var resampler: DriftResampler
    private var steering: StreamSteering
    private var declicker = Declicker()
    private let samples: UnsafeMutablePointer<Int16>
    /// Frames made but not yet written.
    private let pending: UnsafeMutablePointer<Int16>
    private let pendingCapacity: Int
    private var pendingCount = 0
    /// Frames written since the start.
    private var written = 0
    private var isFlowing = false
    private let samplesPerFrame: Double
    /// What waits before a step.
    private let margin: Double
    /// The PCM must hold so many frames, or silence is put in.
    private let guardFrames: Int

    init(stream: PCMStream, periodMicroseconds: Int, periods: Int) {
        self.stream = stream
        resampler = DriftResampler.allocate(inputRate: MixRate.hertz, outputRate: stream.rate)
        steering = StreamSteering(rate: stream.rate)
        samplesPerFrame = Double(MixRate.hertz) / Double(stream.rate)
        margin = max(
            Double((periods - 1) * periodMicroseconds) * 0.048, Double(stream.hardwarePeriod) * samplesPerFrame)
        guardFrames = max(stream.rate / 1000, stream.periodFrames / 4)
        pendingCapacity = max(PCMStream.largestTransfer, 4 * stream.periodFrames)
        unsafe samples = .allocate(capacity: 2 * Self.block)
        unsafe pending = .allocate(capacity: pendingCapacity)
    }

    func deallocate() {
        resampler.deallocate()
        unsafe samples.deallocate()
        unsafe pending.deallocate()
    }

    /// The PCM was prepared: it holds `frames` of silence.
    @_noLocks mutating func started(holding frames: Int) {
        written = frames
        pendingCount = 0
        isFlowing = false
        steering.restart()
        declicker.arm()
    }

    /// Frames of the resampler's filter and what it holds, for the delay that is told.
    var heldSamples: Int {
        @_noLocks get { Int(resampler.position.held) &+ Int(Double(pendingCount) * samplesPerFrame) }
    }

    /// Delay of the filter.
    var filterSamples: Int { resampler.position.reach }

    struct Outcome {
        /// Samples at 48 kHz that went to the card, silence included; or a negative errno.
        var moved: Int
        /// Of these, silence for want of sound.
        var underrun: Int
        /// Samples left out.
        var discarded = 0
        /// When the PCM would run dry, were nothing given to it.
        var deadline: UInt64 = 0

        @_noLocks init(moved: Int, underrun: Int = 0) {
            self.moved = moved
            self.underrun = underrun
        }
    }

    // MARK: - In step with a mix

    @_noLocks mutating func serve(_ ring: SampleRing, _ pace: DevicePace, at now: UInt64) -> Outcome {
        var outcome = Outcome(moved: 0)
        var instant = now
        var queued = stream.queuedFrames(at: &instant)
        if queued < 0 { return Outcome(moved: queued) }
        steering.saw(position: written &- queued, at: instant)
        let step = pace.lastStep
        if steering.saw(step: step) {
            if isFlowing {
                steer(ring, step, pace.step)
            } else {
                outcome.discarded = begin(ring, queued, pace.step)
                isFlowing = true
            }
        }
        while pendingCount > 0 || ring.fill > 0 {
            let status = move(ring, room: stream.bufferFrames &- queued)
            if status < 0 { return Outcome(moved: status) }
            if status == 0 { break }
            queued &+= status
            outcome.moved &+= Int(Double(status) * samplesPerFrame)
        }
        if queued < guardFrames {
            let silent = silence(stream.periodFrames)
            if silent < 0 { return Outcome(moved: silent) }
            queued &+= silent
            let heard = Int(Double(silent) * samplesPerFrame)
            outcome.moved &+= heard
            if isFlowing { outcome.underrun = heard }
            // What comes late is more than is wanted: the next step sets the level anew.
            isFlowing = false
        }
        let spare = max(0, queued &- guardFrames)
        outcome.deadline = now &+ UInt64(spare) &* 1_000_000_000 / UInt64(stream.rate)
        return outcome
    }

    /// The first step after a start or a gap: exactly the wanted level, by silence or by leaving sound out.
    /// - Returns: samples left out.
    @_noLocks private mutating func begin(_ ring: SampleRing, _ queued: Int, _ step: Int) -> Int {
        let waits =
            Double(ring.fill) + resampler.position.held
            + Double(queued &+ pendingCount) * samplesPerFrame
        let missing = Int(Double(step) + margin - waits)
        steering.levelSet()
        declicker.arm()
        if missing >= 0 {
            pad(Int(Double(missing) / samplesPerFrame))
            return 0
        }
        return ring.discard(min(0 &- missing, ring.fill))
    }

    @_noLocks private mutating func steer(_ ring: SampleRing, _ step: (frames: Int, instant: UInt64), _ count: Int) {
        guard let played = steering.card.position(at: step.instant) else { return }
        let queued = Double(written &+ pendingCount) - played
        let level = Double(ring.fill) + resampler.position.held + queued * samplesPerFrame
        steering.steer(level: level, target: Double(count) + margin, feeds: 1)
        resampler.steer(steering.control.correction)
    }

    /// Takes up to a block from the ring and writes what comes of it.
    /// - Returns: frames written, 0 when there is no room, or a negative errno.
    @_noLocks private mutating func move(_ ring: SampleRing, room: Int) -> Int {
        if room <= 0 { return 0 }
        if pendingCount &+ 2 &* stream.rate / 50 <= pendingCapacity {
            var count = unsafe ring.pop(into: samples, count: Self.block)
            if count > 0 {
                count = spliced(count)
                unsafe declicker.run(samples, count: count, rate: MixRate.hertz)
                pendingCount &+= unsafe resampler.run(
                    samples, count: count, into: pending.advanced(by: pendingCount),
                    capacity: pendingCapacity &- pendingCount)
            }
        }
        return write(room: room)
    }

    /// In a pause the level is brought to its target.
    @_noLocks private mutating func spliced(_ count: Int) -> Int {
        let surplus = steering.control.surplus
        if surplus == 0 { return count }
        if unsafe !steering.control.isUrgent && !QuietSplice.isQuiet(samples, count: count) { return count }
        let left =
            unsafe surplus > 0
            ? QuietSplice.shorten(samples, count: count, by: surplus)
            : QuietSplice.lengthen(samples, count: count, by: 0 &- surplus)
        steering.spliced(count &- left)
        return left
    }

    @_noLocks private mutating func write(room: Int) -> Int {
        let count = min(min(pendingCount, room), PCMStream.largestTransfer)
        if count <= 0 { return 0 }
        let moved = unsafe stream.write(pending, count: count)
        if moved == -11 { return 0 }  // EAGAIN
        if moved <= 0 { return moved }
        written &+= moved
        pendingCount &-= moved
        if pendingCount > 0 {
            unsafe UnsafeMutableRawPointer(pending).copyMemory(
                from: UnsafeRawPointer(pending.advanced(by: moved)), byteCount: pendingCount &* 2)
        }
        return moved
    }

    @_noLocks private mutating func pad(_ frames: Int) {
        let count = min(frames, pendingCapacity &- pendingCount &- 2 &* stream.rate / 50)
        if count <= 0 { return }
        for index in 0..<count { unsafe pending[pendingCount &+ index] = 0 }
        pendingCount &+= count
    }

    /// A period of silence, the last sound dying away.
    @_noLocks private mutating func silence(_ frames: Int) -> Int {
        declicker.arm()
        for index in 0..<Self.block { unsafe samples[index] = 0 }
        var left = frames
        var total = 0
        while left > 0 {
            let count = min(left, Self.block)
            if total == 0 { unsafe declicker.run(samples, count: count, rate: stream.rate) }
            let moved = unsafe stream.write(samples, count: count)
            if moved == -11 || moved == 0 { break }
            if moved < 0 { return moved }
            for index in 0..<count { unsafe samples[index] = 0 }
            written &+= moved
            total &+= moved
            left &-= count
        }
        return total
    }

    // MARK: - On the card's own clock

    /// Plays a period out of the ring; what is missing is silence.
    @_noLocks mutating func playPeriod(_ ring: SampleRing) -> Outcome {
        isFlowing = false
        resampler.steer(0)
        var outcome = Outcome(moved: 0)
        while pendingCount < stream.periodFrames {
            let wanted = min(
                Self.block, Int(Double(stream.periodFrames &- pendingCount) * samplesPerFrame) &+ 1)
            let exact = stream.rate == MixRate.hertz ? min(wanted, stream.periodFrames &- pendingCount) : wanted
            let popped = unsafe ring.pop(into: samples, count: exact)
            for index in popped..<exact { unsafe samples[index] = 0 }
            outcome.underrun &+= exact &- popped
            let made = unsafe resampler.run(
                samples, count: exact, into: pending.advanced(by: pendingCount),
                capacity: pendingCapacity &- pendingCount)
            pendingCount &+= made
        }
        let moved = write(room: stream.periodFrames)
        outcome.moved = moved > 0 ? Int(Double(moved) * samplesPerFrame) : moved
        return outcome
    }
}
