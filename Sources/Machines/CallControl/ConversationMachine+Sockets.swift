import CallModel
import EdgeProtocols
import MediaTime
import WireJSON

/// Websocket legs: opened, closed by their application, told of keys (contract websocket-endpoint, voice-webhooks §9.9).
extension ConversationMachine {
    /// Longest time for the handshake.
    private static let handshakeSeconds = 10

    mutating func startSocket(_ legID: LegID, _ call: SocketCall, timeoutSeconds: Int) {
        let limit = min(Self.handshakeSeconds, timeoutSeconds)
        ringLimits[legID] = limit
        legStatus(legID, .started)
        memberInvited(legID)
        startVoiceIfNeeded(legID)
        emit(.openSocket(legID, call, timeoutSeconds: limit))
    }

    mutating func socket(_ legID: LegID, _ event: SocketEvent, _ world: World) {
        guard let leg = legs[legID], leg.socketCall != nil, leg.disconnection == nil, leg.pendingEnd == nil else {
            return
        }
        switch event {
        case .opened:
            guard !leg.isAnswered else { return }
            answered(legID, joins: true, world)
            farEndAnswered(legID, world)
        case .failed(let reason):
            note(.warning, "websocket cannot be opened", legID, reason)
            end(
                legID, Endings.boxFailure("cannot_route", reason: "service_unavailable", sipCode: 503), signal: false,
                world)
        case .unanswered:
            note(.warning, "websocket does not answer", legID)
            end(legID, Endings.finalResponse(408, viaTrunk: false, fromPeer: false), signal: false, world)
        case .refused(let refusal): mediaRefused(legID, refusal, world)
        case .closed(let reason):
            note(.info, "websocket closed by its application", legID, reason)
            disconnected(leg, world)
        }
    }

    /// Writes `disconnected`, whose answer may hold a script for the caller; then the leg completes.
    private mutating func disconnected(_ leg: Leg, _ world: World) {
        var fields = voiceFields(leg, status: .completed)
        fields["status"] = "disconnected"
        let target = leg.eventTarget ?? owner.voiceEventURL?.target
        guard let target, let parent = leg.parent.flatMap({ legs[$0] }), parent.script != nil else {
            voiceRow("disconnected", fields, leg: leg, destination: leg.eventTarget)
            end(leg.id, Endings.completed(by: .user), signal: false, world)
            return
        }
        voiceRow("disconnected", fields, leg: leg, destination: leg.eventTarget, delivery: .asked)
        let ask = makeAsk()
        update(leg.id) { $0.disconnection = ask }
        emit(.ask(leg.id, ask, eventRequest(about: leg.id, target: target, fields: fields)))
    }

    /// The answer to `disconnected`: a script replaces the caller's, anything else lets it go on.
    mutating func disconnectionReplied(_ legID: LegID, _ outcome: ScriptReplyOutcome, _ world: World) {
        let parentID = legs[legID]?.parent
        var replacement = false
        switch outcome {
        case .script(let actions) where !actions.isEmpty:
            guard let parentID, legs[parentID]?.script != nil else { break }
            interruptScript(parentID, world)
            update(parentID) { $0.script?.replace(with: actions) }
            replacement = true
        case .script, .nothing: break
        case .failed(let reason): errorEvent(reason, leg: legs[legID])
        }
        end(legID, Endings.completed(by: .user), signal: false, world)
        if replacement, let parentID { resume(parentID, world) }
    }

    /// Stops whatever a script is doing: prompts, listening, waiting, a leg it still connects.
    private mutating func interruptScript(_ legID: LegID, _ world: World) {
        let step = legs[legID]?.script?.step
        update(legID) { $0.script?.step = .waiting }
        for key in [TimerKey.digits(legID), .wait(legID)] { emit(.cancelTimer(key)) }
        for (id, play) in plays where play.script == legID { stop(id) }
        if case .connecting(let other) = step { end(other, Endings.cancelled(by: .platform), signal: true, world) }
    }

    /// Every websocket hears of the keys of the others; A to D have no name there.
    mutating func tellSockets(of digit: Character, from legID: LegID, durationMilliseconds: Int) {
        guard "0123456789*#".contains(digit) else { return }
        for leg in liveLegs where leg.id != legID && leg.socketCall != nil && leg.isAnswered {
            emit(.tellSocket(leg.id, digit, durationMilliseconds: durationMilliseconds))
        }
    }
}
