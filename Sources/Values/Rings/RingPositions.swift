internal import Synchronization

/// How far one producer and one consumer have come, each on a cache line of its own.
///
/// - Units: entries since the ring was made; 64 bits never wrap in the life of a process.
/// - Threading: `written` is stored by the producer only, `read` by the consumer only; both may load both.
struct RingPositions: ~Copyable {
    let written = Atomic<Int>(0)
    private let writtenPadding: (Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int, Int) =
        (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    let read = Atomic<Int>(0)

    /// The smallest power of two that holds `capacity` entries, so that positions become slots by a mask.
    static func slots(for capacity: Int) -> Int {
        var slots = 1
        while slots < capacity { slots *= 2 }
        return slots
    }
}
