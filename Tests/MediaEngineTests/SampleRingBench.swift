import Rings

@testable import MediaEngine

/// Both rings of a device with a hand on each end.
@safe final class SampleRingBench {
    private let capture = SampleRing.allocate(capacity: 4096)
    private let playback = SampleRing.allocate(capacity: 8192)
    private let link: DeviceLink
    private let samples = UnsafeMutablePointer<Int16>.allocate(capacity: 1024)
    /// Times the card found less than a period, once it had found one.
    private(set) var playbackDry = 0
    private var hasPlayed = false

    init() {
        link = DeviceLink(capture: capture, playback: playback, period: 480)
        unsafe samples.initialize(repeating: 1, count: 1024)
    }

    func close() {
        link.deallocate()
        capture.deallocate()
        playback.deallocate()
        unsafe samples.deallocate()
    }

    var captureFill: Int { capture.fill }
    var playbackFill: Int { playback.fill }

    func deviceCaptures(_ count: Int) { _ = unsafe capture.push(samples, count: count) }

    func devicePlays(_ count: Int) {
        let got = unsafe playback.pop(into: samples, count: count)
        if got == count { hasPlayed = true }
        if hasPlayed && got < count { playbackDry += 1 }
    }

    func workerPulls(_ count: Int) -> Bool { unsafe link.pull(count, into: samples) }
    func workerPushes(_ count: Int) { unsafe link.push(samples, count: count) }
}
