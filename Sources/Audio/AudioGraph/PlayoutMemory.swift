/// The packets of a playout buffer: 64 places by sequence number, payloads in one ring of bytes.
///
/// - Memory: allocated and freed by control; copies of the struct are handles of one memory. Untouched until used, and of
///   the ring only the start while few packets wait.
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
@safe public struct PlayoutMemory {
    private static var places: UInt64 { @_noLocks get { 64 } }
    private static var byteCapacity: Int { @_noLocks get { 16_384 } }
    /// Where the ring begins anew while few bytes wait, so that a steady stream touches one page and not all.
    private static var shortCapacity: Int { @_noLocks get { 3808 } }
    /// The most that 400 ms of G.711 take, which is as long as a buffer waits.
    private static var mostWaiting: Int { @_noLocks get { 3360 } }
    /// Largest payload taken.
    private static var largest: Int { @_noLocks get { 1500 } }

    /// Bytes ever stored, padding at the ring's end included.
    private let stored: UnsafeMutablePointer<Int>
    private let entries: UnsafeMutablePointer<PlayoutEntry>
    private let bytes: UnsafeMutablePointer<UInt8>

    /// Bytes that the places and the ring take, multiples of 16.
    public static var placeBytes: Int { 16 + Int(places) * MemoryLayout<PlayoutEntry>.stride }
    public static var ringBytes: Int { byteCapacity }

    /// Control only.
    public static func allocate() -> PlayoutMemory {
        let memory: UnsafeMutablePointer<UInt8> = unsafe PagedMemory.allocate(capacity: placeBytes + ringBytes)
        return unsafe PlayoutMemory(
            places: UnsafeMutableRawPointer(memory), ring: UnsafeMutableRawPointer(memory.advanced(by: placeBytes)))
    }

    /// In memory of the owner's, aligned to 16 bytes and zero, which is an empty place; the owner frees it.
    public init(places: UnsafeMutableRawPointer, ring: UnsafeMutableRawPointer) {
        unsafe stored = places.bindMemory(to: Int.self, capacity: 1)
        unsafe entries = places.advanced(by: 16).bindMemory(to: PlayoutEntry.self, capacity: Int(Self.places))
        unsafe bytes = ring.bindMemory(to: UInt8.self, capacity: Self.byteCapacity)
    }

    /// Control only: what `allocate` made.
    public func deallocate() {
        unsafe PagedMemory.free(
            UnsafeMutableRawPointer(stored).assumingMemoryBound(to: UInt8.self),
            capacity: Self.placeBytes + Self.ringBytes)
    }

    @_noLocks func forget() {
        var place = 0
        while place < 64 {
            // What is not touched takes no room.
            if unsafe entries[place].sequence != 0 { unsafe entries[place].sequence = 0 }
            place &+= 1
        }
    }

    /// Timestamps run by another clock.
    @_noLocks func retime(from old: Int64, to new: Int64) {
        var place = 0
        while place < 64 {
            if unsafe entries[place].sequence != 0 {
                unsafe entries[place].timestamp = entries[place].timestamp &* new / old
            }
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
        if slot &+ count > Self.byteCapacity || beginsAnew(slot, count) { start &+= Self.byteCapacity &- slot }
        unsafe UnsafeMutableRawPointer(bytes.advanced(by: start & (Self.byteCapacity &- 1))).copyMemory(
            from: UnsafeRawPointer(payload), byteCount: count)
        unsafe stored.pointee = start &+ count
        unsafe entries[place] = PlayoutEntry(
            sequence: sequence, timestamp: timestamp, start: start, count: count)
        return .kept
    }

    /// What waits lies so far up that it will have been played before the ring comes to it again.
    @_noLocks private func beginsAnew(_ slot: Int, _ count: Int) -> Bool {
        if slot &+ count <= Self.shortCapacity || slot &+ count > Self.byteCapacity || count > 200 { return false }
        guard let waiting = oldest() else { return true }
        return waiting.start & (Self.byteCapacity &- 1) >= Self.mostWaiting
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
