import AudioGraph
import CLinux
import RTP
import RTPTransport
import VoiceCodecs

/// What a mix has to do after its members, prompts or rights have changed.
extension Worker {
    /// Decides between ticks, relaying and rest, and sets rate and step for the members there are.
    @_noLocks mutating func review(_ mix: MixPointer) {
        unsafe retirePlayers(mix)
        unsafe survey(mix)
        let count = unsafe mix.pointee.memberCount
        let plays = unsafe hasWork(mix)
        if count == 0 && !plays {
            unsafe setMode(mix, .idle)
        } else if unsafe mix.pointee.isLobby && !plays {
            unsafe setMode(mix, .draining)
        } else if unsafe count == 2 && !plays && isRelayable(mix) {
            unsafe considerRelay(mix)
        } else {
            unsafe mix.pointee.relayableTicks = 0
            unsafe setMode(mix, .mixing)
        }
        unsafe chooseDriver(mix)
        unsafe followDevices(mix)
    }

    /// Sets buses and step; remembers whether any member has lists.
    @_noLocks private mutating func survey(_ mix: MixPointer) {
        var rate = 0
        var places: UInt8 = 0
        var step = 20
        var hasLists = false
        var member = unsafe mix.pointee.members
        while let leg = unsafe member {
            unsafe member = leg.pointee.next
            unsafe endTurnIfOver(leg)
            rate = max(rate, unsafe leg.pointee.rate)
            places |= UInt8(1) << UInt8(truncatingIfNeeded: BusRate.place(of: unsafe leg.pointee.rate))
            let ptime = unsafe leg.pointee.ptime
            if ptime % 20 != 0 { step = min(step, ptime % 10 == 0 ? 10 : 5) }
            if unsafe leg.pointee.rights.hasLists { hasLists = true }
        }
        unsafe mix.pointee.hasLists = hasLists
        unsafe setStep(mix, step)
        if rate == 0 { return }
        unsafe mix.pointee.rate = rate
        unsafe mix.pointee.places =
            places | mix.pointee.farewell.places | mix.pointee.voicedPlaces | mix.pointee.formerPlaces
    }

    /// A shorter step is taken at once: no sound is needed earlier for it. A longer one needs sound that is not due yet,
    /// which would have to be made up each time that somebody comes and goes. So it waits until the last member that
    /// needs short steps has been gone for long, and then the tick comes later by what the step got longer: all sound is
    /// that much later, and nothing is missing.
    @_noLocks private mutating func setStep(_ mix: MixPointer, _ wanted: Int) {
        let present = unsafe mix.pointee.step
        guard wanted > present, case .mixing = unsafe mix.pointee.mode, unsafe mix.pointee.memberCount > 0 else {
            unsafe mix.pointee.step = wanted
            unsafe mix.pointee.longerStepFrom = 0
            return
        }
        let now = swh_monotonic_ns()
        if unsafe mix.pointee.longerStepFrom == 0 { unsafe mix.pointee.longerStepFrom = now &+ patience }
        if unsafe now < mix.pointee.longerStepFrom { return }
        unsafe mix.pointee.step = wanted
        unsafe mix.pointee.longerStepFrom = 0
        let later = UInt64(wanted &- present) &* 1_000_000
        unsafe heap.set(mix.pointee.node, mix.pointee.node.pointee.deadline &+ later)
        var member = unsafe mix.pointee.members
        while let leg = unsafe member {
            unsafe member = leg.pointee.next
            if unsafe leg.pointee.due != 0 { unsafe leg.pointee.due &+= later }
        }
    }

    /// Prompts or digits wait, or somebody records or wants to know who speaks.
    @_noLocks private func hasWork(_ mix: MixPointer) -> Bool {
        if unsafe mix.pointee.tellsSpeech && mix.pointee.memberCount > 0 { return true }
        if unsafe mix.pointee.players != nil || mix.pointee.taps != nil { return true }
        var member = unsafe mix.pointee.members
        while let leg = unsafe member {
            unsafe member = leg.pointee.next
            if unsafe leg.pointee.players != nil || leg.pointee.taps != nil || !leg.pointee.output.digits.isIdle {
                return true
            }
            if unsafe !leg.pointee.output.tones.isIdle { return true }
            if let settings = unsafe leg.pointee.settings, settings.hearsKeys, unsafe !mix.pointee.isLobby {
                return true
            }
        }
        return false
    }

    @_noLocks mutating func setMode(_ mix: MixPointer, _ mode: MixBlock.Mode) {
        switch (unsafe mix.pointee.mode, mode) {
        case (.idle, .idle), (.draining, .draining), (.relaying, .relaying), (.mixing, .mixing):
            if case .mixing = mode {} else { unsafe pollMembers(mix) }
            return
        default: break
        }
        if case .relaying = unsafe mix.pointee.mode { unsafe endRelay(mix, goesOn: true) }
        unsafe mix.pointee.mode = mode
        switch mode {
        case .mixing:
            unsafe unpollMembers(mix)
            unsafe startTicks(mix)
        case .idle, .draining, .relaying:
            unsafe heap.remove(mix.pointee.node)
            unsafe mix.pointee.farewell.clear()
            unsafe pollMembers(mix)
        }
    }

    @_noLocks private mutating func startTicks(_ mix: MixPointer) {
        let now = swh_monotonic_ns()
        // Golden-ratio steps spread the phases evenly whatever the number of mixes.
        nextPhase = (nextPhase &+ 12_360_680) % 20_000_000
        let phase = nextPhase % (UInt64(unsafe mix.pointee.step) &* 1_000_000)
        unsafe heap.set(mix.pointee.node, now &+ phase)
        var member = unsafe mix.pointee.members
        while let leg = unsafe member {
            unsafe member = leg.pointee.next
            unsafe leg.pointee.input.pulled(next: now &+ phase)
        }
    }

    // MARK: - Which sockets wake the worker

    @_noLocks private func pollMembers(_ mix: MixPointer) {
        var member = unsafe mix.pointee.members
        while let leg = unsafe member {
            unsafe member = leg.pointee.next
            if unsafe leg.pointee.isPolled { continue }
            guard let sockets = unsafe leg.pointee.sockets else { continue }
            let data = UInt64(UInt(bitPattern: leg))
            if swh_epoll_add(packetEpoll, sockets.rtp.descriptor, data) == 0 {
                unsafe leg.pointee.isPolled = true
            }
        }
    }

    @_noLocks private func unpollMembers(_ mix: MixPointer) {
        var member = unsafe mix.pointee.members
        while let leg = unsafe member {
            unsafe member = leg.pointee.next
            unsafe unpoll(leg)
        }
    }

    @_noLocks func unpoll(_ leg: LegPointer) {
        guard unsafe leg.pointee.isPolled, let sockets = unsafe leg.pointee.sockets else { return }
        _ = swh_epoll_remove(packetEpoll, sockets.rtp.descriptor)
        unsafe leg.pointee.isPolled = false
    }
}
