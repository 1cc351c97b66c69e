import CallModel
import EdgeProtocols
import MediaTime
import NCCO
import WireJSON

/// How legs end and what that means for those who stay (contract README 2, 3, 8a; ncco §3.3 and §6).
extension ConversationMachine {
    /// Ends a leg.
    ///
    /// - Parameter signal: tell the far side (BYE, CANCEL or a final response); false when it told us.
    mutating func end(_ legID: LegID, _ ending: LegEnding, signal: Bool, _ world: World) {
        guard let leg = legs[legID], !leg.status.isTerminal, leg.pendingEnd == nil else { return }
        if signal { signalEnd(leg, ending) }
        stopRinging(legID)
        stopListening(of: legID)
        endDetection(legID)
        for (id, play) in plays where play.script == legID || play.target == .leg(legID) { stop(id) }
        for key in [TimerKey.ring(legID), .length(legID), .digits(legID), .wait(legID)] { emit(.cancelTimer(key)) }
        // A recording is complete, and told, before the last event of its leg.
        if closesRecordings(before: legID) {
            update(legID) {
                $0.pendingEnd = ending
                $0.script = nil
            }
            emit(.setTimer(.recordingsClosed(legID), after: Self.recordingPatience))
            return
        }
        finishEnd(legID, ending, world)
    }

    /// How long the last events of a leg wait for a disk.
    private static let recordingPatience = Duration.seconds(5)

    /// Legs that only waited for recordings end now.
    mutating func finishEnds(_ world: World) {
        for leg in liveLegs where leg.recordings.isEmpty && legs[leg.id] != nil {
            guard let ending = leg.pendingEnd else { continue }
            let waitsForRoom = roomRecording?.phase == .closing && legs.values.allSatisfy { $0.pendingEnd != nil }
            if waitsForRoom { return }
            emit(.cancelTimer(.recordingsClosed(leg.id)))
            finishEnd(leg.id, ending, world)
        }
    }

    private mutating func finishEnd(_ legID: LegID, _ ending: LegEnding, _ world: World) {
        endSpeaking(legID, world)
        guard var leg = legs[legID] else { return }
        startVoiceIfNeeded(legID)
        let (instant, conversation) = (lastInstant, id)
        update(legID) {
            $0.status = ending.voiceStatus
            $0.appendHistory(ending.legStatus, at: instant, in: conversation)
            $0.audio.flowing = false
            $0.isAttached = false
        }
        leg = legs[legID] ?? leg
        if leg.member != nil {
            hangupEvents(leg, ending, world)
        } else if leg.knocker != nil {
            knockingCancelled(leg, ending)
        }
        if ending.voiceStatus == .failed, leg.direction == .outbound { outboundFailed(leg, ending) }
        let asked = voiceEnding(leg, ending, world)

        var record = leg.record(application: application, conversation: id)
        record.ended = lastInstant
        record.sipCode = ending.sipCode
        step.batch.legs.append(record)
        touchedLegs.remove(legID)
        emit(.closeMedia(legID))
        emit(.forget(legID))
        remove(legID)
        loseListeners(to: legID, world)
        ringLimits[legID] = nil
        placedScripts[legID] = nil
        trunks.remove(legID)
        settle(after: leg, ending, asked: asked, world)
    }

    private mutating func signalEnd(_ leg: Leg, _ ending: LegEnding) {
        guard let dialog = leg.dialog else { return }
        if leg.isAnswered {
            emit(.bye(dialog))
        } else if leg.direction == .inbound {
            emit(.refuse(dialog, status: ending.sipCode ?? 480))
        } else {
            emit(.cancel(dialog))
        }
    }

    private mutating func knockingCancelled(_ leg: Leg, _ ending: LegEnding) {
        let cause = ending.voiceStatus == .cancelled ? "caller hung up" : ending.reason
        let reason = (leg.client?.farewell ?? .init()).over(code: String(ending.sipCode ?? 480), text: cause)
        rtc(
            "app:knocking:cancel", listed: false, from: leg,
            body: [
                "user": ["id": .string(leg.user.id.text)],
                "reason": ["code": .string(reason.code), "text": .string(reason.text)],
                "timestamp": ["created": .string(leg.startedAt.iso8601), "left": .string(lastInstant.iso8601)],
            ], clients: false)
    }

    /// A call that could not be connected is an error too (voice-webhooks §7); its last event stays the status.
    private mutating func outboundFailed(_ leg: Leg, _ ending: LegEnding) {
        let cause = ending.sipCode.map(String.init) ?? ending.reason
        errorEvent(
            "Outbound call failed. \(ending.detail ?? ending.reason) (\(cause)): \(leg.to.address)", leg: leg)
    }

    private mutating func hangupEvents(_ leg: Leg, _ ending: LegEnding, _ world: World) {
        rtc("leg:status:update", from: leg, body: leg.statusUpdate(ending))
        let statistics = world.statistics(leg.id)
        let cause = Endings.cause(ending.sipCode)
        var reason: JSONObject = ["text": .string(cause.text), "code": .string(cause.code)]
        if let code = ending.sipCode { reason["sip_code"] = .int(Int64(code)) }
        rtc(
            "\(leg.eventPrefix):hangup", from: leg,
            body: [
                "direction": .string(leg.direction.rawValue), "quality": statistics.quality,
                "bandwidth": statistics.bandwidth, "channel": .object(leg.channel), "reason": .object(reason),
            ])
        let text = ending.voiceStatus == .completed && ending.reason == "ok" ? "hangup" : ending.reason
        let told = (leg.client?.farewell ?? .init()).over(code: cause.code, text: text)
        memberLeft(leg, reason: told, bySystem: ending.disconnectedBy == .platform)
    }

    /// The terminal voice event; of a synchronous connect it may be answered with an NCCO (voice-webhooks §5).
    ///
    /// - Returns: the request to send, when it is such a one.
    private mutating func voiceEnding(_ leg: Leg, _ ending: LegEnding, _ world: World) -> JSONObject? {
        var fields = voiceFields(leg, status: ending.voiceStatus)
        if let detail = ending.detail { fields["detail"] = .string(detail) }
        if let answered = leg.answeredAt {
            let seconds = max(0, lastInstant.milliseconds - answered.milliseconds + 500) / 1000
            fields["start_time"] = .string(answered.iso8601)
            fields["end_time"] = .string(lastInstant.iso8601)
            fields["duration"] = .string(String(seconds))
            fields["rate"] = "0.00"
            fields["price"] = "0"
            fields["network"] = .null
        }
        // A caller who was never answered is told of with the code that it got (contract README 2).
        let isCaller = leg.direction == .inbound
        if isCaller || (ending.voiceStatus != .cancelled && ending.voiceStatus != .timeout), let code = ending.sipCode {
            fields["sip_code"] = .int(Int64(code))
        }
        if isCaller || leg.isAnswered { fields["disconnected_by"] = .string(ending.disconnectedBy.rawValue) }
        let mayReplace = leg.isSynchronousConnect && !leg.isAnswered && ending.voiceStatus != .cancelled
        voiceRow(
            ending.voiceStatus.rawValue, fields, leg: leg, destination: leg.eventTarget,
            delivery: mayReplace ? .asked : .webhook)
        return mayReplace ? fields : nil
    }

    // MARK: Those who stay

    private mutating func settle(after gone: Leg, _ ending: LegEnding, asked: JSONObject?, _ world: World) {
        if roomName != nil {
            settleRoom(after: gone, world)
            return
        }
        endThoseConnecting(to: gone, by: ending.disconnectedBy, world)
        if let parentID = gone.parent, let parent = legs[parentID] {
            stopRinging(parentID)
            update(parentID) { if !gone.isAnswered { $0.script?.lastConnect = ending } }
            switch parent.script?.step {
            case .connecting(gone.id):
                if let asked {
                    ask(parentID, about: gone, event: asked, target: gone.eventTarget, world)
                } else {
                    resume(parentID, world)
                }
            case .connected(gone.id):
                resume(parentID, world)
            default: break
            }
        }
        settleAlone(world)
    }

    /// Who is called for a leg that has gone, or has answered but not yet joined it, has nobody to talk to.
    mutating func endThoseConnecting(to gone: Leg, by: LegEnding.DisconnectedBy, _ world: World) {
        for leg in liveLegs where leg.parent == gone.id {
            if !leg.isAnswered {
                end(leg.id, Endings.cancelled(by: by), signal: true, world)
            } else if leg.isPrivate {
                end(leg.id, Endings.completed(by: by), signal: true, world)
            }
        }
    }

    /// Nobody is left alone in a live conversation: the last leg whose script is over is hung up.
    mutating func settleAlone(_ world: World) {
        if legs.isEmpty {
            if roomName == nil, departing.isEmpty { deleteConversation(reason: "last leg ended") }
            return
        }
        guard roomName == nil, legs.count == 1, let last = legOrder.first.flatMap({ legs[$0] }) else { return }
        switch last.script?.step {
        case .finished: end(last.id, Endings.completed(by: .platform), signal: true, world)
        case nil where last.parent != nil:
            let ending = last.isAnswered ? Endings.completed(by: .platform) : Endings.cancelled(by: .platform)
            end(last.id, ending, signal: true, world)
        default: break
        }
    }

    mutating func timerFired(_ key: TimerKey, _ world: World) {
        switch key {
        case .ring(let legID):
            guard let leg = legs[legID], !leg.isAnswered else { return }
            end(legID, leg.direction == .inbound ? Endings.callerRangOut : Endings.ringTimeout, signal: true, world)
        case .length(let legID):
            end(legID, Endings.completed(by: .platform), signal: true, world)
        case .digits(let legID): inputTimedOut(legID, world)
        case .detection(let legID): detected(legID, .failed("no result in time"), world)
        case .speech(let legID): speechFailed(legID, "the recogniser gave no answer in time", world)
        case .wait(let legID):
            guard case .waiting = legs[legID]?.script?.step else { return }
            resume(legID, world)
        case .recording(let legID, let id): stopRecordings(of: legID) { $0.id == id }
        case .recordingsClosed(let legID):
            guard let leg = legs[legID], let ending = leg.pendingEnd else { return }
            errorEvent("record: the recording could not be completed in time", leg: leg)
            update(legID) { $0.recordings = [] }
            finishEnd(legID, ending, world)
        case .emptyRoom:
            if legs.isEmpty { deleteConversation(reason: "ttl") }
        }
    }
}
