public import CallModel
import EdgeProtocols
import Rings

internal import Glibc
internal import Synchronization

/// Who is in which mix, and who hears whom.
extension MediaEngine {
    public func attach(_ leg: LegID, to conversation: ConversationID, audio: MemberAudio) {
        state.withLock { state in
            guard let record = state.legs[leg] else { return }
            // Rights first: there is no moment of wrong audibility.
            state.apply(audio, to: record)
            let mix = state.mix(of: conversation, near: record)
            // Converters before the member that needs them: no step goes without.
            state.equip(mix, joining: record)
            state.move(record, to: mix)
        }
    }

    public func update(_ leg: LegID, audio: MemberAudio) {
        state.withLock { state in
            guard let record = state.legs[leg] else { return }
            state.apply(audio, to: record)
            if let mix = record.mix { state.equip(mix) }
        }
    }

    public func detach(_ leg: LegID) {
        state.withLock { state in
            if let record = state.legs[leg] { state.move(record, to: nil) }
        }
    }

    public func tellSpeaking(in conversation: ConversationID, isOn: Bool) {
        state.withLock { state in
            let isNew = isOn ? state.watched.insert(conversation).inserted : state.watched.remove(conversation) != nil
            if isNew, let mix = state.mixes[conversation] { state.tellSpeech(of: mix, isOn: isOn) }
        }
    }

    public func sendDigits(_ leg: LegID, _ digits: String) {
        state.withLock { state in
            guard let record = state.legs[leg] else { return }
            if let change = record.equip() { state.send(change, to: record) }
            var change = LegChange()
            for byte in digits.utf8.prefix(64) {
                change.digits[change.digitCount] = byte
                change.digitCount += 1
            }
            if change.digitCount > 0, record.place != .unborn { state.send(change, to: record) }
        }
    }
}

extension EngineState {
    /// The conversation's mix, made when there is none: on the leg's own worker unless that one is crowded.
    mutating func mix(of conversation: ConversationID, near leg: LegRecord?) -> MixRecord {
        if let known = mixes[conversation] { return known }
        let made = MixRecord(id: conversation, worker: place(preferring: leg?.worker))
        mixes[conversation] = made
        if watched.contains(conversation) { tellSpeech(of: made, isOn: true) }
        return made
    }

    func tellSpeech(of mix: MixRecord, isOn: Bool) {
        var message = RingMessage(
            kind: WorkerCommand.tellSpeech.rawValue, tag: 0, first: isOn ? 1 : 0, second: 0, third: 0)
        unsafe message.pointer = UnsafeMutableRawPointer(mix.block)
        workers[mix.worker].send(message)
    }

    func apply(_ audio: MemberAudio, to leg: LegRecord) {
        if leg.audio == audio { return }
        let isOrdinary =
            audio.enabled && !audio.muted && !audio.earmuffed && audio.canSpeak == nil && audio.canHear == nil
            && audio.level == 0
        let isFirst = leg.audio == nil
        leg.audio = audio
        if isFirst && isOrdinary { return }
        var change = LegChange()
        change.retired.canSpeak = leg.canSpeak
        change.retired.canHear = leg.canHear
        leg.canSpeak = audio.canSpeak.map { KeyList.allocate($0.map { LegKey.of($0) }) }
        leg.canHear = audio.canHear.map { KeyList.allocate($0.map { LegKey.of($0) }) }
        change.rights = AudioRights(
            isEnabled: audio.enabled, isMuted: audio.muted, isEarmuffed: audio.earmuffed,
            volume: Float(pow(10, audio.levelDecibels / 20)), canSpeak: leg.canSpeak,
            canHear: leg.canHear)
        send(change, to: leg)
    }

    /// Gives the mix and every member what they need for the rates that there are now.
    /// - Parameter floor: rate of what is about to be played to them.
    func equip(_ mix: MixRecord, joining newcomer: LegRecord? = nil, floor: Int = 0) {
        var members = mix.members
        if let newcomer { members[newcomer.serial] = newcomer }
        let opusRates = opusRates(members, mix, hasJoined: newcomer != nil, floor: floor)
        let places = Set(members.values.map { BusRate.place(of: opusRates[$0.serial] ?? $0.rate) })
        if let table = unsafe mix.converters(between: places) {
            var message = RingMessage(
                kind: WorkerCommand.equip.rawValue, tag: 0, first: Int64(Int(bitPattern: table)), second: 0, third: 0)
            unsafe message.pointer = UnsafeMutableRawPointer(mix.block)
            workers[mix.worker].send(message)
        }
        let hasLists = members.values.contains { $0.canSpeak != nil || $0.canHear != nil }
        for member in members.values {
            let change = member.equip(hearing: hasLists ? places : [], opusRate: opusRates[member.serial])
            if let change { send(change, to: member) }
        }
    }

    /// At which rate the Opus of each member runs: the lowest that loses nothing of what the others say and hear, so a
    /// call with a telephone costs the codec work of 8 kHz. It goes up at once; it comes down only when somebody joins
    /// and nothing plays, so that it does not go to and fro.
    private func opusRates(_ members: [UInt64: LegRecord], _ mix: MixRecord, hasJoined: Bool, floor: Int)
        -> [UInt64: Int]
    {
        var highest = 0
        var second = 0
        for member in members.values {
            second = max(second, min(highest, member.fullRate))
            highest = max(highest, member.fullRate)
        }
        // Recordings are written, and speech is recognised, at 16 kHz.
        let recorded = mix.taps > 0 || taps.values.contains { $0.leg?.mix === mix } ? 16_000 : 0
        var rates: [UInt64: Int] = [:]
        for member in members.values where member.usesOpus {
            // Its own rate is the highest; alone it keeps that.
            let others = members.count == 1 ? 48_000 : second
            let needed = max(others, floor, recorded)
            let isFresh = member.equipment.decoder == nil
            let mayFall = hasJoined && mix.plays == 0 && !plays.values.contains { $0.leg === member }
            rates[member.serial] = needed >= member.rate || isFresh || mayFall ? needed : member.rate
        }
        return rates
    }
}
