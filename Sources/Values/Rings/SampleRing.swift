internal import Synchronization

/// A single-producer, single-consumer ring of 16-bit samples.
///
/// - Memory: allocated and freed by control (`allocate`, `deallocate`); copies of the struct are handles of one ring.
/// - Threading: one thread pushes, one thread pops; neither ever waits, locks or allocates.
@safe public struct SampleRing: @unchecked Sendable {
    // Unchecked: the only shared mutable words are the two atomics of `positions`; a slot belongs to the producer
    // until `written` is released past it, and to the consumer until `read` is.
    private let positions: UnsafeMutablePointer<RingPositions>
    private let storage: UnsafeMutablePointer<Int16>
    /// Samples it can hold: a power of two.
    public let capacity: Int

    private init(positions: UnsafeMutablePointer<RingPositions>, storage: UnsafeMutablePointer<Int16>, capacity: Int) {
        unsafe self.positions = positions
        unsafe self.storage = storage
        self.capacity = capacity
    }

    /// A ring of at least `capacity` samples (at least 1). Control only.
    public static func allocate(capacity: Int) -> SampleRing {
        let slots = RingPositions.slots(for: max(1, capacity))
        let positions = UnsafeMutablePointer<RingPositions>.allocate(capacity: 1)
        unsafe positions.initialize(to: RingPositions())
        let storage = UnsafeMutablePointer<Int16>.allocate(capacity: slots)
        unsafe storage.initialize(repeating: 0, count: slots)
        return unsafe SampleRing(positions: positions, storage: storage, capacity: slots)
    }

    /// Frees the ring; no thread may hold a handle any more. Control only.
    public func deallocate() {
        unsafe positions.deinitialize(count: 1)
        unsafe positions.deallocate()
        unsafe storage.deallocate()
    }

    /// Samples ready to be popped. Exact for the consumer, a lower bound for others.
    public var fill: Int {
        @_noLocks get {
            unsafe positions.pointee.written.load(ordering: .acquiring)
                &- positions.pointee.read.load(ordering: .acquiring)
        }
    }

    /// Samples that can be pushed. Exact for the producer, a lower bound for others.
    public var space: Int { @_noLocks get { capacity &- fill } }

    /// Samples pushed since the ring was made: where the next one will stand. Exact for the producer.
    public var written: Int { @_noLocks get { unsafe positions.pointee.written.load(ordering: .acquiring) } }

    /// Samples popped or discarded since the ring was made. Exact for the consumer, a lower bound for others.
    public var consumed: Int { @_noLocks get { unsafe positions.pointee.read.load(ordering: .acquiring) } }

    /// Appends what finds room of a run of samples and returns how many did. Producer only, not on real-time threads.
    public func push(_ samples: ArraySlice<Int16>) -> Int {
        unsafe samples.withUnsafeBufferPointer { run in
            guard let first = run.baseAddress else { return 0 }
            return unsafe push(first, count: run.count)
        }
    }

    /// Takes up to `count` of the oldest samples. Consumer only, not on real-time threads.
    public func pop(_ count: Int) -> [Int16] {
        unsafe [Int16](unsafeUninitializedCapacity: count) { room, made in
            guard let first = room.baseAddress else { return }
            made = unsafe pop(into: first, count: count)
        }
    }

    /// Appends up to `count` samples and returns how many found room. Producer only.
    @_noLocks public func push(_ samples: UnsafePointer<Int16>, count: Int) -> Int {
        let written = unsafe positions.pointee.written.load(ordering: .relaxed)
        let read = unsafe positions.pointee.read.load(ordering: .acquiring)
        let room = capacity &- (written &- read)
        let moved = count < room ? count : room
        if moved <= 0 { return 0 }
        let slot = written & (capacity &- 1)
        let untilEnd = capacity &- slot
        let first = moved < untilEnd ? moved : untilEnd
        unsafe Self.copy(samples, to: storage.advanced(by: slot), count: first)
        unsafe Self.copy(samples.advanced(by: first), to: storage, count: moved &- first)
        unsafe positions.pointee.written.store(written &+ moved, ordering: .releasing)
        return moved
    }

    /// Takes up to `count` samples and returns how many there were. Consumer only.
    @_noLocks public func pop(into samples: UnsafeMutablePointer<Int16>, count: Int) -> Int {
        let read = unsafe positions.pointee.read.load(ordering: .relaxed)
        let written = unsafe positions.pointee.written.load(ordering: .acquiring)
        let ready = written &- read
        let moved = count < ready ? count : ready
        if moved <= 0 { return 0 }
        let slot = read & (capacity &- 1)
        let untilEnd = capacity &- slot
        let first = moved < untilEnd ? moved : untilEnd
        unsafe Self.copy(storage.advanced(by: slot), to: samples, count: first)
        unsafe Self.copy(storage, to: samples.advanced(by: first), count: moved &- first)
        unsafe positions.pointee.read.store(read &+ moved, ordering: .releasing)
        return moved
    }

    /// Discards up to `count` of the oldest samples and returns how many. Consumer only.
    @_noLocks public func discard(_ count: Int) -> Int {
        let read = unsafe positions.pointee.read.load(ordering: .relaxed)
        let ready = unsafe positions.pointee.written.load(ordering: .acquiring) &- read
        let moved = count < ready ? count : ready
        if moved <= 0 { return 0 }
        unsafe positions.pointee.read.store(read &+ moved, ordering: .releasing)
        return moved
    }

    @_noLocks private static func copy(
        _ source: UnsafePointer<Int16>, to target: UnsafeMutablePointer<Int16>, count: Int
    ) {
        unsafe UnsafeMutableRawPointer(target).copyMemory(from: UnsafeRawPointer(source), byteCount: count &* 2)
    }
}
