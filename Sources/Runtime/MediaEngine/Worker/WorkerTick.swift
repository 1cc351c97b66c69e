import Synchronization
import AudioGraph
import CLinux

/// One step of a mix: packets in, sum, own voice out, packets out.
extension Worker {
    /// A leg takes part in a tick up to so much before its own next step is due, so that a leg that moved between mixes
    /// keeps its pace whatever the phases of their ticks are.
    private static var tolerance: UInt64 { @_noLocks get { 2_000_000 } }

    /// The timer's tick.
    @_noLocks mutating func tick(_ mix: MixPointer, _ now: UInt64) {
        let scheduled = unsafe mix.pointee.node.pointee.deadline
        let period = UInt64(unsafe mix.pointee.step) &* 1_000_000
        unsafe scratch.sink.shared.pointee.countTick(lateNanoseconds: now &- scheduled)
        // A box that stood still makes up for five steps, not for more.
        let isLost = now &- scheduled > 5 &* period
        unsafe heap.set(mix.pointee.node, isLost ? now &+ period : scheduled &+ period)
        if unsafe mix.pointee.driver != nil { unsafe mix.pointee.missedAt = now }
        unsafe run(mix, at: scheduled)
    }

    /// One step of a mix.
    /// - Parameter scheduled: when it was due: the timer's deadline, or now when a sound device drives it.
    @_noLocks mutating func run(_ mix: MixPointer, at scheduled: UInt64) {
        let step = unsafe mix.pointee.step
        let period = UInt64(step) &* 1_000_000
        unsafe hear(mix, scheduled)
        let hasPrompts = unsafe announce(mix)
        unsafe tap(mix, scheduled, step, hasPrompts)
        var member = unsafe mix.pointee.members
        while let leg = unsafe member {
            unsafe member = leg.pointee.next
            if unsafe leg.pointee.isDue {
                unsafe answer(leg, mix, scheduled, step, hasPrompts)
                unsafe leg.pointee.due &+= period
                unsafe leg.pointee.publish()
            }
        }
        unsafe review(mix)
    }

    /// Everybody speaks: fills the sums, and `said` and `speaks` of each member that is due.
    @_noLocks private func hear(_ mix: MixPointer, _ scheduled: UInt64) {
        let step = unsafe mix.pointee.step
        let period = UInt64(step) &* 1_000_000
        let hasLists = unsafe mix.pointee.hasLists
        unsafe clearBuses(mix)
        var voiced = unsafe soundFarewell(mix)
        var received = 0
        var member = unsafe mix.pointee.members
        while let leg = unsafe member {
            unsafe member = leg.pointee.next
            unsafe received &+= leg.pointee.receive(scratch, relayingTo: nil, isMixed: true)
            // A driven mix has a clock of its own: members that are in step with it stay so.
            let isInStep = unsafe mix.pointee.driver != nil && !leg.pointee.hasMoved && leg.pointee.due != 0
            if isInStep && !(unsafe scheduled > leg.pointee.due &+ 60_000_000) {
                unsafe leg.pointee.due = scheduled
            }
            unsafe leg.pointee.catchUp(to: scheduled, from: 60_000_000)
            unsafe leg.pointee.hasMoved = false
            if unsafe leg.pointee.due == 0 { unsafe leg.pointee.due = scheduled }
            unsafe leg.pointee.isDue = scheduled &+ Self.tolerance >= leg.pointee.due
            unsafe leg.pointee.speaks = false
            if unsafe !leg.pointee.isDue { continue }
            let count = unsafe leg.pointee.rate / 1000 &* step
            let isVoiced = unsafe leg.pointee.say(count, scratch)
            let next = unsafe leg.pointee.due &+ period &- Self.tolerance
            unsafe leg.pointee.input.pulled(next: next)
            unsafe leg.pointee.isHeard(count, isVoiced)
            if unsafe mix.pointee.tellsSpeech { unsafe leg.pointee.tellSpeech(count, scratch.sink) }
            if unsafe leg.pointee.speaks && !hasLists {
                let place = BusRate.place(of: unsafe leg.pointee.rate)
                voiced |= UInt8(1) << UInt8(truncatingIfNeeded: place)
                unsafe SampleMath.add(leg.pointee.said, to: scratch.sum(place), count: count)
            }
        }
        if !hasLists { unsafe joinBuses(mix, voiced) }
        unsafe _ = scratch.sink.shared.pointee.mixedPackets.add(received, ordering: .relaxed)
    }

    /// One member is told what it hears.
    @_noLocks private func answer(
        _ leg: LegPointer, _ mix: MixPointer, _ scheduled: UInt64, _ step: Int, _ hasPrompts: Bool
    ) {
        let rate = unsafe leg.pointee.rate
        let place = BusRate.place(of: rate)
        let count = rate / 1000 &* step
        let (heard, sum) = unsafe (scratch.heard, scratch.ownSum)
        let listens = unsafe leg.pointee.rights.listens
        if !listens {
            unsafe SampleMath.clear(sum, count: count)
        } else if unsafe mix.pointee.hasLists {
            unsafe sumFor(leg, mix, step)
        } else {
            unsafe SampleMath.copy(scratch.total(place), to: sum, count: count)
            if unsafe leg.pointee.speaks { unsafe SampleMath.subtract(leg.pointee.said, from: sum, count: count) }
        }
        let isPrompted = unsafe (hasPrompts || leg.pointee.players != nil) && listens
        unsafe leg.pointee.ducking.move(sum, count: count, rate: rate, to: isPrompted ? ducked : 1)
        if hasPrompts && listens { unsafe SampleMath.add(scratch.prompt(place), to: sum, count: count) }
        let hasOwn = unsafe renderPrompts(leg.pointee.players, into: scratch.part, count, rate) && listens
        if hasOwn { unsafe SampleMath.add(scratch.part, to: sum, count: count) }
        unsafe leg.pointee.loudness.move(sum, count: count, rate: rate, to: leg.pointee.rights.volume)
        if unsafe leg.pointee.taps != nil {
            unsafe SampleMath.clip(sum, into: heard, count: count)
            unsafe tap(leg, in: mix, heard: heard, hasOwn: hasOwn, step, hasPrompts)
        }
        if unsafe leg.pointee.heldUntil > scheduled {
            if unsafe !othersRun(leg, mix) {
                // The stream goes on later, without passing over a timestamp.
                unsafe leg.pointee.due = scheduled
                return
            }
            unsafe leg.pointee.heldUntil = 0
        }
        unsafe leg.pointee.output.limiter.run(sum, into: heard, count: count, rate: rate)
        unsafe leg.pointee.output.declicker.run(heard, count: count, rate: rate)
        unsafe leg.pointee.hearAndSend(heard, count, scratch, at: scheduled)
    }

    /// Those who have left die away.
    /// - Returns: buses on which that is heard.
    @_noLocks private func soundFarewell(_ mix: MixPointer) -> UInt8 {
        let places = unsafe mix.pointee.farewell.places & mix.pointee.places
        if unsafe mix.pointee.farewell.places == 0 { return 0 }
        var place = 0
        while place < BusRate.count {
            if Self.has(places, place) { unsafe mix.pointee.farewell.sound(on: scratch.sum(place), place) }
            place &+= 1
        }
        unsafe mix.pointee.farewell.clear()
        return unsafe mix.pointee.hasLists ? 0 : places
    }

    /// Some other member's playout hands out sound.
    @_noLocks private func othersRun(_ leg: LegPointer, _ mix: MixPointer) -> Bool {
        var member = unsafe mix.pointee.members
        while let other = unsafe member {
            unsafe member = other.pointee.next
            if unsafe other != leg && other.pointee.input.playout.isRunning { return true }
        }
        return false
    }

    /// Adds up the players of a list and retires those that end.
    /// - Returns: true when anything plays: `sum` is set then.
    @_noLocks func renderPrompts(
        _ list: PlayerPointer?, into sum: UnsafeMutablePointer<Int32>, _ count: Int, _ rate: Int
    ) -> Bool {
        if unsafe list == nil { return false }
        unsafe SampleMath.clear(sum, count: count)
        var player = unsafe list
        while let current = unsafe player {
            unsafe player = current.pointee.next
            if unsafe !current.pointee.hasEnded {
                unsafe current.pointee.hasEnded = !current.pointee.player.render(
                    into: sum, count: count, mixRate: rate)
            }
        }
        return true
    }

    /// Takes ended players out of a mix and its members.
    @_noLocks mutating func retirePlayers(_ mix: MixPointer) {
        unsafe retireEnded(mix.pointee.players)
        var member = unsafe mix.pointee.members
        while let leg = unsafe member {
            unsafe member = leg.pointee.next
            unsafe retireEnded(leg.pointee.players)
        }
    }

    @_noLocks private mutating func retireEnded(_ list: PlayerPointer?) {
        var player = unsafe list
        while let current = unsafe player {
            unsafe player = current.pointee.next
            if unsafe current.pointee.hasEnded {
                unsafe unlink(current)
                unsafe retire(.played, UnsafeMutableRawPointer(current))
            }
        }
    }
}
