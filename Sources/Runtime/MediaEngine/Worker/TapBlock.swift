import Rings

typealias TapPointer = UnsafeMutablePointer<TapBlock>

/// A tap: what a leg says and hears, or all of a conversation, on its way to a thread that may wait for a disk.
///
/// The ring holds one block a step: a header, then planes, each with a header of its own and the samples of one voice at
/// its own rate. The reader converts and adds up, so a tap costs a worker copies only. A block that finds no room is left
/// out whole; the reader sees the hole by the instants of its neighbours.
///
/// - Memory: made and freed by control; the leg's tap moves with the leg.
/// - Threading: one media worker; allocates nothing, takes no lock. The ring's other end is the reader's.
@safe struct TapBlock {
    /// Words of a block's header: milliseconds, planes, words behind the header (two), nanoseconds of CLOCK_MONOTONIC
    /// (four), the lowest first.
    static var headerCount: Int { @_noLocks get { 8 } }
    /// Words of a plane's header: channel, kHz, samples.
    static var planeHeaderCount: Int { @_noLocks get { 3 } }
    static var mostChannels: Int { @_noLocks get { 32 } }

    /// Control's name of it.
    let serial: UInt64
    /// 1: everything in one. 2: the leg, and what it hears. More: the leg, then the other parties.
    let channels: Int
    let ring: SampleRing
    /// Nothing but what the leg says.
    let isOwnVoice: Bool
    /// Exactly one is set.
    let leg: LegPointer?
    let mix: MixPointer?
    var next: TapPointer?
    /// Keys of the parties that have a channel of their own behind the first, in order.
    private let parties: UnsafeMutablePointer<UInt64>
    private var partyCount = 0

    /// Control only.
    init(serial: UInt64, channels: Int, ring: SampleRing, leg: LegPointer?, mix: MixPointer?, isOwnVoice: Bool) {
        self.serial = serial
        self.channels = min(max(1, channels), Self.mostChannels)
        self.ring = ring
        self.isOwnVoice = isOwnVoice
        unsafe self.leg = leg
        unsafe self.mix = mix
        unsafe parties = .allocate(capacity: Self.mostChannels)
    }

    /// Control only: all but the ring, which its reader frees.
    func deallocate() { unsafe parties.deallocate() }

    /// Writes the header of a block.
    /// - Parameters:
    ///   - samples: of all planes together.
    ///   - header: room for `headerCount` words.
    /// - Returns: false when the block finds no room.
    @_noLocks func begin(
        at instant: UInt64, milliseconds: Int, planes: Int, samples: Int, header: UnsafeMutablePointer<Int16>
    ) -> Bool {
        let size = samples &+ planes &* Self.planeHeaderCount
        if ring.space < Self.headerCount &+ size { return false }
        unsafe header[0] = Int16(truncatingIfNeeded: milliseconds)
        unsafe header[1] = Int16(truncatingIfNeeded: planes)
        unsafe header[2] = Int16(truncatingIfNeeded: size)
        unsafe header[3] = Int16(truncatingIfNeeded: size >> 16)
        var word = 0
        while word < 4 {
            unsafe header[4 &+ word] = Int16(truncatingIfNeeded: instant >> UInt64(16 &* word))
            word &+= 1
        }
        _ = unsafe ring.push(header, count: Self.headerCount)
        return true
    }

    @_noLocks func add(
        _ samples: UnsafePointer<Int16>, count: Int, rate: Int, channel: Int, header: UnsafeMutablePointer<Int16>
    ) {
        unsafe header[0] = Int16(truncatingIfNeeded: channel)
        unsafe header[1] = Int16(truncatingIfNeeded: rate / 1000)
        unsafe header[2] = Int16(truncatingIfNeeded: count)
        _ = unsafe ring.push(header, count: Self.planeHeaderCount)
        _ = unsafe ring.push(samples, count: count)
    }

    /// The channel of a party; 0 when it has none yet though one is free.
    @_noLocks func channel(of key: UInt64) -> Int {
        var index = 0
        while index < partyCount {
            if unsafe parties[index] == key { return index &+ 1 }
            index &+= 1
        }
        return hasFreeChannel ? 0 : channels &- 1
    }

    var hasFreeChannel: Bool {
        @_noLocks get { partyCount < channels &- 1 }
    }

    @_noLocks mutating func give(channelTo key: UInt64) {
        if !hasFreeChannel { return }
        unsafe parties[partyCount] = key
        partyCount &+= 1
    }
}
