import CallModel
import EdgeProtocols
import MediaTime
import NCCO
import WireJSON

/// Orders of the Voice API to a running leg (contract voice-api §5 and §6).
extension ConversationMachine {
    /// Does what was ordered; nil when it is done, also when nothing had to change.
    mutating func obey(_ command: LegCommand, _ legID: LegID, _ world: World) -> CommandFault? {
        guard let leg = legs[legID], leg.pendingEnd == nil else { return obstacle(to: legID) }
        switch command {
        case .hangUp: hangUp(legID, world)
        case .giveUp(let farewell): giveUp(legID, farewell, world)
        case .mute(let muted): setAudio(legID, "mute", on: muted, \.muted)
        case .earmuff(let earmuffed): setAudio(legID, "earmuff", on: earmuffed, \.earmuffed)
        case .volume(let level): setVolume(legID, level)
        case .subscribeDigits(let target): update(legID) { $0.digitTarget = target }
        case .unsubscribeDigits: update(legID) { $0.digitTarget = nil }
        case .stopTalk: stopOverlay(legID, .talk)
        case .stopStream: stopOverlay(legID, .stream)
        case .talk, .stream, .sendDigits, .transfer:
            if let fault = obstacle(to: legID) { return fault }
            obeyAnswered(command, leg, world)
        }
        return nil
    }

    /// Why a leg cannot be talked to or transferred now.
    func obstacle(to legID: LegID) -> CommandFault? {
        guard let leg = legs[legID], leg.pendingEnd == nil else {
            return CommandFault(.notFound, "no such call, or it has ended")
        }
        return leg.isAnswered ? nil : CommandFault(.badState, "the call is \(leg.status.rawValue), not answered")
    }

    private mutating func obeyAnswered(_ command: LegCommand, _ leg: Leg, _ world: World) {
        switch command {
        case .talk(let talk): overlay(talk, on: leg)
        case .stream(let stream): overlay(stream, on: leg)
        case .sendDigits(let digits):
            emit(.sendDigits(leg.id, digits))
            rtc(
                "audio:dtmf", to: leg.member,
                body: ["digits": .string(digits), "channel": .object(leg.channel)])
        case .transfer(let script): transfer(leg.id, script, world)
        case .hangUp, .giveUp, .mute, .earmuff, .volume, .subscribeDigits, .unsubscribeDigits, .stopTalk, .stopStream:
            break
        }
    }

    // MARK: Mute and earmuff

    /// Written like a client's: `audio:mute:on`, then `member:media` (README 8c). Repeated, nothing changes.
    private mutating func setAudio(
        _ legID: LegID, _ what: String, on: Bool, _ flag: WritableKeyPath<MemberAudio, Bool>
    ) {
        guard legs[legID]?.audio[keyPath: flag] != on else { return }
        update(legID) { $0.audio[keyPath: flag] = on }
        guard let leg = legs[legID] else { return }
        // First the sound, then the word of it (media-and-legs §7).
        if leg.isAttached { emit(.updateAudio(legID, heard(leg.audio, by: leg))) }
        guard leg.member != nil else { return }
        rtc("audio:\(what):\(on ? "on" : "off")", to: leg.member, body: ["rtc_id": .string(legID.text)])
        memberMedia(legID)
    }

    /// The contract has no event for it: a custom one tells clients what the others have set.
    private mutating func setVolume(_ legID: LegID, _ level: Double) {
        guard legs[legID]?.audio.level != level else { return }
        update(legID) { $0.audio.level = level }
        guard let leg = legs[legID] else { return }
        if leg.isAttached { emit(.updateAudio(legID, heard(leg.audio, by: leg))) }
        guard leg.member != nil else { return }
        rtc(
            "custom:volume", to: leg.member, body: ["level": .number(level), "channel": .object(leg.channel)])
    }

    // MARK: talk and stream

    private mutating func overlay(_ talk: Talk, on leg: Leg) {
        stopOverlay(leg.id, nil)
        let play = play(
            .speech(text: talk.text, language: talk.language, style: talk.style), event: "audio:say", script: nil,
            to: .leg(leg.id), loop: talk.loop, level: talk.level)
        update(leg.id) { $0.overlay = Leg.Overlay(kind: .talk, play: play) }
        rtc(
            "audio:say", to: leg.member,
            body: [
                "text": .string(talk.text), "level": .number(talk.level), "loop": .int(Int64(talk.loop)),
                "queue": false, "language": .string(talk.language), "style": .int(Int64(talk.style)),
                "premium": .bool(talk.premium), "ssml": .bool(talk.isSSML), "say_id": .string(play.text),
            ])
    }

    private mutating func overlay(_ stream: Stream, on leg: Leg) {
        stopOverlay(leg.id, nil)
        let play = play(
            .url(stream.url), event: "audio:play", script: nil, to: .leg(leg.id), loop: stream.loop,
            level: stream.level)
        update(leg.id) { $0.overlay = Leg.Overlay(kind: .stream, play: play) }
        rtc(
            "audio:play", to: leg.member,
            body: [
                "stream_url": [.string(stream.url)], "level": .number(stream.level), "loop": .int(Int64(stream.loop)),
                "queue": false, "play_id": .string(play.text),
            ])
    }

    /// - Parameter kind: nil stops either.
    private mutating func stopOverlay(_ legID: LegID, _ kind: Leg.Overlay.Kind?) {
        guard let leg = legs[legID], let overlay = leg.overlay, kind == nil || kind == overlay.kind else { return }
        update(legID) { $0.overlay = nil }
        let (event, key) = overlay.kind == .talk ? ("audio:say:stop", "say_id") : ("audio:play:stop", "play_id")
        rtc(event, to: leg.member, body: JSONObject([(key, .string(overlay.play.text))]))
        stop(overlay.play)
    }

    // MARK: Real-time DTMF

    /// One POST a key, shaped like `input` (voice-webhooks §4, "Real-time DTMF"); its answer is ignored.
    mutating func tell(_ digit: Character, of leg: Leg, to target: WebhookTarget) {
        voiceRow(
            "input",
            [
                "dtmf": ["digits": .string(String(digit)), "timed_out": false], "speech": ["results": []],
                "from": leg.voiceFrom, "to": .string(leg.to.address), "uuid": .string(leg.id.text),
                "conversation_uuid": .string(id.text), "timestamp": .string(lastInstant.iso8601),
            ], leg: leg, destination: target)
    }

    // MARK: transfer

    /// The leg leaves for a Conversation of its own (media-and-legs §6); those who stay settle once it is there.
    private mutating func transfer(_ legID: LegID, _ script: TransferScript, _ world: World) {
        stopRinging(legID)
        stopOverlay(legID, nil)
        stopListening(of: legID)
        // A transfer takes a call out of the hands of whoever waited for its detection; that goes on.
        if legs[legID]?.detection?.holds == true {
            update(legID) { $0.detection?.holds = false }
            placedScripts[legID] = nil
        }
        endSpeaking(legID, world)
        packRecordings(of: legID)
        for (play, playing) in plays where playing.script == legID || playing.target == .leg(legID) { stop(play) }
        for key in [TimerKey.ring(legID), .length(legID), .digits(legID), .wait(legID)] { emit(.cancelTimer(key)) }
        guard let leg = legs[legID] else { return }
        var moving = leg
        moving.script = nil
        moving.parent = nil
        moving.isPrivate = false
        moving.isSynchronousConnect = false
        moving.endsRoomOnExit = false
        moving.startsRoom = true
        // Lists of a named conversation mean its members; mute and earmuff go along (voice-api §5).
        moving.audio.canHear = nil
        moving.audio.canSpeak = nil
        touchedLegs.remove(legID)
        remove(legID)
        departing[legID] = leg
        let source: ScriptSource =
            switch script {
            case .inline(let actions): .inline(actions)
            case .url(let target):
                .ask(WebhookSetting(target: target, socketTimeoutMilliseconds: 5000), fallback: nil)
            }
        emit(.transfer(moving, LegMove(from: id, formerMember: leg.member, script: source)))
    }

    /// A transferred leg moves in; the same trace as entering a room.
    mutating func receive(_ arriving: Leg, _ move: LegMove, _ world: World) {
        createConversation(transient: true)
        var leg = arriving
        leg.member = MemberID.make()
        insert(leg)
        unpackRecordings(of: leg)
        if let former = move.formerMember {
            rtc(
                "rtc:transfer", from: leg,
                body: [
                    "was_member": .string(former.text), "user_id": .string(leg.user.id.text),
                    "transferred_from": .string(move.from.text), "channel": .object(leg.channel),
                ])
        }
        memberJoined(leg.id)
        transferEvent(leg, from: move.from)
        memberMedia(leg.id)
        attach(leg.id)
        if let answered = leg.answeredAt {
            let spent = Duration.milliseconds(lastInstant.milliseconds - answered.milliseconds)
            emit(.setTimer(.length(leg.id), after: max(.zero, .seconds(leg.limitSeconds) - spent)))
        }
        emit(.welcome(arriving, from: move.from))
        fetchScript(leg.id, move.script, world)
    }

    /// What the departure of a leg means for those who stay: as its end does, without an end.
    mutating func settle(afterDepartureOf gone: Leg, _ world: World) {
        if roomName != nil {
            settleRoom(after: gone, world)
            return
        }
        endThoseConnecting(to: gone, by: .platform, world)
        if let parentID = gone.parent, let parent = legs[parentID] {
            switch parent.script?.step {
            case .connecting(gone.id), .connected(gone.id): resume(parentID, world)
            default: break
            }
        }
        settleAlone(world)
    }
}
