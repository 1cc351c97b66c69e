import CallModel
import WireJSON

// conversation and transfer: ncco §3.2, §3.9.
extension ActionReader {
    static func conversation(_ object: JSONObject, _ findings: inout Findings) -> Action? {
        var room = ConversationAction(name: "")
        var event = EventOptions()
        for (key, value) in object.members {
            switch key {
            case "action": break
            case "name": room.name = findings.nonEmptyText(key, value) ?? ""
            case "musicOnHoldUrl": room.musicOnHoldURL = findings.urlOrOnlyURL(key, value)
            case "startOnEnter": room.startOnEnter = findings.flag(key, value) ?? room.startOnEnter
            case "endOnExit": room.endOnExit = findings.flag(key, value) ?? room.endOnExit
            case "record": room.record = findings.flag(key, value) ?? room.record
            case "canSpeak": room.canSpeak = findings.texts(key, value, of: "leg ids")
            case "canHear": room.canHear = findings.texts(key, value, of: "leg ids")
            case "mute": room.mute = findings.flag(key, value) ?? room.mute
            case "transcription": room.transcription = transcription(key, value, &findings)
            case "eventUrl": event.readURL(key, value, &findings)
            case "eventMethod": event.readMethod(key, value, &findings)
            default: findings.unknown(key)
            }
        }
        if object["name"] == nil { findings.missing("name") }
        checkMute(room.mute, room.canSpeak, &findings)
        if room.transcription != nil, !room.record { findings.fault("transcription", "needs record=true") }
        room.event = event.target(&findings)
        return .conversation(room)
    }

    static func transfer(_ object: JSONObject, _ findings: inout Findings) -> Action? {
        var transfer = Transfer(conversation: ConversationID(""))
        var isTargetGiven = false
        for (key, value) in object.members {
            switch key {
            case "action": break
            case "conversationId", "conversation_id":
                isTargetGiven = true
                guard let id = findings.text(key, value) else { continue }
                guard id.hasPrefix("CON-"), id.utf8.count > 4 else {
                    findings.fault(key, "must start with CON-")
                    continue
                }
                transfer.conversation = ConversationID(id)
            case "canSpeak": transfer.canSpeak = findings.texts(key, value, of: "leg ids")
            case "canHear": transfer.canHear = findings.texts(key, value, of: "leg ids")
            case "mute": transfer.mute = findings.flag(key, value) ?? transfer.mute
            default: findings.unknown(key)
            }
        }
        if !isTargetGiven { findings.missing("conversationId") }
        checkMute(transfer.mute, transfer.canSpeak, &findings)
        return .transfer(transfer)
    }

    private static func checkMute(_ mute: Bool, _ canSpeak: [String]?, _ findings: inout Findings) {
        if mute, let canSpeak, !canSpeak.isEmpty { findings.fault("mute", "not supported together with canSpeak") }
    }
}
