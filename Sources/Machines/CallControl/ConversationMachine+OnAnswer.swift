import CallModel
import EdgeProtocols
import NCCO

/// `onAnswer`: a script that B hears alone before it joins (ncco §4).
extension ConversationMachine {
    /// B has answered and is kept apart; A hears the ringing go on.
    mutating func beginOnAnswer(_ legID: LegID, _ onAnswer: OnAnswer, _ world: World) {
        update(legID) { $0.isPrivate = true }
        answered(legID, joins: false, world)
        if let parentID = legs[legID]?.parent, let parent = legs[parentID] {
            if let tone = onAnswer.ringbackTone {
                stopRinging(parentID)
                ringback(tone, to: parentID)
            } else if parent.isAnswered, parent.ringing == nil {
                play(.tone(.ringback), event: nil, script: nil, to: .leg(parentID), loop: 0, level: 0) {
                    play, machine in machine.update(parentID) { $0.ringing = play }
                }
            }
        }
        let limits = owner.answerURL
        let setting = WebhookSetting(
            target: WebhookTarget(url: onAnswer.url, method: .get),
            connectTimeoutMilliseconds: limits?.connectTimeoutMilliseconds ?? 1000,
            socketTimeoutMilliseconds: limits?.socketTimeoutMilliseconds ?? 5000)
        fetchScript(legID, .ask(setting, fallback: nil), world)
    }

    /// Why a script may not be run by B alone, or nil.
    func faultOnAnswer(_ actions: [Action]) -> String? {
        for (index, action) in actions.enumerated() {
            switch action {
            case .connect, .conversation, .transfer:
                return "Syntax error in NCCO. Invalid value type or action. at /\(index)/action: "
                    + "'\(action.name)' is not allowed in onAnswer"
            case .talk, .stream, .input, .record, .notify, .wait: continue
            }
        }
        return nil
    }

    /// The script is over, or there is none: B joins those who wait for it.
    mutating func endOnAnswer(_ legID: LegID, _ world: World) {
        guard legs[legID]?.isPrivate == true else { return }
        update(legID) {
            $0.isPrivate = false
            $0.script = nil
        }
        memberJoined(legID)
        update(legID) { $0.audio.flowing = true }
        memberMedia(legID)
        if let leg = legs[legID] { emit(.updateAudio(legID, heard(leg.audio, by: leg))) }
        farEndAnswered(legID, world)
    }
}
