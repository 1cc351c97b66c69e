internal import Synchronization

/// Two sample rings between an edge that carries a leg's sound and the media worker that mixes it, and the mark up to
/// which the edge has taken back what it said.
///
/// - Units: samples at the edge's own rate.
/// - Memory: allocated and freed by control; copies of the struct are handles of one pair.
/// - Threading: of `toMix` the edge is the producer, of `fromMix` the consumer; the worker is the other end of both.
@safe public struct AudioRings: @unchecked Sendable {
    // Unchecked: the rings are as their own, and the mark is one atomic word that only the edge stores.
    public let toMix: SampleRing
    public let fromMix: SampleRing
    private let mark: UnsafeMutablePointer<Mark>

    private struct Mark: ~Copyable {
        let position = Atomic<Int>(0)
    }

    private init(toMix: SampleRing, fromMix: SampleRing, mark: UnsafeMutablePointer<Mark>) {
        self.toMix = toMix
        self.fromMix = fromMix
        unsafe self.mark = mark
    }

    /// Rings of at least `capacity` samples each. Control only.
    public static func allocate(capacity: Int) -> AudioRings {
        let mark = UnsafeMutablePointer<Mark>.allocate(capacity: 1)
        unsafe mark.initialize(to: Mark())
        return unsafe AudioRings(
            toMix: .allocate(capacity: capacity), fromMix: .allocate(capacity: capacity), mark: mark)
    }

    /// Frees both; no thread may hold a handle any more. Control only.
    public func deallocate() {
        toMix.deallocate()
        fromMix.deallocate()
        unsafe mark.deinitialize(count: 1)
        unsafe mark.deallocate()
    }

    /// Takes back all that was pushed so far and is not yet mixed. Edge only.
    public func takeBack() { unsafe mark.pointee.position.store(toMix.written, ordering: .releasing) }

    /// Samples that wait but were taken back. Worker only.
    public var takenBack: Int {
        @_noLocks get {
            let count = unsafe mark.pointee.position.load(ordering: .acquiring) &- toMix.consumed
            return count > 0 ? count : 0
        }
    }
}
