import Rings
import SoundDevice

@testable import MediaEngine

/// Both rings of a device with a hand on each end.
@safe final class SampleRingBench {
    private let capture = SampleRing.allocate(capacity: 8192)
    private let playback = SampleRing.allocate(capacity: 8192)
    private let pace: DevicePace
    private let link: DeviceLink
    private let samples = UnsafeMutablePointer<Int16>.allocate(capacity: 1024)
    private var next: Int16 = 1

    init(drives: Bool) throws {
        pace = try DevicePace.allocate()
        link = DeviceLink(capture: capture, playback: playback, pace: pace, period: 480)
        unsafe samples.initialize(repeating: 1, count: 1024)
        link.follow(wake: 1_000_000, step: 480, drives: drives)
    }

    func close() {
        link.deallocate()
        pace.deallocate()
        capture.deallocate()
        playback.deallocate()
        unsafe samples.deallocate()
    }

    var captureFill: Int { capture.fill }
    var playbackFill: Int { playback.fill }

    /// A period whose samples all are the number of the period.
    func deviceCaptures(_ count: Int) {
        unsafe samples.update(repeating: next, count: count)
        next += 1
        _ = unsafe capture.push(samples, count: count)
    }

    /// The first and last sample of a step; nil when it is silent.
    func workerPulls(_ count: Int) -> [Int16]? {
        unsafe link.pull(count, into: samples) ? [samples[0], samples[count - 1]] : nil
    }

    func workerPushes(_ count: Int) { unsafe link.push(samples, count: count) }
}
