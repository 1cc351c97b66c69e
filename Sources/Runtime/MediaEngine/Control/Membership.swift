public import CallModel
import EdgeProtocols
import Rings

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
        return made
    }

    func apply(_ audio: MemberAudio, to leg: LegRecord) {
        if leg.audio == audio { return }
        let isOrdinary =
            audio.enabled && !audio.muted && !audio.earmuffed && audio.canSpeak == nil && audio.canHear == nil
        let isFirst = leg.audio == nil
        leg.audio = audio
        if isFirst && isOrdinary { return }
        var change = LegChange()
        change.retired.canSpeak = leg.canSpeak
        change.retired.canHear = leg.canHear
        leg.canSpeak = audio.canSpeak.map { KeyList.allocate($0.map { LegKey.of($0) }) }
        leg.canHear = audio.canHear.map { KeyList.allocate($0.map { LegKey.of($0) }) }
        change.rights = AudioRights(
            isEnabled: audio.enabled, isMuted: audio.muted, isEarmuffed: audio.earmuffed, canSpeak: leg.canSpeak,
            canHear: leg.canHear)
        send(change, to: leg)
    }

    /// Gives the mix and every member what they need for the rates that there are now.
    func equip(_ mix: MixRecord, joining newcomer: LegRecord? = nil) {
        var members = mix.members
        if let newcomer { members[newcomer.serial] = newcomer }
        let places = Set(members.values.map { BusRate.place(of: $0.rate) })
        if let table = unsafe mix.converters(between: places) {
            var message = RingMessage(
                kind: WorkerCommand.equip.rawValue, tag: 0, first: Int64(Int(bitPattern: table)), second: 0, third: 0)
            unsafe message.pointer = UnsafeMutableRawPointer(mix.block)
            workers[mix.worker].send(message)
        }
        let hasLists = members.values.contains { $0.canSpeak != nil || $0.canHear != nil }
        for member in members.values {
            if let change = member.equip(hearing: hasLists ? places : []) { send(change, to: member) }
        }
    }
}
