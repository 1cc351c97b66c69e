import CallModel
import EdgeProtocols
import MediaTime
import NCCO
import WireJSON

/// `machineDetection` and `advancedMachineDetection` of calls to telephones (voice-webhooks §4, §5 and §9.7).
extension ConversationMachine {
    /// A decision takes five seconds at most.
    private static let decisionSeconds = 10

    /// Begins to find out who has answered, when somebody wants to know.
    /// - Parameter mayHold: the script waits, in every mode but `default`.
    mutating func detectMachine(_ legID: LegID, mayHold: Bool) {
        guard let plan = legs[legID]?.machineDetection else { return }
        let id = ListeningID.make()
        update(legID) { $0.detection = Leg.Detection(id: id, holds: mayHold && plan.mode != .default) }
        if let parent = legs[legID]?.parent, legs[legID]?.detection?.holds == true { stopRinging(parent) }
        emit(.startListening(id, to: legID, for: legID, .machine(beepTimeoutSeconds: plan.beepSeconds)))
        emit(.setTimer(.detection(legID), after: .seconds(Self.decisionSeconds + (plan.beepSeconds ?? 0))))
    }

    mutating func endDetection(_ legID: LegID) {
        guard let detection = legs[legID]?.detection else { return }
        emit(.stopListening(detection.id))
        emit(.cancelTimer(.detection(legID)))
        update(legID) { $0.detection = nil }
    }

    mutating func detected(_ legID: LegID, _ news: ListeningNews, _ world: World) {
        guard let leg = legs[legID], let plan = leg.machineDetection, leg.detection != nil else { return }
        switch news {
        case .answeredBy(let who, let confidence):
            rtc(
                "sip:machine", from: leg,
                body: [
                    "type": .string(who.rawValue), "confidence": .int(Int64(confidence)),
                    "channel": .object(leg.channel),
                ], clients: false)
            if who == .machine { legStatus(legID, .machine) }
            let isLast = who == .human || plan.beepSeconds == nil
            tell(who, subState: nil, of: legID, isLast: isLast, world)
        case .beep(let isHeard):
            rtc(
                "sip:amd_machine", from: leg,
                body: [
                    "type": .string(isHeard ? "beep" : "beep_timeout"), "confidence": .int(isHeard ? 95 : 0),
                    "channel": .object(leg.channel),
                ], clients: false)
            tell(.machine, subState: isHeard ? "beep_start" : "beep_timeout", of: legID, isLast: true, world)
        case .failed(let reason):
            let holds = leg.detection?.holds == true
            endDetection(legID)
            errorEvent("machine detection: \(reason)", leg: leg)
            if holds { farEndAnswered(legID, world) }
        case .speechBegan, .speech: break  // no news of a detection
        }
    }

    /// The `human` or `machine` event; the last one of a script that waits may be answered with another script.
    private mutating func tell(
        _ who: AnsweredBy, subState: String?, of legID: LegID, isLast: Bool, _ world: World
    ) {
        guard let leg = legs[legID], let detection = leg.detection, let plan = leg.machineDetection else { return }
        var fields = voiceFields(leg, status: .machine)
        fields["status"] = .string(who.rawValue)
        // The published event has call_uuid; some SDKs read uuid.
        fields["call_uuid"] = .string(leg.id.text)
        if let subState { fields["sub_state"] = .string(subState) }
        let hangsUp = who == .machine && plan.behavior == .hangup
        let asker = placedScripts[legID] != nil ? legID : leg.parent
        let target = leg.eventTarget ?? owner.voiceEventURL?.target
        let isAsked = isLast && detection.holds && !hangsUp && target != nil && asker != nil
        voiceRow(
            who.rawValue, fields, leg: leg, destination: leg.eventTarget, delivery: isAsked ? .asked : .webhook)
        if hangsUp {
            end(legID, Endings.completed(by: .platform), signal: true, world)
            return
        }
        guard isLast else { return }
        endDetection(legID)
        guard detection.holds else { return }
        guard isAsked, let target, let asker else {
            farEndAnswered(legID, world)
            return
        }
        update(asker) { $0.script?.detected = legID }
        sendAsk(asker, target: target, fields: fields, world)
    }

    /// The event was answered: the script that waited begins or goes on, or another one takes its place.
    mutating func afterDetection(of answered: LegID, asked legID: LegID, isReplaced: Bool, _ world: World) {
        update(legID) { $0.script?.detected = nil }
        guard legs[answered] != nil else {
            resume(legID, world)
            return
        }
        if isReplaced {
            placedScripts[answered] = nil
            if answered != legID {
                stopRinging(legID)
                answerIfNeeded(legID, world)
            }
            resume(legID, world)
            return
        }
        if answered != legID { update(legID) { $0.script?.step = .connecting(answered) } }
        farEndAnswered(answered, world)
    }
}
