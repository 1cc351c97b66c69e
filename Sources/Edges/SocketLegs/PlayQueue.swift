import EdgeProtocols
import NIOCore
import Rings
import WireJSON

/// What an application wants said: sound and markers in one order, on their way to the mix.
///
/// Sound waits here and goes into the port's ring a little at a time, so that taking it back is quick and 60 s of it
/// need no ring of that length. A marker is due when the mix has taken the last sample before it.
///
/// - Reference: contract websocket-endpoint §3 and §4.
/// - Bounds: 3 072 frames of sound, of which the newest are dropped; 1 024 markers.
/// - Threading: a value of one event loop.
struct PlayQueue {
    static let maximumFrames = 3072
    static let maximumMarkers = 1024
    /// Frames kept in the ring: what an event loop may be late without a gap.
    private static let ahead = 5
    /// Samples of a piece; messages are gathered to pieces, so that many small ones cost no more than few large ones.
    private static let piece = 4096

    private enum Item {
        case sound([Int16])
        case marker(JSON)
    }

    private let rings: AudioRings
    private let frame: Int
    private var items = CircularBuffer<Item>()
    /// Samples of the first item that are in the ring already.
    private var taken = 0
    /// The newest sound, not yet an item.
    private var tail: [Int16] = []
    /// First half of a sample whose second half comes with the next message.
    private var half: UInt8?
    /// Samples that wait here.
    private(set) var samples = 0
    private var markers = 0
    /// Markers whose sound is all in the ring, and where there they stand.
    private var pending = CircularBuffer<(position: Int, payload: JSON)>()

    init(_ port: AudioPort) {
        rings = port.rings
        frame = port.frame
    }

    var isFull: Bool { samples >= Self.maximumFrames * frame }

    /// Takes the bytes of one message: little-endian samples of any number, an odd byte is kept for the next message.
    /// - Returns: samples that found no room.
    mutating func append(_ bytes: ByteBuffer) -> Int {
        var bytes = bytes
        var dropped = 0
        let capacity = Self.maximumFrames * frame
        if let low = half, let high = bytes.readInteger(as: UInt8.self) {
            half = nil
            dropped += put(Int16(truncatingIfNeeded: Int(low) | Int(high) << 8), capacity)
        }
        if bytes.readableBytes % 2 == 1 {
            half = bytes.getInteger(at: bytes.writerIndex - 1)
        }
        let whole = bytes.readableBytes / 2
        let fits = min(whole, max(0, capacity - samples))
        let view = bytes.readableBytesView
        tail.reserveCapacity(tail.count + fits)
        var index = view.startIndex
        for _ in 0..<fits {
            tail.append(Int16(truncatingIfNeeded: Int(view[index]) | Int(view[index + 1]) << 8))
            index += 2
        }
        samples += fits
        if tail.count >= Self.piece { closePiece() }
        return dropped + whole - fits
    }

    private mutating func put(_ sample: Int16, _ capacity: Int) -> Int {
        if samples >= capacity { return 1 }
        tail.append(sample)
        samples += 1
        return 0
    }

    private mutating func closePiece() {
        if tail.isEmpty { return }
        items.append(.sound(tail))
        tail = []
    }

    /// Places a marker behind all sound so far; false when there are too many.
    mutating func mark(_ payload: JSON) -> Bool {
        if markers >= Self.maximumMarkers { return false }
        markers += 1
        closePiece()
        items.append(.marker(payload))
        return true
    }

    /// Drops sound and markers, those in the ring too.
    mutating func clear() {
        items.removeAll()
        pending.removeAll()
        tail = []
        taken = 0
        samples = 0
        markers = 0
        half = nil
        rings.takeBack()
    }

    /// Moves what has room into the ring.
    /// - Returns: the markers that are due, in order.
    mutating func advance() -> [JSON] {
        feed()
        var due: [JSON] = []
        let consumed = rings.toMix.consumed
        while let first = pending.first, first.position <= consumed {
            pending.removeFirst()
            markers -= 1
            due.append(first.payload)
        }
        return due
    }

    private mutating func feed() {
        if items.isEmpty { closePiece() }
        while let first = items.first {
            switch first {
            case .marker(let payload):
                pending.append((rings.toMix.written, payload))
                items.removeFirst()
            case .sound(let piece):
                let room = min(Self.ahead * frame - rings.toMix.fill, piece.count - taken)
                if room <= 0 { return }
                let moved = rings.toMix.push(piece[taken..<taken + room])
                if moved == 0 { return }
                taken += moved
                samples -= moved
                if taken == piece.count {
                    taken = 0
                    items.removeFirst()
                }
            }
            if items.isEmpty { closePiece() }
        }
    }
}
