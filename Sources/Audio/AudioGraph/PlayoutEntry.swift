/// One packet waiting in a playout buffer.
struct PlayoutEntry {
    /// 64-bit sequence number, which is never 0; 0 marks an empty place.
    var sequence: UInt64
    /// RTP timestamp, unwrapped.
    var timestamp: Int64
    /// Where its payload starts, counted over all bytes ever stored.
    var start: Int
    var count: Int

    @_noLocks init(sequence: UInt64, timestamp: Int64, start: Int, count: Int) {
        self.sequence = sequence
        self.timestamp = timestamp
        self.start = start
        self.count = count
    }
}

/// What to do for the next stretch of sound.
@safe public enum PlayoutItem {
    /// Decode this payload (valid until the next push), then call `played`.
    case packet(UnsafePointer<UInt8>, count: Int)
    /// A packet is lost: make up `ticks`; `next` is the packet after it when that one may carry FEC for it.
    case lost(ticks: Int, next: UnsafePointer<UInt8>?, nextCount: Int)
    /// Nothing is there yet: make up `ticks`. The stream goes on where it stood, later.
    case starved(ticks: Int)
    /// The peer is silent: `ticks` of silence.
    case silence(ticks: Int)
}

/// A packet taken out of a playout buffer undecoded, to be sent on.
@safe public struct PlayoutPacket {
    public let payload: UnsafePointer<UInt8>
    public let count: Int
    /// Unwrapped.
    public let sequence: UInt64
    /// As on the wire.
    public let timestamp: UInt32

    @_noLocks init(payload: UnsafePointer<UInt8>, count: Int, sequence: UInt64, timestamp: UInt32) {
        unsafe self.payload = payload
        self.count = count
        self.sequence = sequence
        self.timestamp = timestamp
    }
}

/// What became of a packet.
public enum PlayoutArrival: UInt8, Sendable {
    case kept
    /// Its moment has passed.
    case late
    case duplicate
    /// Larger than the buffer takes.
    case refused
}
