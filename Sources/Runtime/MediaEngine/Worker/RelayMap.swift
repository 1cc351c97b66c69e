/// How the numbers of a relayed stream are moved onto the stream that its receiver already knows.
///
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
struct RelayMap {
    private(set) var isSet: Bool
    private var sequenceOffset: UInt16
    private var timestampOffset: UInt32
    /// Packets before this one belong to an offset that is no more.
    private var barrier: UInt64
    /// The newest packet sent on, and which of the 64 up to it were: the lowest bit is its own.
    private var newest: UInt64
    private var history: UInt64

    @_noLocks init() {
        isSet = false
        sequenceOffset = 0
        timestampOffset = 0
        barrier = 0
        newest = 0
        history = 0
    }

    @_noLocks mutating func clear() { isSet = false }

    /// The incoming packet becomes `outSequence` and `outTimestamp`; those after it follow.
    @_noLocks mutating func start(sequence: UInt64, timestamp: UInt32, outSequence: UInt16, outTimestamp: UInt32) {
        isSet = true
        sequenceOffset = outSequence &- UInt16(truncatingIfNeeded: sequence)
        timestampOffset = outTimestamp &- timestamp
        barrier = sequence
        newest = sequence &- 1
        history = 0
    }

    /// A packet is sent on.
    @_noLocks mutating func sent(_ sequence: UInt64) {
        if sequence > newest {
            // Shifting by more than the width leaves nothing.
            history = history << (sequence &- newest)
            newest = sequence
        }
        history |= 1 << (newest &- sequence)
    }

    /// A packet was not sent on so far, and still can be.
    @_noLocks func lacks(_ sequence: UInt64) -> Bool {
        if !isSet || !passes(sequence) { return false }
        if sequence > newest { return true }
        let back = newest &- sequence
        return back < 64 && history >> back & 1 == 0
    }

    /// A packet of the stream is not sent on: the numbers close up behind it.
    @_noLocks mutating func skip(sequence: UInt64) {
        if !isSet || sequence < barrier { return }
        sequenceOffset &-= 1
        barrier = sequence
    }

    @_noLocks func passes(_ sequence: UInt64) -> Bool { sequence >= barrier }
    @_noLocks func sequence(_ sequence: UInt64) -> UInt16 { UInt16(truncatingIfNeeded: sequence) &+ sequenceOffset }
    @_noLocks func timestamp(_ timestamp: UInt32) -> UInt32 { timestamp &+ timestampOffset }
}
