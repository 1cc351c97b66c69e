import CallModel
import EdgeProtocols
import MediaTime
import NCCO
import WireJSON

/// Running call scripts (contract ncco.md): one instruction pointer per leg.
extension ConversationMachine {
    // MARK: Getting a script

    mutating func fetchScript(_ legID: LegID, _ source: ScriptSource, _ world: World) {
        guard let leg = legs[legID] else { return }
        if leg.script == nil { update(legID) { $0.script = ScriptRunner(actions: []) } }
        switch source {
        case .inline(let actions): begin(legID, actions, world)
        case .file(let path):
            let askID = makeAsk()
            update(legID) { $0.script?.step = .script(askID) }
            emit(
                .loadScript(
                    legID, askID, file: path,
                    substitutions: [
                        "to": leg.to.address, "from": leg.from?.address ?? "", "uuid": legID.text,
                        "conversation_uuid": self.id.text,
                    ]))
        case .ask(let setting, let fallback):
            let askID = makeAsk()
            update(legID) { $0.script?.step = .script(askID) }
            emit(
                .ask(
                    legID, askID,
                    ScriptRequest(
                        kind: .answer, application: owner, leg: legID, conversation: id, target: setting.target,
                        fallback: fallback, connectTimeoutMilliseconds: setting.connectTimeoutMilliseconds,
                        socketTimeoutMilliseconds: setting.socketTimeoutMilliseconds,
                        deadlineMilliseconds: answerDeadlineMilliseconds(leg), fields: answerFields(leg, world))))
        }
    }

    /// Clients that place a call give up 5.0 s after it was accepted (client-session §6.1, README 8).
    private func answerDeadlineMilliseconds(_ leg: Leg) -> Int {
        let limit = owner.answerDeadlineMilliseconds
        return leg.isUserCalling && !leg.isAnswered ? min(limit, 4500) : limit
    }

    /// Fields of the answer webhook (voice-webhooks §2).
    private func answerFields(_ leg: Leg, _ world: World) -> JSONObject {
        var fields = JSONObject()
        if let from = leg.from { fields[leg.isUserCalling ? "from_user" : "from"] = .string(from.address) }
        fields["to"] = .string(leg.to.address)
        fields["uuid"] = .string(leg.id.text)
        fields["conversation_uuid"] = .string(id.text)
        if owner.answerWebhookFields == .full {
            fields["endpoint_type"] = .string(leg.kind.rawValue)
            fields["region_url"] = .string(world.settings.apiBase)
            if let data = leg.client?.customData { fields["custom_data"] = .object(data) }
        }
        for header in leg.headers {
            let key = "SipHeader_" + header.name
            // A repeated header is one field, its values joined (voice-webhooks §2, "Header-name rule").
            fields[key] = .string(fields[key]?.string.map { $0 + ", " + header.value } ?? header.value)
        }
        return fields
    }

    mutating func scriptReplied(_ legID: LegID, _ ask: AskID, _ outcome: ScriptReplyOutcome, _ world: World) {
        if legs[legID]?.disconnection == ask {
            disconnectionReplied(legID, outcome, world)
            return
        }
        guard let runner = legs[legID]?.script else { return }
        switch runner.step {
        case .script(ask):
            switch outcome {
            case .script(let actions):
                if legs[legID]?.isPrivate == true, let fault = faultOnAnswer(actions) {
                    errorEvent(fault, leg: legs[legID])
                    endOnAnswer(legID, world)
                    return
                }
                begin(legID, actions, world)
            case .nothing: begin(legID, [], world)
            case .failed(let reason):
                errorEvent(reason, leg: legs[legID])
                let leg = legs[legID]
                if leg?.isPrivate == true {
                    endOnAnswer(legID, world)
                    return
                }
                let ending = leg?.isAnswered == true ? Endings.completed(by: .platform) : Endings.refused(480)
                end(legID, ending, signal: true, world)
            }
        case .asking(ask):
            switch outcome {
            case .script(let actions) where !actions.isEmpty:
                update(legID) { $0.script?.replace(with: actions) }
            case .script, .nothing: break
            case .failed(let reason): errorEvent(reason, leg: legs[legID])
            }
            if let answered = legs[legID]?.script?.detected {
                var isReplaced = false
                if case .script(let actions) = outcome { isReplaced = !actions.isEmpty }
                afterDetection(of: answered, asked: legID, isReplaced: isReplaced, world)
                return
            }
            resume(legID, world)
        default: break  // lost the race: the leg has moved on
        }
    }

    private mutating func begin(_ legID: LegID, _ actions: [Action], _ world: World) {
        update(legID) {
            if $0.script == nil { $0.script = ScriptRunner(actions: []) }
            $0.script?.replace(with: actions)
        }
        guard let leg = legs[legID] else { return }
        // A named room first: the leg joins that one directly, the reserved conversation is never made (README 5).
        if leg.member == nil, case .conversation(let action) = actions.first {
            _ = legs[legID]?.script?.nextAction()
            enterRoom(legID, action, world)
            return
        }
        if leg.member == nil {
            admit(legID)
            // A user's sound is up before it calls; it waits for nobody's answer (client-session §6.1).
            if leg.isUserCalling || owner.answerOn == .script { answerIfNeeded(legID, world) }
        }
        resume(legID, world)
    }

    // MARK: Running it

    /// Runs actions until one has to wait.
    mutating func resume(_ legID: LegID, _ world: World) {
        update(legID) { $0.script?.step = .idle }
        while case .idle = legs[legID]?.script?.step {
            guard let action = legs[legID]?.script?.nextAction() else {
                scriptOver(legID, world)
                return
            }
            execute(action, legID, world)
        }
    }

    private mutating func scriptOver(_ legID: LegID, _ world: World) {
        guard let leg = legs[legID] else { return }
        update(legID) { $0.script?.step = .finished }
        if leg.isPrivate {
            endOnAnswer(legID, world)
        } else if !leg.isAnswered, leg.direction == .inbound {
            end(legID, Endings.caller(afterConnect: leg.script?.lastConnect), signal: true, world)
        } else if legs.count == 1 {
            end(legID, Endings.completed(by: .platform), signal: true, world)
        }
    }

    private mutating func execute(_ action: Action, _ legID: LegID, _ world: World) {
        switch action {
        case .talk, .stream: prompt(action, legID, world)
        case .input(let input): listen(input, legID, prompts: [], world)
        case .connect(let connect): self.connect(connect, legID, world)
        case .conversation(let action): enterRoom(legID, action, world)
        case .record(let action): record(action, legID, world)
        case .notify(let notify): self.notify(notify, legID, world)
        case .wait(let seconds):
            answerIfNeeded(legID, world)
            update(legID) { $0.script?.step = .waiting }
            emit(.setTimer(.wait(legID), after: .milliseconds(Int64(seconds * 1000))))
        case .transfer(let action): transfer(action, legID, world)
        }
    }

    private mutating func notify(_ action: Notify, _ legID: LegID, _ world: World) {
        let fields: JSONObject = [
            "payload": .object(action.payload), "conversation_uuid": .string(id.text),
            "timestamp": .string(lastInstant.iso8601),
        ]
        voiceRow("notify", fields, leg: legs[legID], destination: action.event, delivery: .asked)
        sendAsk(legID, target: action.event, fields: fields, world)
    }

    /// Asks with the terminal event of a synchronous connect.
    mutating func ask(_ legID: LegID, about gone: Leg, event: JSONObject, target: WebhookTarget?, _ world: World) {
        guard let destination = target ?? owner.voiceEventURL?.target else {
            resume(legID, world)
            return
        }
        sendAsk(legID, target: destination, fields: event, world)
    }

    /// Sends an event whose answer may replace the script; the row was written by the caller.
    mutating func sendAsk(_ legID: LegID, target: WebhookTarget, fields: JSONObject, _ world: World) {
        let ask = makeAsk()
        update(legID) { $0.script?.step = .asking(ask) }
        emit(.ask(legID, ask, eventRequest(about: legID, target: target, fields: fields)))
    }

    func eventRequest(about legID: LegID, target: WebhookTarget, fields: JSONObject) -> ScriptRequest {
        let limits = owner.voiceEventURL
        let socket = limits?.socketTimeoutMilliseconds ?? 10_000
        return ScriptRequest(
            kind: .event, application: owner, leg: legID, conversation: id, target: target,
            fallback: owner.fallbackAnswerURL, connectTimeoutMilliseconds: limits?.connectTimeoutMilliseconds ?? 1000,
            socketTimeoutMilliseconds: socket, deadlineMilliseconds: 4 * socket, fields: fields)
    }
}
