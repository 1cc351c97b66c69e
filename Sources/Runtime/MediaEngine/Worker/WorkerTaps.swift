import AudioGraph
import Rings

/// What taps take out of a step of a mix.
extension Worker {
    // MARK: - Commands

    @_noLocks mutating func addTap(_ tap: TapPointer) {
        if let leg = unsafe tap.pointee.leg {
            unsafe tap.pointee.next = leg.pointee.taps
            unsafe leg.pointee.taps = tap
            if let mix = unsafe leg.pointee.mix { unsafe review(mix) }
        } else if let mix = unsafe tap.pointee.mix {
            unsafe tap.pointee.next = mix.pointee.taps
            unsafe mix.pointee.taps = tap
            unsafe review(mix)
        }
    }

    @_noLocks mutating func removeTap(_ tap: TapPointer) {
        var previous: TapPointer?
        var current = unsafe tap.pointee.leg?.pointee.taps ?? tap.pointee.mix?.pointee.taps
        while let candidate = unsafe current {
            if unsafe candidate == tap {
                if let before = unsafe previous {
                    unsafe before.pointee.next = tap.pointee.next
                } else if let leg = unsafe tap.pointee.leg {
                    unsafe leg.pointee.taps = tap.pointee.next
                } else if let mix = unsafe tap.pointee.mix {
                    unsafe mix.pointee.taps = tap.pointee.next
                }
                break
            }
            unsafe previous = candidate
            unsafe current = candidate.pointee.next
        }
        if let mix = unsafe tap.pointee.mix ?? tap.pointee.leg?.pointee.mix { unsafe review(mix) }
        unsafe retire(.untapped, UnsafeMutableRawPointer(tap))
    }

    // MARK: - Sound

    /// Every un-muted input and the conversation's prompts.
    @_noLocks func tap(_ mix: MixPointer, _ scheduled: UInt64, _ step: Int, _ hasPrompts: Bool) {
        if unsafe mix.pointee.taps == nil { return }
        let top = unsafe mix.pointee.rate
        let promptCount = hasPrompts ? top / 1000 &* step : 0
        if hasPrompts {
            unsafe SampleMath.clip(scratch.prompt(BusRate.place(of: top)), into: scratch.tapped, count: promptCount)
        }
        var (planes, samples) = (hasPrompts ? 1 : 0, promptCount)
        unsafe countVoices(of: mix, except: nil, step, &planes, &samples)
        var tap = unsafe mix.pointee.taps
        while let current = unsafe tap {
            unsafe tap = current.pointee.next
            if unsafe !current.pointee.begin(
                at: scheduled, milliseconds: step, planes: planes, samples: samples, header: scratch.tapHeader)
            {
                continue
            }
            unsafe addVoices(of: mix, except: nil, step, to: current)
            if hasPrompts {
                unsafe current.pointee.add(
                    scratch.tapped, count: promptCount, rate: top, channel: 0, header: scratch.tapHeader)
            }
        }
    }

    /// What a leg says and what it hears, prompts of its own and of all included.
    /// - Parameters:
    ///   - heard: what it hears in this step.
    ///   - hasOwn: `scratch.part` holds its own prompts.
    @_noLocks func tap(
        _ leg: LegPointer, in mix: MixPointer, heard: UnsafeMutablePointer<Int16>, hasOwn: Bool, _ step: Int,
        _ hasPrompts: Bool
    ) {
        let rate = unsafe leg.pointee.rate
        let count = rate / 1000 &* step
        let speaks = unsafe leg.pointee.speaks
        var tap = unsafe leg.pointee.taps
        while let current = unsafe tap {
            unsafe tap = current.pointee.next
            let channels = unsafe current.pointee.channels
            if channels > 2 {
                unsafe tapParties(current, leg, mix, hasOwn: hasOwn, step, hasPrompts)
                continue
            }
            let isOwnVoice = unsafe current.pointee.isOwnVoice
            let planes = (speaks ? 1 : 0) &+ (isOwnVoice ? 0 : 1)
            if unsafe !current.pointee.begin(
                at: leg.pointee.due, milliseconds: step, planes: planes, samples: planes &* count,
                header: scratch.tapHeader)
            {
                continue
            }
            if speaks {
                unsafe current.pointee.add(
                    leg.pointee.said, count: count, rate: rate, channel: 0, header: scratch.tapHeader)
            }
            if isOwnVoice { continue }
            unsafe current.pointee.add(
                heard, count: count, rate: rate, channel: channels &- 1, header: scratch.tapHeader)
        }
    }

    /// Behind the first channel one a party, the last for the rest of them and for prompts.
    @_noLocks private func tapParties(
        _ tap: TapPointer, _ leg: LegPointer, _ mix: MixPointer, hasOwn: Bool, _ step: Int, _ hasPrompts: Bool
    ) {
        unsafe giveChannels(tap, leg, mix)
        let rate = unsafe leg.pointee.rate
        let count = rate / 1000 &* step
        let hears = hasPrompts && (unsafe leg.pointee.rights.listens)
        let speaks = unsafe leg.pointee.speaks
        var planes = (speaks ? 1 : 0) &+ (hears ? 1 : 0) &+ (hasOwn ? 1 : 0)
        var samples = planes &* count
        unsafe countVoices(of: mix, except: leg, step, &planes, &samples)
        if unsafe !tap.pointee.begin(
            at: leg.pointee.due, milliseconds: step, planes: planes, samples: samples, header: scratch.tapHeader)
        {
            return
        }
        let header = unsafe scratch.tapHeader
        if speaks { unsafe tap.pointee.add(leg.pointee.said, count: count, rate: rate, channel: 0, header: header) }
        unsafe addVoices(of: mix, except: leg, step, to: tap)
        let last = unsafe tap.pointee.channels &- 1
        if hears {
            unsafe SampleMath.clip(scratch.prompt(BusRate.place(of: rate)), into: scratch.tapped, count: count)
            unsafe tap.pointee.add(scratch.tapped, count: count, rate: rate, channel: last, header: header)
        }
        if hasOwn {
            unsafe SampleMath.clip(scratch.part, into: scratch.tapped, count: count)
            unsafe tap.pointee.add(scratch.tapped, count: count, rate: rate, channel: last, header: header)
        }
    }

    @_noLocks private func countVoices(
        of mix: MixPointer, except leg: LegPointer?, _ step: Int, _ planes: inout Int, _ samples: inout Int
    ) {
        var member = unsafe mix.pointee.members
        while let party = unsafe member {
            unsafe member = party.pointee.next
            if unsafe party == leg || !party.pointee.speaks { continue }
            planes &+= 1
            unsafe samples &+= party.pointee.rate / 1000 &* step
        }
    }

    @_noLocks private func addVoices(of mix: MixPointer, except leg: LegPointer?, _ step: Int, to tap: TapPointer) {
        let isMono = unsafe tap.pointee.channels == 1
        var member = unsafe mix.pointee.members
        while let party = unsafe member {
            unsafe member = party.pointee.next
            if unsafe party == leg || !party.pointee.speaks { continue }
            let rate = unsafe party.pointee.rate
            unsafe tap.pointee.add(
                party.pointee.said, count: rate / 1000 &* step, rate: rate,
                channel: isMono ? 0 : tap.pointee.channel(of: party.pointee.key), header: scratch.tapHeader)
        }
    }

    /// Parties that are new get their channels, the leg made first before the others.
    @_noLocks private func giveChannels(_ tap: TapPointer, _ leg: LegPointer, _ mix: MixPointer) {
        while unsafe tap.pointee.hasFreeChannel {
            var first: LegPointer?
            var member = unsafe mix.pointee.members
            while let party = unsafe member {
                unsafe member = party.pointee.next
                if unsafe party == leg || tap.pointee.channel(of: party.pointee.key) != 0 { continue }
                if let known = unsafe first, unsafe known.pointee.serial < party.pointee.serial { continue }
                unsafe first = party
            }
            guard let new = unsafe first else { return }
            unsafe tap.pointee.give(channelTo: new.pointee.key)
        }
    }
}
