import AudioGraph
package import MediaTime
package import VoiceCodecs

/// The codec of a stream before an agreement changed it.
package struct FormerCodec {
    let codec: CodecKind
    let decoder: OpusDecoderHandle?
    /// The first packet of the new codec, its timestamp, and where that lies in the playout buffer; nil: none has come.
    var turn: UInt64?
    var turnTimestamp: UInt32 = 0
    var turnPlace: Int64 = 0
}

/// A change of codec within a stream. The peer learns of it later, or told of it earlier, and what it sent before waits in
/// the playout buffer: all of that is played, then the first packet of the new codec follows it without a hole (RFC 3264
/// §8.3.2 wants both understood meanwhile).
///
/// The buffer's time line runs by the old codec's clock until the first packet of the new one is played. What leaves this
/// half of the leg has the new codec's rate from the first step on.
extension LegInput {
    /// The old codec is still spoken or waits.
    package var isTurning: Bool {
        @_noLocks get { former != nil }
    }

    /// The codec of the packet that is played now.
    package var present: CodecKind {
        @_noLocks get {
            guard let former else { return codec }
            return former.codec
        }
    }

    /// The next packet is one of the new codec.
    var hasTurned: Bool {
        @_noLocks get {
            guard let turn = former?.turn else { return false }
            return playout.nextSequence >= turn
        }
    }

    @_noLocks func decoder(_ equipment: borrowing LegEquipment) -> OpusDecoderHandle? {
        guard let former else { return equipment.decoder }
        return former.decoder
    }

    /// Another codec, which the peer is going to speak.
    /// - Parameter decoder: of the codec before; it must live until `isTurning` is false.
    @_noLocks package mutating func turn(to codec: CodecKind, from decoder: OpusDecoderHandle?) {
        if former != nil { return use(codec) }
        former = FormerCodec(codec: self.codec, decoder: decoder)
        respreadQueued(for: codec)
        self.codec = codec
    }

    /// From now on the new codec alone is spoken.
    @_noLocks package mutating func endTurn() {
        guard let old = former else { return }
        former = nil
        if old.turn == nil { playout.restart() }
        playout.retime(ticksPerMillisecond: Int(codec.ticksPerMillisecond))
        playout.isBridged = codec.isMemoryless
        let (from, to) = (Int64(old.codec.ticksPerMillisecond), Int64(codec.ticksPerMillisecond))
        timestampOffset =
            old.turn == nil ? 0 : UInt32(truncatingIfNeeded: old.turnPlace &* to / from) &- old.turnTimestamp
        isOpusSilent = false
        wideDecoder = G722Decoder()
        if old.codec.isOpus || old.codec.sampleRate != codec.sampleRate {
            unsafe filler = Concealer(memory: memory.concealment(isWide: codec.isWide), rate: codec.sampleRate)
            unsafe mirror = Concealer(memory: memory.mirror(isWide: codec.isWide), rate: codec.sampleRate)
        }
    }

    /// The first sound of the new codec comes after the last of the old one without a step: coders delay by different times.
    @_noLocks mutating func join(_ samples: UnsafeMutablePointer<Int16>, _ count: Int) {
        // The seam lies at the start of a step.
        if queued < 3 { return declicker.arm() }
        var seam = Declicker()
        unsafe seam.run(decoded.advanced(by: queued &- 3), count: 3, rate: codec.sampleRate)
        seam.arm()
        unsafe seam.run(samples, count: count, rate: codec.sampleRate)
    }

    // MARK: - Packets

    /// A packet with sound.
    /// - Parameter isFormer: it is of the codec before.
    @_noLocks package mutating func push(
        _ payload: UnsafePointer<UInt8>, count: Int, sequence: UInt64, timestamp: UInt32, arrival: MonotonicInstant,
        isFormer: Bool = false
    ) {
        if !isFormer { noticeTurn(sequence, timestamp, arrival) }
        if !isInPlace(sequence, isFormer) { return }
        _ = unsafe playout.push(
            payload, count: count, sequence: sequence, timestamp: placed(timestamp, isFormer), arrival: arrival)
    }

    /// A payload that came again in a later packet.
    @_noLocks mutating func pushCopy(
        _ payload: UnsafePointer<UInt8>, count: Int, sequence: UInt64, timestamp: UInt32, isFormer: Bool
    ) {
        if former != nil && !isFormer && former?.turn == nil { return }
        if !isInPlace(sequence, isFormer) { return }
        unsafe playout.pushCopy(
            payload, count: count, sequence: sequence, timestamp: placed(timestamp, isFormer))
    }

    /// The first packet of the new codec says from where on that is spoken; one that it has overtaken, that it was earlier.
    @_noLocks private mutating func noticeTurn(_ sequence: UInt64, _ timestamp: UInt32, _ arrival: MonotonicInstant) {
        guard let old = former else { return }
        if let turn = old.turn {
            if sequence < turn && sequence >= playout.nextSequence { former?.turn = sequence }
            return
        }
        if playout.isEmpty { return endTurn() }
        let hasSameClock = old.codec.ticksPerMillisecond == codec.ticksPerMillisecond
        former?.turn = sequence
        former?.turnTimestamp = timestamp
        former?.turnPlace = playout.place(
            hasSameClock ? timestamp &+ timestampOffset : nil, sequence: sequence, arrival: arrival)
    }

    /// Packets of the old codec are good up to the turn, those of the new one from there on.
    @_noLocks private func isInPlace(_ sequence: UInt64, _ isFormer: Bool) -> Bool {
        guard let turn = former?.turn else { return true }
        return isFormer ? sequence < turn : sequence >= turn
    }

    /// Where a timestamp lies in the playout buffer.
    @_noLocks private func placed(_ timestamp: UInt32, _ isFormer: Bool) -> UInt32 {
        guard let old = former, !isFormer else { return timestamp &+ timestampOffset }
        let since = Int64(Int32(bitPattern: timestamp &- old.turnTimestamp))
        let (from, to) = (Int64(codec.ticksPerMillisecond), Int64(old.codec.ticksPerMillisecond))
        return UInt32(truncatingIfNeeded: old.turnPlace &+ since &* to / from)
    }

    // MARK: - Rates

    /// Where the codec that speaks puts samples at its own rate which then go to `target`.
    @_noLocks func workplace(_ target: UnsafeMutablePointer<Int16>) -> UnsafeMutablePointer<Int16> {
        // The place of the wide codec is free when the new one is narrow.
        present.isWide && !codec.isWide ? unsafe memory.decoded(isWide: true) : unsafe target
    }

    /// Samples that fit there, and after `spread` into `room`.
    @_noLocks func workroom(_ room: Int) -> Int {
        let spread = room &* present.sampleRate / codec.sampleRate
        if present.isWide && !codec.isWide { return min(spread, LegMemory.decodedCapacity(isWide: true)) }
        return min(spread, room)
    }

    /// Brings `made` samples of the codec that speaks to the rate that leaves, on straight lines: few are left of it.
    /// - Parameter wanted: so many; nil: as long as they were.
    /// - Returns: samples at `target`.
    @_noLocks func spread(
        _ place: UnsafeMutablePointer<Int16>, _ made: Int, into target: UnsafeMutablePointer<Int16>, _ room: Int,
        to wanted: Int? = nil
    ) -> Int {
        if present.sampleRate == codec.sampleRate { return made }
        let count = min(wanted ?? made &* codec.sampleRate / present.sampleRate, room)
        unsafe SampleMath.respread(place, count: made, to: count)
        if unsafe place != target { unsafe SampleMath.copy(place, to: target, count: count) }
        return count
    }
}
