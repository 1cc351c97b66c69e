import AudioGraph
import Rings
import SoundDevice

/// The two rings between a sound device's thread and the worker that mixes for it.
///
/// The device resamples both directions onto the mix's clock, so that what lies in the rings stays where it is (see
/// `PlaybackPath`, `CapturePath`). The first device of a mix drives it: whenever a step was captured, the mix ticks.
///
/// - Units: samples at 48 kHz.
/// - Threading: one media worker owns it; the rings' other ends are the device's.
@safe struct DeviceLink {
    private let capture: SampleRing
    private let playback: SampleRing
    /// Nil for an echo, whose ring the worker alone fills and empties.
    private let pace: DevicePace?
    private let state: UnsafeMutablePointer<State>
    /// What has to lie in the ring before a mix takes the first step of a device that does not drive it.
    private let cushion: Int

    /// Nanoseconds between two captured periods.
    let periodNanoseconds: UInt64

    private struct State {
        var isFlowing = false
        var drives = false
        var wake: Int32 = -1
        var step = 0
    }

    /// More in the ring than this beyond a step is thrown away: the worker stood still.
    private static var longest: Int { @_noLocks get { 2880 } }

    /// Control only.
    init(capture: SampleRing, playback: SampleRing, pace: DevicePace?, period: Int) {
        self.capture = capture
        self.playback = playback
        self.pace = pace
        cushion = pace == nil ? 0 : period + 96
        periodNanoseconds = UInt64(period) * 62_500 / 3
        unsafe state = .allocate(capacity: 1)
        unsafe state.initialize(to: State())
    }

    /// Control only.
    func deallocate() { unsafe state.deallocate() }

    /// It has a clock that a mix can follow.
    var hasClock: Bool {
        @_noLocks get {
            if case .some = pace { return true }
            return false
        }
    }

    /// The worker mixes for it from now on, `step` samples at a time.
    @_noLocks func follow(wake: Int32, step: Int, drives: Bool) {
        guard let pace else { return }
        let now = unsafe state.pointee
        if now.wake == wake && now.step == step && now.drives == drives { return }
        unsafe state.pointee.isFlowing = false
        unsafe state.pointee.drives = drives
        unsafe state.pointee.wake = wake
        unsafe state.pointee.step = step
        pace.follow(wake: wake, step: step, drives: drives)
    }

    /// Nobody mixes for it.
    @_noLocks func leave() {
        guard let pace, unsafe state.pointee.wake >= 0 else { return }
        unsafe state.pointee.wake = -1
        pace.leave()
    }

    /// A step was captured.
    @_noLocks func isReady(_ count: Int) -> Bool { capture.fill >= count }

    /// A step that came after the timer had ticked for it.
    @_noLocks func skip(_ count: Int) { _ = capture.discard(count) }

    /// What the microphone heard.
    /// - Returns: false when there is nothing: silence.
    @_noLocks func pull(_ count: Int, into samples: UnsafeMutablePointer<Int16>) -> Bool {
        let fill = capture.fill
        let cushion = unsafe state.pointee.drives ? 0 : self.cushion
        if fill < count {
            unsafe state.pointee.isFlowing = false
        } else if unsafe !state.pointee.isFlowing && fill >= count &+ cushion {
            unsafe state.pointee.isFlowing = true
            // What has gathered while nobody listened is not told late.
            _ = capture.discard(fill &- count &- cushion)
        } else if fill > count &+ cushion &+ Self.longest {
            _ = capture.discard(fill &- count &- cushion)
        }
        if unsafe !state.pointee.isFlowing {
            unsafe SampleMath.clear(samples, count: count)
            return false
        }
        return unsafe capture.pop(into: samples, count: count) == count
    }

    /// What the loudspeaker plays.
    @_noLocks func push(_ samples: UnsafeMutablePointer<Int16>, count: Int) {
        _ = unsafe playback.push(samples, count: count)
        if let pace { pace.stepped(frames: count) }
    }
}
