import Synchronization
import AudioGraph
import CLinux
import RTP
import VoiceCodecs

/// Two members with one codec and nothing to mix: packets pass undecoded, renumbered, on the worker's drain.
extension Worker {
    @_noLocks func isRelayable(_ mix: MixPointer) -> Bool {
        guard unsafe !mix.pointee.isLobby, let a = unsafe mix.pointee.members, let b = unsafe a.pointee.next,
            let one = unsafe a.pointee.settings, let other = unsafe b.pointee.settings
        else { return false }
        if one.ptime != other.ptime || !one.sends || !one.receives || !other.sends || !other.receives { return false }
        if !one.codec.isSame(as: other.codec) { return false }
        // What the peer sent in the codec before must be decoded.
        if unsafe a.pointee.input.isTurning || b.pointee.input.isTurning { return false }
        if unsafe !a.pointee.rights.speaks || !a.pointee.rights.listens { return false }
        if unsafe !b.pointee.rights.speaks || !b.pointee.rights.listens { return false }
        if unsafe a.pointee.rights.volume != 1 || b.pointee.rights.volume != 1 { return false }
        if unsafe mix.pointee.hasLists {
            return unsafe AudioRights.permit(
                speaker: a.pointee.rights, speakerKey: a.pointee.key, listener: b.pointee.rights,
                listenerKey: b.pointee.key)
                && AudioRights.permit(
                    speaker: b.pointee.rights, speakerKey: b.pointee.key, listener: a.pointee.rights,
                    listenerKey: a.pointee.key)
        }
        return true
    }

    /// Starts to relay at once when nothing is on its way through the mix, else when what was decoded has been played:
    /// for G.711 the rest goes out as a short packet; Opus waits for a frame's border, half a second at most.
    @_noLocks mutating func considerRelay(_ mix: MixPointer) {
        if case .relaying = unsafe mix.pointee.mode { return unsafe setMode(mix, .relaying) }
        guard let a = unsafe mix.pointee.members, let b = unsafe a.pointee.next else { return }
        unsafe mix.pointee.relayableTicks &+= 1
        // Who has just left dies away in the next step.
        if unsafe mix.pointee.farewell.places != 0 { return }
        if case .mixing = unsafe mix.pointee.mode, unsafe mix.pointee.relayableTicks < 25,
            unsafe a.pointee.hasLooseEnds || b.pointee.hasLooseEnds
        {
            return
        }
        unsafe mix.pointee.relayableTicks = 0
        let now = swh_monotonic_ns()
        unsafe a.pointee.relay.clear()
        unsafe b.pointee.relay.clear()
        unsafe a.pointee.fadesIn = false
        unsafe b.pointee.fadesIn = false
        unsafe handOver(a, b, now)
        unsafe handOver(b, a, now)
        unsafe setMode(mix, .relaying)
    }

    /// What `from` has said but nobody has heard yet goes to `to` undecoded.
    @_noLocks private func handOver(_ from: LegPointer, _ to: LegPointer, _ now: UInt64) {
        // Who has just come in has heard nothing of this mix yet.
        let follows = unsafe !to.pointee.hasMoved
        if let room = unsafe to.pointee.output.room(for: Scratch.stepCapacity),
            let settings = unsafe from.pointee.settings, let other = unsafe to.pointee.settings,
            settings.codec.isSame(as: other.codec), settings.codec.sampleRate == other.codec.sampleRate
        {
            let rest = unsafe from.pointee.input.takeQueued(into: room, capacity: Scratch.stepCapacity)
            if follows { unsafe to.pointee.output.gathered(rest) }
            unsafe to.pointee.sendGathered(scratch, at: now)
            unsafe to.pointee.sendRemainder(scratch, at: now)
        }
        while let packet = unsafe from.pointee.input.playout.takeNext() {
            let payload = unsafe scratch.packet.advanced(by: RTPHeader.byteCount)
            unsafe swh_copy(payload, packet.payload, packet.count)
            unsafe to.pointee.relay(
                payload: payload, packet.count, marker: false, sequence: packet.sequence,
                timestamp: packet.timestamp, arrival: now, map: &from.pointee.relay, isHandedOver: follows,
                scratch)
        }
        unsafe from.pointee.input.playout.restart()
    }

    /// Back to mixing: both playout buffers start anew with the next packet. When the two stay together each output
    /// waits for the other's input (60 ms at most), so that between the last relayed and the first mixed sample there
    /// is neither hole nor silence.
    @_noLocks mutating func endRelay(_ mix: MixPointer, goesOn: Bool) {
        let now = swh_monotonic_ns()
        var member = unsafe mix.pointee.members
        while let leg = unsafe member {
            unsafe member = leg.pointee.next
            unsafe leg.pointee.relay.clear()
            unsafe leg.pointee.input.restart(leg.pointee.equipment, breaksOff: false)
            unsafe leg.pointee.output.forget()
            unsafe leg.pointee.output.declicker = Declicker()
            unsafe leg.pointee.heldUntil = goesOn ? now &+ 60_000_000 : 0
        }
        unsafe mix.pointee.mode = .idle
    }

    // MARK: - The drain

    /// Reads every socket that has packets, of relayed legs and of legs outside conversations.
    @_noLocks mutating func drainPackets() {
        let now = swh_monotonic_ns()
        var received = 0
        var rounds = 0
        while rounds < 16 {
            rounds &+= 1
            let count = Int(unsafe swh_epoll_wait(packetEpoll, packetEvents, 64, 0))
            var index = 0
            while index < count {
                if let leg = unsafe LegPointer(bitPattern: UInt(packetEvents[index].data)) {
                    unsafe received &+= leg.pointee.receive(scratch, relayingTo: peer(of: leg), isMixed: false)
                    unsafe leg.pointee.publish()
                }
                index &+= 1
            }
            if count < 64 { break }
        }
        unsafe _ = scratch.sink.shared.pointee.relayedPackets.add(received, ordering: .relaxed)
        drained &+= received
        if now &- drainWindow >= 100_000_000 { chooseWaiting(now) }
    }

    /// The leg that packets of `leg` are passed on to.
    @_noLocks private func peer(of leg: LegPointer) -> LegPointer? {
        guard let mix = unsafe leg.pointee.mix, case .relaying = unsafe mix.pointee.mode,
            let first = unsafe mix.pointee.members
        else { return nil }
        return unsafe first == leg ? first.pointee.next : first
    }

    /// Below some eight streams a wake-up for each packet costs little and delays nothing; above, a drain every 2 ms
    /// saves most of the wake-ups.
    @_noLocks private mutating func chooseWaiting(_ now: UInt64) {
        let isBusy = drained > 40
        drained = 0
        drainWindow = now
        if isBusy == !waitsForPackets { return }
        waitsForPackets = !isBusy
        if isBusy {
            _ = swh_epoll_remove(epoll, packetEpoll)
            nextDrain = now &+ drain
        } else {
            _ = swh_epoll_add(epoll, packetEpoll, 1)
        }
    }
}

extension LegBlock {
    /// Sound that cannot be passed on as a packet of its own.
    var hasLooseEnds: Bool {
        @_noLocks get {
            guard let settings, !settings.codec.hasAnyLength else { return false }
            return input.queued > 0 || output.count > 0
        }
    }
}
