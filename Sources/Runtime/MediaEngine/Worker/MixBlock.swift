import AudioGraph

/// One conversation's mix, or the lobby of one leg.
///
/// - Memory: made and freed by control; owned by one worker between.
/// - Threading: one media worker; allocates nothing, takes no lock.
@safe struct MixBlock {
    enum Mode: UInt8 {
        /// No members, nothing plays: no ticks.
        case idle
        /// A leg outside conversations: its packets are read for digits and dropped.
        case draining
        /// Two members whose packets are passed on undecoded.
        case relaying
        case mixing
    }

    let isLobby: Bool
    var mode = Mode.idle
    var members: UnsafeMutablePointer<LegBlock>?
    var memberCount = 0
    var players: UnsafeMutablePointer<PlayerBlock>?
    var taps: UnsafeMutablePointer<TapBlock>?
    /// The highest rate among the members, samples per second: prompts are made at it.
    var rate = 8000
    /// One bit for each bus that has members; converters between them.
    var places: UInt8 = 1
    var converters: UnsafeMutablePointer<BusConverters>?
    /// Buses on which somebody spoke in the last step and in the one before: converters ring for less than two of 5 ms,
    /// also those of a bus that nobody is on any more.
    var voicedPlaces: UInt8 = 0
    var formerPlaces: UInt8 = 0
    /// Prompts played in the last step.
    var hadPrompts = false
    /// Milliseconds of a tick: 5, 10 or 20.
    var step = 20
    /// When the members that there are now get the longer step that does for them; 0: they have it.
    var longerStepFrom: UInt64 = 0
    /// Somebody wants to know who is speaking: sound is mixed as long as that lasts.
    var tellsSpeech = false
    /// What those who have just left, or were muted, sound out with.
    var farewell: Farewell
    var hasLists = false
    /// Ticks since relaying became possible.
    var relayableTicks = 0
    /// The member whose sound device drives the ticks; the timer only steps in when that is late.
    var driver: UnsafeMutablePointer<LegBlock>?
    /// The next mix of this worker that a device drives.
    var nextDriven: UnsafeMutablePointer<MixBlock>?
    /// The last tick was the timer's, at this instant, for want of a captured step; 0: it was not.
    var missedAt: UInt64 = 0
    let node: HeapNodePointer

    /// Control only.
    static func allocate(isLobby: Bool) -> UnsafeMutablePointer<MixBlock> {
        let mix = UnsafeMutablePointer<MixBlock>.allocate(capacity: 1)
        unsafe mix.initialize(
            to: MixBlock(isLobby: isLobby, farewell: Farewell.allocate(isEmpty: isLobby), node: HeapNode.allocate()))
        unsafe mix.pointee.node.pointee.owner = UnsafeMutableRawPointer(mix)
        return unsafe mix
    }

    private init(isLobby: Bool, farewell: Farewell, node: HeapNodePointer) {
        self.isLobby = isLobby
        self.farewell = farewell
        unsafe self.node = node
    }

    /// Control only.
    static func deallocate(_ mix: UnsafeMutablePointer<MixBlock>) {
        unsafe mix.pointee.node.deallocate()
        unsafe mix.pointee.farewell.deallocate()
        unsafe mix.deallocate()
    }
}

/// One prompt being played to a leg or to a conversation.
///
/// - Memory: made by control, handed back when it ended or was stopped; the clip's samples outlive it.
@safe struct PlayerBlock {
    var player: ClipPlayer
    /// Control's name of it.
    let serial: UInt64
    /// Exactly one is set.
    var leg: UnsafeMutablePointer<LegBlock>?
    var mix: UnsafeMutablePointer<MixBlock>?
    var next: UnsafeMutablePointer<PlayerBlock>?
    var hasEnded = false
}
