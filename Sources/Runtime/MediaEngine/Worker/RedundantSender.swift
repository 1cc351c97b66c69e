import AudioGraph
import RTP

/// Packs payloads sent before into the next packets (RFC 2198), so that a burst of losses takes nothing with it.
///
/// The copies are the second and the fourth payload before when payloads carry their predecessors themselves (Opus with
/// FEC), else the first and the second: a burst of 5 or of 2 lost packets comes back whole.
///
/// - Memory: allocated and freed by control with the leg's block; untouched until used.
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
@safe package struct RedundantSender {
    private static var places: Int { @_noLocks get { 4 } }
    private static var slot: Int { @_noLocks get { 1024 } }
    /// A packet with copies stays below what every path carries whole.
    private static var longest: Int { @_noLocks get { 1200 } }

    private let bytes: UnsafeMutablePointer<UInt8>
    private var counts = InlineArray<4, Int>(repeating: 0)
    private var timestamps = InlineArray<4, UInt32>(repeating: 0)
    /// Payloads remembered, ever.
    private var stored = 0

    /// Control only.
    package init() { unsafe bytes = PagedMemory.allocate(capacity: 4096) }

    /// Control only.
    package func deallocate() { unsafe PagedMemory.free(bytes, capacity: 4096) }

    /// What was sent is no part of what comes.
    @_noLocks package mutating func forget() { counts = InlineArray(repeating: 0) }

    /// Puts copies in front of `payload` and remembers it.
    /// - Parameters:
    ///   - type: of the payload itself, which the blocks name.
    ///   - isChained: payloads carry their predecessors.
    ///   - capacity: room at `payload`.
    /// - Returns: bytes of the RFC 2198 payload that is there now.
    @_noLocks package mutating func pack(
        _ payload: UnsafeMutablePointer<UInt8>, count: Int, capacity: Int, type: UInt8, timestamp: UInt32,
        isChained: Bool
    ) -> Int {
        let far = usable(isChained ? 4 : 2, timestamp)
        let near = usable(isChained ? 2 : 1, timestamp)
        var size = count &+ RedundantAudio.headerByteCount(copies: 0)
        let takesNear = near >= 0 && size &+ 4 &+ counts[max(0, near)] <= min(capacity, Self.longest)
        if takesNear { size &+= 4 &+ counts[near] }
        let takesFar = takesNear && far >= 0 && size &+ 4 &+ counts[max(0, far)] <= min(capacity, Self.longest)
        if takesFar { size &+= 4 &+ counts[far] }
        if size > capacity { return 0 }
        unsafe UnsafeMutableRawPointer(payload.advanced(by: size &- count)).copyMemory(
            from: UnsafeRawPointer(payload), byteCount: count)
        var header = 0
        var place = RedundantAudio.headerByteCount(copies: (takesNear ? 1 : 0) &+ (takesFar ? 1 : 0))
        if takesFar { unsafe put(far, type, timestamp, payload, &header, &place) }
        if takesNear { unsafe put(near, type, timestamp, payload, &header, &place) }
        unsafe payload[header] = type & 0x7F
        unsafe remember(payload.advanced(by: size &- count), count, timestamp)
        return size
    }

    @_noLocks private mutating func remember(_ payload: UnsafePointer<UInt8>, _ count: Int, _ timestamp: UInt32) {
        let place = stored & 3
        stored &+= 1
        counts[place] = count <= RedundantAudio.longestBlock ? count : 0
        timestamps[place] = timestamp
        if counts[place] == 0 { return }
        unsafe UnsafeMutableRawPointer(bytes.advanced(by: place &* Self.slot)).copyMemory(
            from: UnsafeRawPointer(payload), byteCount: count)
    }

    /// Place of the payload sent `back` payloads ago; -1 when there is none, or it is too old for its header.
    @_noLocks private func usable(_ back: Int, _ timestamp: UInt32) -> Int {
        if back > stored { return -1 }
        let place = (stored &- back) & 3
        let offset = timestamp &- timestamps[place]
        return counts[place] > 0 && offset > 0 && offset <= RedundantAudio.longestOffset ? place : -1
    }

    @_noLocks private func put(
        _ place: Int, _ type: UInt8, _ timestamp: UInt32, _ payload: UnsafeMutablePointer<UInt8>, _ header: inout Int,
        _ at: inout Int
    ) {
        header &+= unsafe RedundantAudio.writeHeader(
            type, offset: timestamp &- timestamps[place], count: counts[place],
            into: UnsafeMutableRawBufferPointer(start: payload.advanced(by: header), count: 4))
        unsafe UnsafeMutableRawPointer(payload.advanced(by: at)).copyMemory(
            from: UnsafeRawPointer(bytes.advanced(by: place &* Self.slot)), byteCount: counts[place])
        at &+= counts[place]
    }
}
