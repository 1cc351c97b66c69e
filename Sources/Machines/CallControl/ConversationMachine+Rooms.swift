import CallModel
import EdgeProtocols
import MediaTime
import NCCO
import WireJSON

/// Named rooms and the moves of legs into them (ncco §3.2, media-and-legs §6, README 5).
extension ConversationMachine {
    // MARK: The conversation a leg leaves

    mutating func enterRoom(_ legID: LegID, _ action: ConversationAction, _ world: World) {
        guard let leg = legs[legID] else { return }
        var entry = RoomEntry(
            name: action.name, audio: audio(of: leg, action.canSpeak, action.canHear, mute: action.mute),
            startOnEnter: action.startOnEnter, endOnExit: action.endOnExit, musicOnHoldURL: action.musicOnHoldURL,
            from: id, formerMember: leg.member)
        entry.records = action.record
        entry.recordEvent = action.event ?? leg.eventTarget
        entry.transcription = action.transcription
        update(legID) { $0.script?.step = .inRoom }
        depart(legID, world) { .enterRoom($0, entry) }
    }

    /// `transfer`: every leg of this conversation moves, and no script of it goes on (ncco §3.9).
    mutating func transfer(_ action: Transfer, _ legID: LegID, _ world: World) {
        guard action.conversation != id, world.isLive(action.conversation, application) else {
            errorEvent("transfer: there is no conversation \(action.conversation) to move into", leg: legs[legID])
            return
        }
        for leg in liveLegs where !leg.isAnswered && leg.direction == .outbound {
            end(leg.id, Endings.cancelled(by: .platform), signal: true, world)
        }
        for (play, _) in plays { stop(play) }
        for leg in liveLegs where leg.pendingEnd == nil {
            var entry = RoomEntry(
                name: action.conversation.text,
                audio: audio(of: leg, action.canSpeak, action.canHear, mute: action.mute), startOnEnter: true,
                endOnExit: false, musicOnHoldURL: nil, from: id, formerMember: leg.member)
            entry.target = action.conversation
            update(leg.id) {
                $0.script = ScriptRunner(actions: [])
                $0.script?.step = .finished
                $0.parent = nil
                $0.isPrivate = false
            }
            depart(leg.id, world) { .enterRoom($0, entry) }
        }
    }

    private func audio(of leg: Leg, _ canSpeak: [String]?, _ canHear: [String]?, mute: Bool) -> MemberAudio {
        var audio = leg.audio
        audio.muted = audio.muted || mute
        audio.canSpeak = canSpeak.map { $0.map(LegID.init) }
        audio.canHear = canHear.map { $0.map(LegID.init) }
        return audio
    }

    /// A leg leaves for another conversation, whole.
    private mutating func depart(_ legID: LegID, _ world: World, _ effect: (Leg) -> Effect) {
        stopRinging(legID)
        endSpeaking(legID, world)
        packRecordings(of: legID)
        for (id, play) in plays where play.script == legID || play.target == .leg(legID) { stop(id) }
        update(legID) { $0.overlay = nil }
        guard let leg = legs[legID] else { return }
        touchedLegs.remove(legID)
        for key in [TimerKey.ring(legID), .length(legID), .digits(legID), .wait(legID)] { emit(.cancelTimer(key)) }
        remove(legID)
        if leg.member != nil { departing[legID] = leg }
        emit(effect(leg))
        // A reserved conversation that was never made has nothing left to do.
        if legs.isEmpty, record == nil {
            isOver = true
            emit(.over)
        }
    }

    mutating func departed(_ moved: Leg, to target: ConversationID, _ world: World) {
        guard let leg = departing.removeValue(forKey: moved.id) else { return }
        memberLeft(leg, reason: ("16", "transferred"), bySystem: true)
        settle(afterDepartureOf: leg, world)
    }

    // MARK: The room

    mutating func adopt(_ arriving: Leg, _ entry: RoomEntry, _ world: World) {
        guard legs.count < world.settings.membersPerConversation else {
            refuseEntry(
                arriving, entry,
                "conversation: '\(entry.name)' has its limit of \(world.settings.membersPerConversation) members", world
            )
            return
        }
        guard !isOver else {
            refuseEntry(arriving, entry, "transfer: the conversation \(id) has just ended", world)
            return
        }
        createConversation(transient: roomName == nil)
        emit(.cancelTimer(.emptyRoom))
        var leg = arriving
        let former = entry.formerMember
        leg.member = MemberID.make()
        leg.audio = entry.audio
        leg.audio.flowing = arriving.audio.flowing
        leg.endsRoomOnExit = entry.endOnExit
        leg.startsRoom = entry.startOnEnter
        insert(leg)
        unpackRecordings(of: leg)
        if let former {
            rtc(
                "rtc:transfer", from: leg,
                body: [
                    "was_member": .string(former.text), "user_id": .string(leg.user.id.text),
                    "transferred_from": .string(entry.from.text), "channel": .object(leg.channel),
                ])
        }
        memberJoined(leg.id)
        transferEvent(leg, from: entry.from)
        let startsNow = entry.startOnEnter && !hasStarted
        if startsNow { hasStarted = true }
        if let answered = leg.answeredAt {
            memberMedia(leg.id)
            attach(leg.id)
            let spent = Duration.milliseconds(lastInstant.milliseconds - answered.milliseconds)
            emit(.setTimer(.length(leg.id), after: max(.zero, .seconds(leg.limitSeconds) - spent)))
        } else {
            answerIfNeeded(leg.id, world)
        }
        if entry.audio.muted {
            // Written like a client's mute (README 8c); nobody asked, so `from` is absent.
            rtc("audio:mute:on", to: legs[leg.id]?.member, body: ["rtc_id": .string(leg.id.text)])
            memberMedia(leg.id)
        }
        if entry.records { recordRoom(RoomRecordingWish(event: entry.recordEvent, transcription: entry.transcription)) }
        if startsNow { openRoom() }
        if !hasStarted, let music = entry.musicOnHoldURL {
            play(.url(music), event: nil, script: nil, to: .leg(leg.id), loop: 0, level: 0) { play, machine in
                machine.update(leg.id) { $0.ringing = play }
            }
        }
        emit(.welcome(arriving, from: entry.from))
    }

    private mutating func refuseEntry(_ leg: Leg, _ entry: RoomEntry, _ reason: String, _ world: World) {
        // Without a member here the leg has no event in this room's log; it is told of and ended where it is.
        insert(leg)
        errorEvent(reason, leg: leg)
        emit(.welcome(leg, from: entry.from))
        let ending = leg.isAnswered ? Endings.completed(by: .platform) : Endings.refused(486)
        end(leg.id, ending, signal: true, world)
    }

    mutating func transferEvent(_ leg: Leg, from old: ConversationID) {
        voiceRow(
            "transfer",
            [
                "type": "transfer", "uuid": .string(leg.id.text), "conversation_uuid_from": .string(old.text),
                "conversation_uuid_to": .string(id.text), "timestamp": .string(lastInstant.iso8601),
            ], leg: leg, destination: leg.eventTarget)
    }

    /// The first member with `startOnEnter` is here: those who wait hear each other from now on.
    private mutating func openRoom() {
        for leg in liveLegs {
            stopRinging(leg.id)
            if leg.isAttached { emit(.updateAudio(leg.id, leg.audio)) }
        }
    }

    mutating func settleRoom(after gone: Leg, _ world: World) {
        if gone.endsRoomOnExit {
            for leg in liveLegs { end(leg.id, Endings.completed(by: .platform), signal: true, world) }
        }
        endThoseConnecting(to: gone, by: .platform, world)
        settleEmpty(world)
    }

    /// Nobody is left in a named room.
    private mutating func settleEmpty(_ world: World) {
        guard legs.isEmpty else { return }
        hasStarted = false
        closeRoomRecording()
        emit(.setTimer(.emptyRoom, after: .seconds(owner.roomSeconds ?? world.settings.roomSeconds)))
    }
}
