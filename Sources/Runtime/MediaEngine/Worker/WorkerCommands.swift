import RTP
import AudioGraph
import CLinux
import Rings

/// What a worker does with control's commands.
extension Worker {
    @_noLocks mutating func takeCommands() {
        var message = RingMessage(kind: 0)
        while commands.pop(into: &message) {
            guard let command = WorkerCommand.of(message) else { continue }
            if case .quit = command {
                mustQuit = true
                continue
            }
            guard let pointer = unsafe message.pointer else { continue }
            switch command {
            case .adopt:
                unsafe adopt(pointer.assumingMemoryBound(to: LegBlock.self), Self.mix(message.first))
            case .release:
                unsafe release(pointer.assumingMemoryBound(to: LegBlock.self), hasEnded: message.first != 0)
            case .join:
                let leg = unsafe pointer.assumingMemoryBound(to: LegBlock.self)
                unsafe leave(leg)
                unsafe enter(leg, Self.mix(message.first) ?? leg.pointee.lobby)
            case .close:
                unsafe close(pointer.assumingMemoryBound(to: MixBlock.self))
            case .change:
                unsafe change(pointer.assumingMemoryBound(to: LegBlock.self), message.first)
            case .play:
                unsafe play(pointer.assumingMemoryBound(to: PlayerBlock.self))
            case .stop:
                unsafe stop(pointer.assumingMemoryBound(to: PlayerBlock.self))
            case .equip:
                let mix = unsafe pointer.assumingMemoryBound(to: MixBlock.self)
                unsafe mix.pointee.converters = UnsafeMutablePointer(bitPattern: Int(message.first))
            case .tellSpeech:
                unsafe tellSpeech(of: pointer.assumingMemoryBound(to: MixBlock.self), message.first != 0)
            case .tap:
                unsafe addTap(pointer.assumingMemoryBound(to: TapBlock.self))
            case .untap:
                unsafe removeTap(pointer.assumingMemoryBound(to: TapBlock.self))
            case .quit:
                mustQuit = true
            }
        }
    }

    @_noLocks private static func mix(_ bits: Int64) -> MixPointer? {
        unsafe MixPointer(bitPattern: Int(bits))
    }

    // MARK: - Legs

    @_noLocks private mutating func adopt(_ leg: LegPointer, _ mix: MixPointer?) {
        unsafe leg.pointee.housekeeping.pointee.owner = UnsafeMutableRawPointer(leg)
        unsafe leg.pointee.housekeeping.pointee.isLeg = true
        unsafe heap.set(leg.pointee.housekeeping, swh_monotonic_ns() &+ 50_000_000)
        unsafe enter(leg, mix ?? leg.pointee.lobby)
    }

    @_noLocks private mutating func release(_ leg: LegPointer, hasEnded: Bool) {
        unsafe leave(leg)
        unsafe unpoll(leg)
        unsafe heap.remove(leg.pointee.housekeeping)
        unsafe leg.pointee.publish()
        unsafe retire(hasEnded ? .ended : .released, UnsafeMutableRawPointer(leg))
    }

    @_noLocks mutating func enter(_ leg: LegPointer, _ mix: MixPointer) {
        unsafe unpoll(leg)
        unsafe leg.pointee.mix = mix
        unsafe leg.pointee.next = mix.pointee.members
        unsafe mix.pointee.members = leg
        unsafe mix.pointee.memberCount &+= 1
        unsafe leg.pointee.hasMoved = true
        unsafe leg.pointee.fadesIn = true
        unsafe leg.pointee.fadesOut = false
        unsafe leg.pointee.speaks = false
        unsafe leg.pointee.speech = SpeakingDetector()
        if unsafe mix.pointee.isLobby {
            unsafe leg.pointee.expectedSince = 0
        } else if unsafe leg.pointee.expectedSince == 0 {
            unsafe leg.pointee.expectedSince = swh_monotonic_ns()
        }
        unsafe review(mix)
    }

    @_noLocks mutating func leave(_ leg: LegPointer) {
        guard let mix = unsafe leg.pointee.mix else { return }
        unsafe endVoice(leg, mix)
        if unsafe leg.pointee.speech.isOn { unsafe scratch.sink.report(.speaking, serial: leg.pointee.serial, 0, 0) }
        if case .relaying = unsafe mix.pointee.mode { unsafe endRelay(mix, goesOn: false) }
        var previous: LegPointer?
        var member = unsafe mix.pointee.members
        while let current = unsafe member {
            if unsafe current == leg {
                if let before = unsafe previous {
                    unsafe before.pointee.next = leg.pointee.next
                } else {
                    unsafe mix.pointee.members = leg.pointee.next
                }
                unsafe mix.pointee.memberCount &-= 1
                break
            }
            unsafe previous = current
            unsafe member = current.pointee.next
        }
        unsafe leg.pointee.mix = nil
        unsafe leg.pointee.next = nil
        if let device = unsafe leg.pointee.device { device.leave() }
        unsafe leg.pointee.output.declicker.arm()
        unsafe review(mix)
    }

    /// What was heard of a leg that leaves ends without a step.
    @_noLocks private func endVoice(_ leg: LegPointer, _ mix: MixPointer) {
        guard case .mixing = unsafe mix.pointee.mode, unsafe leg.pointee.speaks else { return }
        unsafe leg.pointee.speaks = false
        if unsafe mix.pointee.hasLists { return unsafe armOutputs(mix) }
        unsafe mix.pointee.farewell.add(
            leg.pointee.said, count: leg.pointee.saidCount, rate: leg.pointee.rate)
    }

    @_noLocks private mutating func change(_ leg: LegPointer, _ bits: Int64) {
        guard let box = unsafe UnsafeMutablePointer<LegChange>(bitPattern: Int(bits)) else { return }
        if let mix = unsafe leg.pointee.mix, case .relaying = unsafe mix.pointee.mode {
            unsafe endRelay(mix, goesOn: true)
        }
        if let settings = unsafe box.pointee.settings {
            unsafe endTurnIfOver(leg)
            let wasTurning = unsafe leg.pointee.input.isTurning
            let isHeard = if let mix = unsafe leg.pointee.mix { unsafe !mix.pointee.isLobby } else { false }
            unsafe leg.pointee.apply(settings, goesOn: isHeard, decoder: box.pointee.retired.equipment?.decoder)
            unsafe endTurnIfOver(leg)
            if unsafe !wasTurning && leg.pointee.input.isTurning { unsafe leg.pointee.former.change = box }
        }
        if let codec = unsafe box.pointee.codec { unsafe leg.pointee.retune(to: codec) }
        if let equipment = unsafe box.pointee.equipment { unsafe leg.pointee.equip(equipment) }
        if let rights = unsafe box.pointee.rights {
            if unsafe !rights.speaks && leg.pointee.rights.speaks && leg.pointee.speaks {
                unsafe leg.pointee.fadesOut = true
            }
            unsafe leg.pointee.rights = rights
            unsafe armOutputs(leg.pointee.mix)
        }
        var index = 0
        let canSend = unsafe (leg.pointee.settings?.eventSendPayloadType ?? 255) != 255
        while index < (unsafe box.pointee.digitCount) {
            let digit = unsafe box.pointee.digits[index]
            if canSend {
                _ = unsafe leg.pointee.output.digits.enqueue(digit)
            } else {
                _ = unsafe leg.pointee.output.tones.enqueue(digit)
            }
            index &+= 1
        }
        if unsafe leg.pointee.former.change != box { unsafe retire(.changed, UnsafeMutableRawPointer(box)) }
        if let mix = unsafe leg.pointee.mix { unsafe review(mix) }
    }

    /// Gives back what a change of codec replaced, when the peer has followed it or is not going to.
    @_noLocks mutating func endTurnIfOver(_ leg: LegPointer) {
        guard let box = unsafe leg.pointee.former.change else { return }
        if unsafe leg.pointee.input.isTurning {
            if unsafe swh_monotonic_ns() &- leg.pointee.former.heard < FormerFormats.patience { return }
            unsafe leg.pointee.input.endTurn()
        }
        unsafe leg.pointee.former.change = nil
        unsafe retire(.changed, UnsafeMutableRawPointer(box))
    }

    /// What every member hears changes at the next tick.
    @_noLocks func armOutputs(_ mix: MixPointer?) {
        guard let mix = unsafe mix else { return }
        var member = unsafe mix.pointee.members
        while let leg = unsafe member {
            unsafe leg.pointee.output.declicker.arm()
            unsafe member = leg.pointee.next
        }
    }

    // MARK: - Mixes and prompts

    @_noLocks private mutating func close(_ mix: MixPointer) {
        unsafe heap.remove(mix.pointee.node)
        unsafe retire(.closed, UnsafeMutableRawPointer(mix))
    }

    @_noLocks private mutating func play(_ player: PlayerPointer) {
        if let leg = unsafe player.pointee.leg {
            unsafe player.pointee.next = leg.pointee.players
            unsafe leg.pointee.players = player
            unsafe leg.pointee.output.declicker.arm()
            if let mix = unsafe leg.pointee.mix { unsafe review(mix) }
        } else if let mix = unsafe player.pointee.mix {
            unsafe player.pointee.next = mix.pointee.players
            unsafe mix.pointee.players = player
            unsafe armOutputs(mix)
            unsafe review(mix)
        }
    }

    @_noLocks private mutating func stop(_ player: PlayerPointer) {
        if unsafe !player.pointee.hasEnded {
            unsafe unlink(player)
            if let leg = unsafe player.pointee.leg {
                unsafe leg.pointee.output.declicker.arm()
                if let mix = unsafe leg.pointee.mix { unsafe review(mix) }
            } else if let mix = unsafe player.pointee.mix {
                unsafe armOutputs(mix)
                unsafe review(mix)
            }
        }
        unsafe retire(.stopped, UnsafeMutableRawPointer(player))
    }

    @_noLocks private mutating func tellSpeech(of mix: MixPointer, _ isOn: Bool) {
        unsafe mix.pointee.tellsSpeech = isOn
        var member = unsafe mix.pointee.members
        while let leg = unsafe member {
            unsafe member = leg.pointee.next
            unsafe leg.pointee.speech = SpeakingDetector()
        }
        unsafe review(mix)
    }

    /// Takes a player out of its target's list.
    @_noLocks func unlink(_ player: PlayerPointer) {
        var previous: PlayerPointer?
        var current = unsafe player.pointee.leg?.pointee.players ?? player.pointee.mix?.pointee.players
        while let candidate = unsafe current {
            if unsafe candidate == player {
                if let before = unsafe previous {
                    unsafe before.pointee.next = player.pointee.next
                } else if let leg = unsafe player.pointee.leg {
                    unsafe leg.pointee.players = player.pointee.next
                } else if let mix = unsafe player.pointee.mix {
                    unsafe mix.pointee.players = player.pointee.next
                }
                break
            }
            unsafe previous = candidate
            unsafe current = candidate.pointee.next
        }
        unsafe player.pointee.next = nil
    }

    // MARK: - Back to control

    /// Hands memory back, or keeps it until the report ring has room.
    @_noLocks mutating func retire(_ kind: WorkerReport, _ pointer: UnsafeMutableRawPointer) {
        if unsafe retiredCount == 0 && scratch.sink.handBack(kind, pointer) { return }
        if retiredCount < Self.retiredCapacity {
            unsafe retired[retiredCount] = Retirement(kind: kind, pointer: pointer)
            retiredCount &+= 1
        }
    }

    /// Tries again what found no room.
    @_noLocks mutating func handBackLate() {
        var done = 0
        while done < retiredCount {
            let entry = unsafe retired[done]
            if unsafe !scratch.sink.handBack(entry.kind, entry.pointer) { break }
            done &+= 1
        }
        if done == 0 { return }
        var index = done
        while index < retiredCount {
            unsafe retired[index &- done] = unsafe retired[index]
            index &+= 1
        }
        retiredCount &-= done
    }
}
