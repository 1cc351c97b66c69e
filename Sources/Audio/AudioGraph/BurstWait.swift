/// How long to wait for the copies of lost packets (RFC 2198): as long as the longest burst of late took to come back,
/// no longer than the peer's copies reach, and not at all from a peer that sends none.
///
/// - Units: nanoseconds.
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
struct BurstWait: Sendable {
    /// A peer that has not sent copies for so many packets has stopped it.
    private static var patience: Int { @_noLocks get { 50 } }
    /// More missing than that is an outage: what was lost in it does not come again.
    private static var longestBurst: UInt64 { @_noLocks get { 50 } }

    private var newest: UInt64
    private var nearest: Int64
    private var farthest: Int64
    private var packetsLeft: Int
    /// What the longest burst needed; halves within about 5700 packets (two minutes at 20 ms): a delay that shrinks
    /// between two bursts grows in the next one, which is heard.
    private var needed: Int64

    @_noLocks init() {
        newest = 0
        nearest = 0
        farthest = 0
        packetsLeft = 0
        needed = 0
    }

    /// Another numbering; what the network does stays known.
    @_noLocks mutating func restart() { newest = 0 }

    /// A packet brought copies of those so far back.
    @_noLocks mutating func carries(nearest: Int64, farthest: Int64) {
        self.nearest = nearest
        self.farthest = farthest
        packetsLeft = Self.patience
    }

    /// A packet of the stream that is no sound.
    @_noLocks mutating func passed(_ sequence: UInt64) { newest = max(newest, sequence) }

    /// - Parameters:
    ///   - frame: what a packet lasts.
    ///   - isChained: packets carry the one before them by themselves (FEC).
    /// - Returns: packets that are missing between this one and the newest before it.
    @_noLocks mutating func arrived(_ sequence: UInt64, frame: Int64, isChained: Bool) -> Int {
        packetsLeft = max(0, packetsLeft &- 1)
        needed &-= needed / 8192
        let before = newest
        newest = max(before, sequence)
        guard before > 0, sequence > before &+ 1, sequence &- before <= Self.longestBurst &+ 1 else { return 0 }
        let missing = Int64(sequence &- before &- 1)
        if packetsLeft > 0 {
            // All of a burst is back when its last packet is, or the first copy of its first one.
            let last = missing &* frame
            let comes = isChained && missing == 1 ? last : max(last, nearest)
            needed = max(needed, min(comes, farthest &+ (isChained ? frame : 0)))
        }
        return Int(missing)
    }

    /// The peer sends copies.
    var isOn: Bool {
        @_noLocks get { packetsLeft > 0 }
    }

    /// Wanted delay of a packet that is never late; 0: no copies are to be had.
    var wait: Int64 {
        @_noLocks get { packetsLeft > 0 ? needed : 0 }
    }
}
