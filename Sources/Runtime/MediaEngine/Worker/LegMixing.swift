import VoiceCodecs
import AudioGraph
import CLinux
import MediaTime

/// A leg as a member of a mix: what it says and what it is told, at the rate of the mix.
extension LegBlock {
    /// Fills `said` with the next `count` samples.
    /// - Returns: false when they are silence.
    @_noLocks mutating func say(_ count: Int, _ rate: Int, _ scratch: borrowing Scratch) -> Bool {
        if let device {
            let isVoiced = unsafe device.pull(count, into: said)
            if isVoiced && !hasHeard {
                hasHeard = true
                scratch.sink.report(.firstAudio, serial: serial, Int64(bitPattern: swh_monotonic_ns()), 0)
            }
            return isVoiced
        }
        guard let settings, settings.receives else {
            unsafe SampleMath.clear(said, count: count)
            return false
        }
        let own = Int(settings.codec.clockRate)
        if own == rate { return unsafe input.pull(count, into: said, equipment: equipment) }
        let coded = count &* own / rate
        let isVoiced = unsafe input.pull(coded, into: scratch.coded, equipment: equipment)
        var made = 0
        if let up = equipment.up {
            made = unsafe up.run(scratch.coded, count: coded, into: said, capacity: count)
        }
        if made < count { unsafe SampleMath.clear(said.advanced(by: made), count: count &- made) }
        return isVoiced && made > 0
    }

    /// Sends `count` samples of what it hears.
    @_noLocks mutating func hearAndSend(
        _ heard: UnsafeMutablePointer<Int16>, _ count: Int, _ rate: Int, _ scratch: borrowing Scratch, at now: UInt64
    ) {
        if let device { return unsafe device.push(heard, count: count) }
        guard let settings, settings.sends else {
            // On hold nothing is sent, and the timestamp goes on.
            catchUpHeld(count, rate)
            return
        }
        let own = Int(settings.codec.clockRate)
        let coded = count &* own / rate
        guard let room = unsafe output.room(for: coded) else { return output.forget() }
        if own == rate {
            unsafe SampleMath.copy(heard, to: room, count: count)
        } else {
            var made = 0
            if let down = equipment.down {
                made = unsafe down.run(heard, count: count, into: room, capacity: coded)
            }
            if made < coded { unsafe SampleMath.clear(room.advanced(by: made), count: coded &- made) }
        }
        output.gathered(coded)
        sendGathered(scratch, at: now)
    }

    @_noLocks private mutating func catchUpHeld(_ count: Int, _ rate: Int) {
        guard let settings else { return }
        output.forget()
        output.isFresh = true
        output.timestamp &+= UInt32(truncatingIfNeeded: count &* Int(settings.codec.clockRate) / rate)
    }

    /// The mix runs at another rate from the next step on.
    @_noLocks mutating func rateChanged() {
        if let up = equipment.up { up.reset() }
        if let down = equipment.down { down.reset() }
        output.declicker.arm()
    }
}

extension LegInput {
    /// A step is done; the next one will not be pulled before `next`, nanoseconds of CLOCK_MONOTONIC.
    @_noLocks mutating func pulled(next: UInt64) {
        playout.pulled(next: MonotonicInstant(nanoseconds: next), queued: queued)
    }
}
