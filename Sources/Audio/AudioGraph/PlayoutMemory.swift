/// The packets of a playout buffer: 64 places by sequence number, payloads in one ring of bytes.
///
/// - Memory: allocated and freed by control; copies of the struct are handles of one memory. Untouched until used.
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
@safe public struct PlayoutMemory {
    private static var places: UInt64 { @_noLocks get { 64 } }
    private static var byteCapacity: Int { @_noLocks get { 16_384 } }
    /// Largest payload taken.
    private static var largest: Int { @_noLocks get { 1500 } }

    private let entries: UnsafeMutablePointer<PlayoutEntry>
    private let bytes: UnsafeMutablePointer<UInt8>
    /// Bytes ever stored, padding at the ring's end included.
    private let stored: UnsafeMutablePointer<Int>

    /// Control only.
    public static func allocate() -> PlayoutMemory {
        // Zero is an empty place.
        let entries: UnsafeMutablePointer<PlayoutEntry> = unsafe PagedMemory.allocate(capacity: Int(places))
        let stored = UnsafeMutablePointer<Int>.allocate(capacity: 1)
        unsafe stored.initialize(to: 0)
        return unsafe PlayoutMemory(
            entries: entries, bytes: PagedMemory.allocate(capacity: byteCapacity), stored: stored)
    }

    private init(
        entries: UnsafeMutablePointer<PlayoutEntry>, bytes: UnsafeMutablePointer<UInt8>,
        stored: UnsafeMutablePointer<Int>
    ) {
        unsafe self.entries = entries
        unsafe self.bytes = bytes
        unsafe self.stored = stored
    }

    /// Control only.
    public func deallocate() {
        unsafe PagedMemory.free(entries, capacity: Int(Self.places))
        unsafe PagedMemory.free(bytes, capacity: Self.byteCapacity)
        unsafe stored.deallocate()
    }

    @_noLocks func forget() {
        var place = 0
        while place < 64 {
            // What is not touched takes no room.
            if unsafe entries[place].sequence != 0 { unsafe entries[place].sequence = 0 }
            place &+= 1
        }
    }

    @_noLocks func store(
        _ payload: UnsafePointer<UInt8>, count: Int, sequence: UInt64, timestamp: Int64
    ) -> PlayoutArrival {
        if count > Self.largest || count <= 0 { return .refused }
        let place = Int(sequence & (Self.places &- 1))
        let there = unsafe entries[place].sequence
        if there == sequence { return .duplicate }
        if there > sequence { return .late }
        var start = unsafe stored.pointee
        let slot = start & (Self.byteCapacity &- 1)
        if slot &+ count > Self.byteCapacity { start &+= Self.byteCapacity &- slot }
        unsafe UnsafeMutableRawPointer(bytes.advanced(by: start & (Self.byteCapacity &- 1))).copyMemory(
            from: UnsafeRawPointer(payload), byteCount: count)
        unsafe stored.pointee = start &+ count
        unsafe entries[place] = PlayoutEntry(
            sequence: sequence, timestamp: timestamp, start: start, count: count)
        return .kept
    }

    /// Remembers that a packet is no sound.
    @_noLocks func markEvent(_ sequence: UInt64) {
        let place = Int(sequence & (Self.places &- 1))
        if unsafe entries[place].sequence < sequence {
            unsafe entries[place] = PlayoutEntry(sequence: sequence, timestamp: 0, start: stored.pointee, count: 0)
        }
    }

    @_noLocks func isEvent(_ sequence: UInt64) -> Bool {
        let entry = unsafe entries[Int(sequence & (Self.places &- 1))]
        return entry.sequence == sequence && entry.count == 0
    }

    @_noLocks func payload(of entry: PlayoutEntry) -> UnsafePointer<UInt8> {
        unsafe UnsafePointer(bytes.advanced(by: entry.start & (Self.byteCapacity &- 1)))
    }

    /// The first packet with sound at or after `sequence` whose bytes are still there.
    @_noLocks func first(from sequence: UInt64) -> PlayoutEntry? {
        var wanted = sequence
        while wanted < sequence &+ Self.places {
            let entry = unsafe entries[Int(wanted & (Self.places &- 1))]
            if entry.sequence == wanted && entry.count > 0 && isWhole(entry) { return entry }
            wanted &+= 1
        }
        return nil
    }

    /// The packet with the lowest sequence number.
    @_noLocks func oldest() -> PlayoutEntry? {
        var best: PlayoutEntry?
        var lowest = UInt64.max
        var place = 0
        while place < 64 {
            let entry = unsafe entries[place]
            if entry.count > 0 && entry.sequence != 0 && entry.sequence < lowest && isWhole(entry) {
                best = entry
                lowest = entry.sequence
            }
            place &+= 1
        }
        return best
    }

    @_noLocks func remove(_ sequence: UInt64) {
        let place = Int(sequence & (Self.places &- 1))
        if unsafe entries[place].sequence == sequence { unsafe entries[place].sequence = 0 }
    }

    /// Newer payloads have not been written over it.
    @_noLocks private func isWhole(_ entry: PlayoutEntry) -> Bool {
        unsafe stored.pointee &- entry.start <= Self.byteCapacity
    }
}
