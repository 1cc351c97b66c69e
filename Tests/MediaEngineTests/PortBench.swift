import Rings

@testable import MediaEngine

/// A port's rings with a hand on each end; the worker's steps at the port's own rate.
@safe final class PortBench {
    let rings: AudioRings
    private let link: PortLink
    private let samples = UnsafeMutablePointer<Int16>.allocate(capacity: 960)

    init(rate: Int) {
        rings = AudioRings.allocate(capacity: rate / 5)
        guard let link = PortLink(rings: rings, doorbell: -1, rate: rate) else { fatalError("no memory") }
        self.link = link
    }

    func close() {
        link.deallocate()
        rings.deallocate()
        unsafe samples.deallocate()
    }

    func says(_ count: Int) { _ = rings.toMix.push([Int16](repeating: 1000, count: count)[...]) }

    /// Samples of this step that were taken from what was said.
    func pull(_ count: Int) -> Int {
        let before = rings.toMix.consumed
        let isVoiced = unsafe link.pull(count, into: samples)
        let taken = rings.toMix.consumed - before
        return isVoiced ? min(taken, count) : 0
    }
}
