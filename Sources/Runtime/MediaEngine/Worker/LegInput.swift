package import AudioGraph
package import MediaTime
import RTP
package import VoiceCodecs

/// The receiving half of a leg behind its sockets: playout buffer, decoder, concealment, time-stretch.
///
/// - Units: samples at the codec's own rate (`CodecKind.sampleRate`); the playout buffer counts ticks of the RTP clock.
/// - Memory: allocated and freed by control with the leg's block.
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
@safe package struct LegInput {
    package var playout: PlayoutBuffer
    let memory: LegMemory
    var decoded: UnsafeMutablePointer<Int16>
    /// What `decoded` holds at most.
    var capacity: Int
    var queued: Int
    var codec: CodecKind
    var filler: Concealer
    /// Speaks backwards from the packet after a lost one.
    var mirror: Concealer
    var wideDecoder = G722Decoder()
    private var noise = ComfortNoise()
    /// The packet that described the noise.
    private var noiseSequence: UInt64 = 0
    /// The peer's Opus encoder has gone silent: its decoder makes the noise.
    var isOpusSilent = false
    var declicker: Declicker
    private var stepsSinceShortened: Int
    /// What the peer spoke, and may still speak, after a change of codec; nil: it follows the agreement.
    var former: FormerCodec?
    /// From the peer's timestamps to those of the playout buffer.
    var timestampOffset: UInt32 = 0
    /// The next sound does not go on where something else ended: it comes up from the silence before it.
    private var startsAnew = true

    /// Control only.
    package init() {
        memory = LegMemory.allocate()
        unsafe decoded = memory.decoded(isWide: false)
        capacity = LegMemory.decodedCapacity(isWide: false)
        codec = .pcmu
        queued = 0
        stepsSinceShortened = 0
        playout = PlayoutBuffer(memory: memory.playout, ticksPerMillisecond: 8)
        unsafe filler = Concealer(memory: memory.concealment(isWide: false), rate: 8000)
        unsafe mirror = Concealer(memory: memory.mirror(isWide: false), rate: 8000)
        declicker = Declicker()
        playout.isBridged = codec.isMemoryless
    }

    /// Control only.
    package func deallocate() {
        memory.deallocate()
    }

    /// Where a leg with such samples keeps what it says in a step.
    @_noLocks func said(isWide: Bool) -> UnsafeMutablePointer<Int16> { unsafe memory.said(isWide: isWide) }

    /// Another codec: everything starts anew.
    @_noLocks package mutating func use(_ codec: CodecKind) {
        self.codec = codec
        former = nil
        timestampOffset = 0
        playout.restart()
        playout = PlayoutBuffer(memory: memory.playout, ticksPerMillisecond: Int(codec.ticksPerMillisecond))
        unsafe filler = Concealer(memory: memory.concealment(isWide: codec.isWide), rate: codec.sampleRate)
        unsafe mirror = Concealer(memory: memory.mirror(isWide: codec.isWide), rate: codec.sampleRate)
        playout.isBridged = codec.isMemoryless
        forgetSource()
        unsafe decoded = memory.decoded(isWide: codec.isWide)
        capacity = LegMemory.decodedCapacity(isWide: codec.isWide)
        declicker.arm()
        startsAnew = true
    }

    /// The same stream, decoded at another sample rate from the next packet on.
    @_noLocks mutating func retune(to codec: CodecKind) {
        respreadQueued(for: codec)
        self.codec = codec
        declicker.arm()
    }

    /// What is decoded takes the rate and the place of another codec.
    @_noLocks mutating func respreadQueued(for codec: CodecKind) {
        let room = LegMemory.decodedCapacity(isWide: codec.isWide)
        let count = min(queued &* codec.sampleRate / self.codec.sampleRate, room)
        let place = unsafe memory.decoded(isWide: codec.isWide)
        // Spread where there is room for both: in the old place on the way down, in the new one on the way up.
        if count <= queued { unsafe SampleMath.respread(decoded, count: queued, to: count) }
        if unsafe place != decoded { unsafe SampleMath.copy(decoded, to: place, count: min(count, queued)) }
        if count > queued { unsafe SampleMath.respread(place, count: queued, to: count) }
        unsafe decoded = place
        capacity = room
        queued = count
    }

    @_noLocks private mutating func forgetSource() {
        queued = 0
        wideDecoder = G722Decoder()
        noise.stop()
        isOpusSilent = false
    }

    /// Ticks of the RTP clock that what is decoded but not played stands for.
    var queuedTicks: Int {
        @_noLocks get { queued &* Int(present.clockRate) / codec.sampleRate }
    }

    /// The peer describes the noise that its silence has from now on.
    @_noLocks mutating func describeNoise(_ payload: UnsafePointer<UInt8>, count: Int, sequence: UInt64) {
        playout.pass(sequence: sequence)
        if sequence < noiseSequence && noise.isOn { return }
        unsafe noise.describe(payload, count: count)
        noiseSequence = sequence
    }

    /// A packet of RFC 2198: what of it is missing so far, then the newest payload.
    /// - Parameters:
    ///   - type: payload type of the codec; blocks of others are left out.
    ///   - formerType: of the codec before, while that may still come.
    /// - Returns: false when it is no such packet.
    @_noLocks package mutating func pushRedundant(
        _ payload: UnsafePointer<UInt8>, count: Int, type: UInt8, formerType: UInt8 = 255, sequence: UInt64,
        timestamp: UInt32, arrival: MonotonicInstant
    ) -> Bool {
        guard let packet = unsafe RedundantAudio(parsing: UnsafeRawBufferPointer(start: payload, count: count)) else {
            return false
        }
        let newest = packet.newest
        let isFormer = former != nil && newest.payloadType == formerType && type != formerType
        let known = isFormer ? formerType : type
        let codec = isFormer ? present : self.codec
        var index = 0
        var (nearest, farthest) = (0, 0)
        while index < packet.count &- 1 {
            let block = packet.block(index)
            index &+= 1
            let bytes = unsafe payload.advanced(by: block.start)
            if block.payloadType != known || block.count == 0 { continue }
            let back = UInt64(block.packetsBefore(ticks: unsafe codec.ticks(ofPayload: bytes, count: block.count)))
            if back == 0 || back >= sequence { continue }
            unsafe pushCopy(
                bytes, count: block.count, sequence: sequence &- back, timestamp: timestamp &- block.offset,
                isFormer: isFormer)
            let offset = Int(block.offset)
            nearest = nearest == 0 ? offset : min(nearest, offset)
            farthest = max(farthest, offset)
        }
        if farthest > 0 { playout.carriesCopies(nearest: nearest, farthest: farthest) }
        if newest.payloadType != known || newest.count == 0 { return newest.payloadType == known }
        unsafe push(
            payload.advanced(by: newest.start), count: newest.count, sequence: sequence, timestamp: timestamp,
            arrival: arrival, isFormer: isFormer)
        return true
    }

    /// Another source, or back from relaying.
    /// - Parameter breaksOff: what was heard last is cut off and must die away.
    @_noLocks mutating func restart(_ equipment: borrowing LegEquipment, breaksOff: Bool) {
        playout.restart()
        forgetSource()
        if let decoder = equipment.decoder { decoder.reset() }
        if let decoder = former?.decoder { decoder.reset() }
        if former?.turn != nil { endTurn() }
        timestampOffset = 0
        if breaksOff { declicker.arm() } else { declicker = Declicker() }
        startsAnew = breaksOff
    }

    /// Takes what is decoded but not yet played, at most `capacity` samples.
    @_noLocks mutating func takeQueued(into samples: UnsafeMutablePointer<Int16>, capacity: Int) -> Int {
        let count = min(queued, capacity)
        unsafe SampleMath.copy(decoded, to: samples, count: count)
        queued = 0
        return count
    }

    /// The next `count` samples.
    /// - Returns: false when they are silence.
    @_noLocks package mutating func pull(
        _ count: Int, into samples: UnsafeMutablePointer<Int16>, equipment: borrowing LegEquipment
    ) -> Bool {
        var isVoiced = queued > 0
        var guardRounds = 0
        while queued < count && guardRounds < 64 {
            guardRounds &+= 1
            if fetch(count &- queued, equipment) { isVoiced = true }
        }
        shortenIfLong(count, equipment)
        if queued < count {
            unsafe SampleMath.clear(decoded.advanced(by: queued), count: count &- queued)
            queued = count
        }
        unsafe SampleMath.copy(decoded, to: samples, count: count)
        drop(count)
        if playout.hasJumped || (startsAnew && isVoiced) {
            playout.hasJumped = false
            if isVoiced { startsAnew = false }
            declicker.arm()
        }
        // What ended before this silence dies away in it.
        let isSounding = unsafe declicker.run(samples, count: count, rate: codec.sampleRate)
        return isVoiced || isSounding
    }

    /// A step is done; the next one will not be pulled before `next`, nanoseconds of CLOCK_MONOTONIC.
    @_noLocks package mutating func pulled(next: UInt64) {
        playout.pulled(next: MonotonicInstant(nanoseconds: next), queued: queuedTicks)
    }

    @_noLocks private mutating func drop(_ count: Int) {
        queued &-= count
        unsafe UnsafeMutableRawPointer(decoded).copyMemory(
            from: UnsafeRawPointer(decoded.advanced(by: count)), byteCount: queued &* 2)
    }

    /// Decodes, makes up or pauses once.
    @_noLocks private mutating func fetch(_ wanted: Int, _ equipment: borrowing LegEquipment) -> Bool {
        let room = capacity &- queued
        let target = unsafe decoded.advanced(by: queued)
        let (clock, rate) = (Int(present.clockRate), codec.sampleRate)
        switch playout.next(ticks: (wanted &* clock &+ rate &- 1) / rate, ahead: queuedTicks) {
        case .packet(let payload, let count):
            let isSeam = hasTurned
            if isSeam { endTurn() }
            let place = unsafe workplace(target)
            let made = unsafe decode(payload, count, into: place, workroom(room), equipment)
            playout.played(ticks: present.ticks(ofSamples: made))
            if noise.isOn && playout.nextSequence > noiseSequence { noise.stop() }
            if isOpusSilent { playout.pause() }
            let count = unsafe spread(place, made, into: target, room)
            if isSeam { unsafe join(target, count) }
            queued &+= count
            return true
        case .lost(let ticks, let next, let nextCount):
            let count = min(ticks &* rate / clock, room)
            if let next = unsafe next, former == nil, let decoder = equipment.decoder, codec.isOpus {
                // The whole frame comes back; what was made up of it already is left out.
                let frame = codec.samples(ofTicks: playout.frameTicks)
                let made =
                    frame <= room
                    ? unsafe decoder.recover(from: next, packetCount: nextCount, into: target, count: frame) : 0
                if made == frame && made >= count {
                    unsafe UnsafeMutableRawPointer(target).copyMemory(
                        from: UnsafeRawPointer(target.advanced(by: made &- count)), byteCount: count &* 2)
                    queued &+= count
                    return true
                }
            }
            if let next = unsafe next, former == nil, playout.isBridged,
                unsafe bridge(count, to: next, nextCount, into: target, room: room)
            {
                queued &+= count
                return true
            }
            unsafe conceal(count, into: target, room, equipment)
            queued &+= count
            return true
        case .starved(let ticks):
            let count = min(ticks &* rate / clock, room)
            unsafe conceal(count, into: target, room, equipment)
            queued &+= count
            return true
        case .silence(let ticks):
            let count = min(ticks &* rate / clock, room)
            queued &+= count
            if isOpusSilent {
                unsafe conceal(count, into: target, room, equipment)
                return true
            }
            unsafe noise.make(count, into: target)
            return noise.isOn
        }
    }

    /// - Returns: samples made, at the rate of the codec that speaks; 0 when the packet is broken.
    @_noLocks private mutating func decode(
        _ payload: UnsafePointer<UInt8>, _ count: Int, into target: UnsafeMutablePointer<Int16>, _ room: Int,
        _ equipment: borrowing LegEquipment
    ) -> Int {
        var samples = 0
        switch present {
        case .opus, .opusNarrow, .opusWide:
            guard let decoder = decoder(equipment) else { return 0 }
            // A packet of the table of contents alone: the encoder has stopped until somebody speaks (DTX).
            isOpusSilent = count <= 2
            unsafe playout.sawRecovery(OpusDecoderHandle.carriesRecovery(payload, count: count))
            return max(0, unsafe decoder.decode(payload, count: count, into: target, capacity: room))
        case .g722:
            samples = unsafe wideDecoder.decode(payload, count: min(count, room / 2), into: target)
        case .pcmu, .pcma, .l16Narrow, .l16Wide, .l16Full:
            samples = unsafe decodeMemoryless(payload, count, into: target, room)
        }
        unsafe filler.heard(target, count: samples)
        return samples
    }

    /// Decodes a packet of a codec that remembers nothing of the one before; 0 for any other.
    @_noLocks private func decodeMemoryless(
        _ payload: UnsafePointer<UInt8>, _ count: Int, into target: UnsafeMutablePointer<Int16>, _ room: Int
    ) -> Int {
        switch present {
        case .pcmu:
            unsafe G711.decodeMuLaw(payload, count: min(count, room), into: target)
            return min(count, room)
        case .pcma:
            unsafe G711.decodeALaw(payload, count: min(count, room), into: target)
            return min(count, room)
        case .l16Narrow, .l16Wide, .l16Full:
            unsafe L16.decode(payload, count: min(count / 2, room), into: target)
            return min(count / 2, room)
        case .g722, .opus, .opusNarrow, .opusWide: return 0
        }
    }

    /// Makes up `count` samples in front of the packet `next`, which is looked at and not taken.
    @_noLocks private mutating func bridge(
        _ count: Int, to next: UnsafePointer<UInt8>, _ nextCount: Int, into target: UnsafeMutablePointer<Int16>,
        room: Int
    ) -> Bool {
        let future = unsafe target.advanced(by: count)
        let known = unsafe decodeMemoryless(next, nextCount, into: future, max(0, room &- count))
        if known == 0 { return false }
        unsafe filler.bridge(target, count: count, to: future, futureCount: known, mirror: &mirror)
        return true
    }

    /// Makes up `count` samples, for which there is room.
    @_noLocks private mutating func conceal(
        _ count: Int, into target: UnsafeMutablePointer<Int16>, _ room: Int, _ equipment: borrowing LegEquipment
    ) {
        let place = unsafe workplace(target)
        let wanted = min(count &* present.sampleRate / codec.sampleRate, workroom(room))
        switch present {
        case .pcmu, .pcma, .g722, .l16Narrow, .l16Wide, .l16Full:
            unsafe filler.fill(place, count: wanted)
        case .opus, .opusNarrow, .opusWide:
            // libopus makes up multiples of 2.5 ms.
            let unit = present.sampleRate / 400
            let whole = wanted / unit &* unit
            var made = 0
            if let decoder = decoder(equipment), whole > 0 {
                made = max(0, unsafe decoder.conceal(into: place, count: whole))
            }
            unsafe SampleMath.clear(place.advanced(by: made), count: wanted &- made)
        }
        if wanted == 0 { unsafe SampleMath.clear(target, count: count) }
        _ = unsafe spread(place, wanted, into: target, count, to: count)
    }

    /// Takes a pitch period out of what is decoded when packets wait longer than needed: at most one in 60 ms of pauses or
    /// when there is much to take, one a second of speech, where cuts are heard.
    @_noLocks private mutating func shortenIfLong(_ step: Int, _ equipment: borrowing LegEquipment) {
        stepsSinceShortened &+= 1
        let excess = playout.excess(ahead: queuedTicks)
        let rate = codec.sampleRate
        if excess == 0 || stepsSinceShortened &* step < rate &* 6 / 100 { return }
        let needed = step &+ TimeStretch.span(rate: rate)
        while queued < needed && queued < capacity / 2 && playout.isReady {
            _ = fetch(1, equipment)
        }
        // What this step needs must be left.
        let spare = queued &- step
        if spare <= 0 { return }
        let surplus = Int(excess / 100_000) &* rate / 10_000
        let removed = unsafe TimeStretch.shorten(
            decoded, count: queued, rate: rate, maximum: min(surplus, spare), isUrgent: excess > 100_000_000,
            cutsSpeech: excess > 40_000_000 || stepsSinceShortened &* step >= rate)
        if removed == 0 { return }
        queued &-= removed
        stepsSinceShortened = 0
    }
}
