import CallModel
import EdgeProtocols
import MediaTime
import NCCO
import WireJSON

/// How legs begin: knocking, placed by REST, connected by a script; and how they are answered.
extension ConversationMachine {
    // MARK: Inbound

    mutating func knock(_ incoming: Leg, _ source: ScriptSource, _ world: World) {
        var leg = incoming
        if leg.knocker == nil { leg.knocker = KnockerID.make() }
        leg.hasVoiceStarted = true
        insert(leg)
        legStatus(leg.id, .started)
        guard let started = legs[leg.id] else { return }
        voice(started, .started)
        var body: JSONObject = [
            "user": ["id": .string(leg.user.id.text)], "channel": .object(knockingChannel(started)),
        ]
        if let data = leg.client?.customData { body["properties"] = ["custom_data": .object(data)] }
        rtc("app:knocking", listed: false, from: started, body: body, clients: false)
        if leg.isUserCalling {
            emit(.setTimer(.ring(leg.id), after: .seconds(world.settings.inboundRingSeconds)))
            openCallersDevice(leg.id, source, world)
            return
        }
        legStatus(leg.id, .ringing)
        if let ringing = legs[leg.id] { voice(ringing, .ringing) }
        if let dialog = leg.dialog { emit(.ring(leg.id, dialog, earlyMedia: false)) }
        emit(.setTimer(.ring(leg.id), after: .seconds(world.settings.inboundRingSeconds)))
        fetchScript(leg.id, source, world)
    }

    private func knockingChannel(_ leg: Leg) -> JSONObject {
        var channel = leg.channel
        channel["legs"] = []
        channel["leg_ids"] = []
        return channel
    }

    /// The knocking leg gets its Member; the conversation exists from now on.
    mutating func admit(_ leg: LegID) {
        createConversation(transient: true)
        memberJoined(leg)
    }

    /// Answers an inbound leg when its sound is needed for the first time (contract README 1).
    mutating func answerIfNeeded(_ legID: LegID, _ world: World) {
        guard let leg = legs[legID], !leg.isAnswered, leg.direction == .inbound else { return }
        emit(.cancelTimer(.ring(legID)))
        if let dialog = leg.dialog { emit(.answer(legID, dialog)) }
        stopRinging(legID)
        answered(legID, joins: false, world)
    }

    /// Events of an answered leg in the order of events.md §5: phone and SIP legs join after, app legs before.
    mutating func answered(_ legID: LegID, joins: Bool, _ world: World) {
        if joins, legs[legID]?.kind == .app {
            memberJoined(legID)
            legStatus(legID, .answered)
        } else {
            legStatus(legID, .answered)
            if joins { memberJoined(legID) }
        }
        if legs[legID]?.isPrivate == false {
            update(legID) { $0.audio.flowing = true }
            memberMedia(legID)
        }
        guard let leg = legs[legID] else { return }
        startVoiceIfNeeded(legID)
        voice(leg, .answered, ["start_time": .null, "rate": .null, "network": .null])
        attach(legID)
        emit(.setTimer(.length(legID), after: .seconds(leg.limitSeconds)))
    }

    mutating func startVoiceIfNeeded(_ legID: LegID) {
        guard let leg = legs[legID], !leg.hasVoiceStarted else { return }
        voice(leg, .started)
        update(legID) { $0.hasVoiceStarted = true }
    }

    // MARK: Outbound

    mutating func place(_ leg: Leg, _ placement: Placement, _ source: ScriptSource, ringSeconds: Int, _ world: World) {
        createConversation(transient: true)
        var placed = leg
        placed.script = ScriptRunner(actions: [])
        insert(placed)
        placedScripts[leg.id] = source
        switch placement {
        case .dial(let dial):
            if dial.trunk != nil { trunks.insert(leg.id) }
            startOutbound(leg.id, dial: dial, ringSeconds: ringSeconds)
        case .device(let device):
            inviteApp(leg.id, ringSeconds: ringSeconds)
            emit(.openDevice(leg.id, device))
        case .sessions:
            inviteApp(leg.id, ringSeconds: ringSeconds)
        case .socket(let call):
            startSocket(leg.id, call, timeoutSeconds: ringSeconds)
        case .refused(let ending): refuseOutbound(leg.id, ending, world)
        }
    }

    /// A leg that leads nowhere: it begins, and ends at once with the reason.
    mutating func refuseOutbound(_ legID: LegID, _ ending: LegEnding, _ world: World) {
        legStatus(legID, .started)
        memberInvited(legID)
        end(legID, ending, signal: false, world)
    }

    /// Invites a user's device or live sessions.
    mutating func inviteApp(_ legID: LegID, ringSeconds: Int) {
        ringLimits[legID] = ringSeconds
        legStatus(legID, .started)
        memberInvited(legID)
        emit(.setTimer(.ring(legID), after: .seconds(ringSeconds)))
    }

    /// Invites, then dials: the events of a new outbound SIP leg.
    mutating func startOutbound(_ legID: LegID, dial: Dial, ringSeconds: Int) {
        ringLimits[legID] = ringSeconds
        legStatus(legID, .started)
        memberInvited(legID)
        startVoiceIfNeeded(legID)
        guard let dialog = legs[legID]?.dialog else { return }
        emit(.setTimer(.ring(legID), after: .seconds(ringSeconds)))
        emit(.dial(legID, dialog, dial))
    }

    mutating func signalling(_ legID: LegID, _ event: SIPLegEvent, _ world: World) {
        guard let leg = legs[legID], leg.pendingEnd == nil else { return }
        switch event {
        case .progress(let status, let early):
            progress(leg, status: status, early: early, world)
        case .answered:
            guard !leg.isAnswered else { return }
            emit(.cancelTimer(.ring(legID)))
            if let onAnswer = leg.onAnswer, leg.parent != nil {
                if let digits = leg.dtmfAnswer { emit(.sendDigits(legID, digits)) }
                beginOnAnswer(legID, onAnswer, world)
                detectMachine(legID, mayHold: false)
                return
            }
            answered(legID, joins: true, world)
            if let digits = leg.dtmfAnswer { emit(.sendDigits(legID, digits)) }
            detectMachine(legID, mayHold: true)
            if legs[legID]?.detection?.holds != true { farEndAnswered(legID, world) }
        case .failed(let status, let fromPeer):
            end(
                legID, Endings.finalResponse(status, viaTrunk: trunks.contains(legID), fromPeer: fromPeer),
                signal: false,
                world)
        case .cancelled:
            end(legID, Endings.cancelled(by: .user), signal: false, world)
        case .ended(let cause):
            var ending = Endings.completed(by: .user)
            if case .bye = cause {
            } else {
                ending.disconnectedBy = .platform
                note(.warning, "dialog lost", legID, "\(cause)")
            }
            end(legID, ending, signal: false, world)
        }
    }

    private mutating func progress(_ leg: Leg, status: Int, early: Bool, _ world: World) {
        guard !leg.isAnswered else { return }
        if leg.status == .started, status != 183 || early {
            legStatus(leg.id, .ringing)
            if let ringing = legs[leg.id] { voice(ringing, .ringing) }
            startRingback(for: leg, early: early, world)
        }
        guard early, let parentID = leg.parent, let parent = legs[parentID], !ringbackTones.contains(parentID) else {
            return
        }
        // Early media of B reaches A: in its 183, or in the call it already has.
        stopRinging(parentID)
        if !leg.isAttached { attach(leg.id) }
        if !parent.isAttached {
            if let dialog = parent.dialog { emit(.ring(parentID, dialog, earlyMedia: true)) }
            attach(parentID)
        }
    }

    /// What the caller hears while B rings: the action's tone, or ours once the caller is answered.
    private mutating func startRingback(for leg: Leg, early: Bool, _ world: World) {
        guard let parentID = leg.parent, let parent = legs[parentID], parent.ringing == nil, !early, parent.isAnswered
        else { return }
        play(.tone(.ringback), event: nil, script: nil, to: .leg(parentID), loop: 0, level: 0) { play, machine in
            machine.update(parentID) { $0.ringing = play }
        }
    }

    mutating func stopRinging(_ legID: LegID) {
        guard let play = legs[legID]?.ringing else { return }
        stop(play)
        update(legID) { $0.ringing = nil }
        ringbackTones.remove(legID)
    }

    /// B has answered: A is answered too, and its script goes on (ncco §3.3).
    mutating func farEndAnswered(_ legID: LegID, _ world: World) {
        if let source = placedScripts.removeValue(forKey: legID) {
            fetchScript(legID, source, world)
            return
        }
        guard let parentID = legs[legID]?.parent, let parent = legs[parentID] else { return }
        stopRinging(parentID)
        answerIfNeeded(parentID, world)
        guard case .connecting(legID) = parent.script?.step else { return }
        if legs[legID]?.isSynchronousConnect == true {
            update(parentID) { $0.script?.step = .connected(legID) }
        } else {
            resume(parentID, world)
        }
    }

    mutating func mediaRefused(_ legID: LegID, _ refusal: MediaRefusal, _ world: World) {
        note(.warning, "media refused", legID, "\(refusal.code.rawValue): \(refusal.detail)")
        let ending = Endings.boxFailure("internal_error", reason: "failed", sipCode: refusal.sipStatus)
        end(legID, ending, signal: true, world)
    }

    mutating func hangUp(_ legID: LegID, _ world: World) {
        guard let leg = legs[legID] else { return }
        let ending: LegEnding =
            leg.isAnswered
            ? Endings.completed(by: .platform)
            : leg.direction == .inbound ? Endings.refused(603) : Endings.cancelled(by: .platform)
        end(legID, ending, signal: true, world)
    }

    // MARK: The box's own sound device

    mutating func device(_ legID: LegID, _ event: DeviceEvent, _ world: World) {
        guard let leg = legs[legID], leg.pendingEnd == nil, case .device(let user) = leg.signalling else { return }
        switch event {
        case .opened where leg.isUserCalling: callersDeviceOpened(legID, world)
        case .opened:
            legStatus(legID, .ringing)
            if world.directory.users[user]?.device?.autoAnswer == true {
                deviceJoins(legID, world)
            } else {
                play(.tone(.ring), event: nil, script: nil, to: .leg(legID), loop: 0, level: 0) { play, machine in
                    machine.update(legID) { $0.ringing = play }
                }
            }
        case .answered:
            guard !leg.isAnswered, leg.status == .ringing else { return }
            deviceJoins(legID, world)
        case .declined where leg.isUserCalling, .hungUp where leg.isUserCalling:
            giveUp(legID, LegCommand.Farewell(), world)
        case .declined, .hungUp:
            let ending =
                leg.isAnswered
                ? Endings.completed(by: .user)
                : LegEnding(
                    voiceStatus: .rejected, detail: "declined", legStatus: .rejected, reason: "rejected", sipCode: 603,
                    disconnectedBy: .user)
            end(legID, ending, signal: false, world)
        case .lost(let device, let reason):
            note(.warning, "sound device lost", legID, reason)
            rtc(
                "custom:device-lost", from: leg,
                body: ["rtc_id": .string(legID.text), "device": .string(device), "reason": .string(reason)])
        case .back(let device):
            rtc("custom:device-back", from: leg, body: ["rtc_id": .string(legID.text), "device": .string(device)])
        case .busy:
            end(legID, Endings.finalResponse(486, viaTrunk: false, fromPeer: true), signal: false, world)
        case .refused(let reason):
            note(.warning, "sound device cannot be opened", legID, reason)
            end(
                legID, Endings.boxFailure("internal_error", reason: "service_unavailable", sipCode: 503), signal: false,
                world)
        }
    }

    private mutating func deviceJoins(_ legID: LegID, _ world: World) {
        stopRinging(legID)
        emit(.cancelTimer(.ring(legID)))
        answered(legID, joins: true, world)
        farEndAnswered(legID, world)
    }
}
