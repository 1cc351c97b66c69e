import AudioGraph

/// The buses of a mix: what is summed at one rate and heard at another.
extension Worker {
    @_noLocks static func has(_ places: UInt8, _ place: Int) -> Bool {
        places & (UInt8(1) << UInt8(truncatingIfNeeded: place)) != 0
    }

    @_noLocks func clearBuses(_ mix: MixPointer) {
        let (places, step) = unsafe (mix.pointee.places, mix.pointee.step)
        var place = 0
        while place < BusRate.count {
            if Self.has(places, place) {
                unsafe SampleMath.clear(scratch.sum(place), count: BusRate.rate(at: place) / 1000 &* step)
            }
            place &+= 1
        }
    }

    /// What listeners of each bus hear: its own voices and those of the others, converted.
    @_noLocks func joinBuses(_ mix: MixPointer, _ voiced: UInt8) {
        let (places, step) = unsafe (mix.pointee.places, mix.pointee.step)
        var place = 0
        while place < BusRate.count {
            if Self.has(places, place) {
                let count = BusRate.rate(at: place) / 1000 &* step
                unsafe SampleMath.copy(scratch.sum(place), to: scratch.total(place), count: count)
            }
            place &+= 1
        }
        // After the last voice a converter has two steps to ring out.
        let sounding = unsafe voiced | mix.pointee.voicedPlaces | mix.pointee.formerPlaces
        unsafe mix.pointee.formerPlaces = mix.pointee.voicedPlaces
        unsafe mix.pointee.voicedPlaces = voiced
        guard let converters = unsafe mix.pointee.converters else { return }
        var from = 0
        while from < BusRate.count {
            if Self.has(sounding, from) && Self.has(places, from) {
                let count = BusRate.rate(at: from) / 1000 &* step
                unsafe SampleMath.widen(scratch.sum(from), into: scratch.unconverted, count: count)
                var to = 0
                while to < BusRate.count {
                    if to != from && Self.has(places, to) {
                        if let converter = unsafe converters.pointee.voices[from &* 3 &+ to] {
                            unsafe convert(converter, count, to: scratch.total(to), BusRate.rate(at: to) / 1000 &* step)
                        }
                    }
                    to &+= 1
                }
            }
            from &+= 1
        }
    }

    /// Makes the conversation's prompts for each bus.
    /// - Returns: true when anything plays.
    @_noLocks func announce(_ mix: MixPointer) -> Bool {
        let (places, step, rate) = unsafe (mix.pointee.places, mix.pointee.step, mix.pointee.rate)
        let top = BusRate.place(of: rate)
        let count = rate / 1000 &* step
        let plays = unsafe renderPrompts(mix.pointee.players, into: scratch.prompt(top), count, rate)
        let hadPrompts = unsafe mix.pointee.hadPrompts
        unsafe mix.pointee.hadPrompts = plays
        if !plays && !hadPrompts { return false }
        if !plays { unsafe SampleMath.clear(scratch.prompt(top), count: count) }
        if places == UInt8(1) << UInt8(truncatingIfNeeded: top) { return plays }
        unsafe SampleMath.widen(scratch.prompt(top), into: scratch.unconverted, count: count)
        var to = 0
        while to < top {
            if Self.has(places, to) {
                let wanted = BusRate.rate(at: to) / 1000 &* step
                unsafe SampleMath.clear(scratch.prompt(to), count: wanted)
                if let converter = unsafe mix.pointee.converters?.pointee.prompts[top &* 3 &+ to] {
                    unsafe convert(converter, count, to: scratch.prompt(to), wanted)
                }
            }
            to &+= 1
        }
        return true
    }

    /// What one listener hears when lists make it different from the others: the voices of each bus that it may hear,
    /// each through a converter of its own.
    @_noLocks func sumFor(_ listener: LegPointer, _ mix: MixPointer, _ step: Int) {
        let place = BusRate.place(of: unsafe listener.pointee.rate)
        let wanted = BusRate.rate(at: place) / 1000 &* step
        unsafe SampleMath.clear(scratch.ownSum, count: wanted)
        var from = 0
        while from < BusRate.count {
            if Self.has(unsafe mix.pointee.places, from) {
                let count = BusRate.rate(at: from) / 1000 &* step
                unsafe SampleMath.clear(scratch.part, count: count)
                unsafe addVoices(of: from, for: listener, mix, count)
                if from == place {
                    unsafe SampleMath.add(scratch.part, to: scratch.ownSum, count: count)
                } else if let converter = unsafe listener.pointee.equipment.fromBus[from] {
                    unsafe SampleMath.widen(scratch.part, into: scratch.unconverted, count: count)
                    unsafe convert(converter, count, to: scratch.ownSum, wanted)
                }
            }
            from &+= 1
        }
    }

    @_noLocks private func addVoices(of place: Int, for listener: LegPointer, _ mix: MixPointer, _ count: Int) {
        var member = unsafe mix.pointee.members
        while let speaker = unsafe member {
            unsafe member = speaker.pointee.next
            if unsafe speaker == listener || !speaker.pointee.speaks || !speaker.pointee.isDue { continue }
            if BusRate.place(of: unsafe speaker.pointee.rate) != place { continue }
            let isPermitted = unsafe AudioRights.permit(
                speaker: speaker.pointee.rights, speakerKey: speaker.pointee.key,
                listener: listener.pointee.rights, listenerKey: listener.pointee.key)
            if isPermitted { unsafe SampleMath.add(speaker.pointee.said, to: scratch.part, count: count) }
        }
    }

    /// Converts `scratch.unconverted` and adds it to a sum.
    @_noLocks private func convert(
        _ converter: RateConverter, _ count: Int, to sum: UnsafeMutablePointer<Int32>, _ capacity: Int
    ) {
        let made = unsafe converter.run(scratch.unconverted, count: count, into: scratch.converted, capacity: capacity)
        unsafe SampleMath.add(scratch.converted, to: sum, count: made)
    }
}
