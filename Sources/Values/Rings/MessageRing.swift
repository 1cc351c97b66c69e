internal import Synchronization

/// A single-producer, single-consumer ring of fixed-size messages: commands to a real-time thread, reports from it.
///
/// - Memory: allocated and freed by control; copies of the struct are handles of one ring.
/// - Threading: one thread pushes, one thread pops; neither ever waits, locks or allocates. Several producers need a
///   mutex around `push` on their side.
@safe public struct MessageRing: @unchecked Sendable {
    // Unchecked: as SampleRing, a slot has one owner at a time, handed over by the release of an atomic position.
    private let positions: UnsafeMutablePointer<RingPositions>
    private let storage: UnsafeMutablePointer<RingMessage>
    /// Messages it can hold: a power of two.
    public let capacity: Int

    private init(
        positions: UnsafeMutablePointer<RingPositions>, storage: UnsafeMutablePointer<RingMessage>, capacity: Int
    ) {
        unsafe self.positions = positions
        unsafe self.storage = storage
        self.capacity = capacity
    }

    /// A ring of at least `capacity` messages (at least 1). Control only.
    public static func allocate(capacity: Int) -> MessageRing {
        let slots = RingPositions.slots(for: max(1, capacity))
        let positions = UnsafeMutablePointer<RingPositions>.allocate(capacity: 1)
        unsafe positions.initialize(to: RingPositions())
        let storage = UnsafeMutablePointer<RingMessage>.allocate(capacity: slots)
        unsafe storage.initialize(repeating: RingMessage(kind: 0), count: slots)
        return unsafe MessageRing(positions: positions, storage: storage, capacity: slots)
    }

    /// Frees the ring; no thread may hold a handle any more. Control only.
    public func deallocate() {
        unsafe positions.deinitialize(count: 1)
        unsafe positions.deallocate()
        unsafe storage.deallocate()
    }

    /// Messages ready to be popped.
    public var fill: Int {
        @_noLocks get {
            unsafe positions.pointee.written.load(ordering: .acquiring)
                &- positions.pointee.read.load(ordering: .acquiring)
        }
    }

    /// Appends a message; false when the ring is full. Producer only.
    @_noLocks public func push(_ message: RingMessage) -> Bool {
        let written = unsafe positions.pointee.written.load(ordering: .relaxed)
        let read = unsafe positions.pointee.read.load(ordering: .acquiring)
        if written &- read >= capacity { return false }
        unsafe storage[written & (capacity &- 1)] = message
        unsafe positions.pointee.written.store(written &+ 1, ordering: .releasing)
        return true
    }

    /// Takes the oldest message; false when there is none. Consumer only.
    @_noLocks public func pop(into message: inout RingMessage) -> Bool {
        let read = unsafe positions.pointee.read.load(ordering: .relaxed)
        let written = unsafe positions.pointee.written.load(ordering: .acquiring)
        if written == read { return false }
        message = unsafe storage[read & (capacity &- 1)]
        unsafe positions.pointee.read.store(read &+ 1, ordering: .releasing)
        return true
    }
}
