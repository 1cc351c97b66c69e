import CallModel
import EdgeProtocols
import MediaTime
import WireJSON

/// Writing events: ids, instants and bodies (contract events.md §1 to §4, voice-webhooks §3 and §4).
extension ConversationMachine {
    /// Appends an RTC event.
    ///
    /// - Parameters:
    ///   - listed: gets the next id; else it has none and the API does not list it.
    ///   - leg: whose member (or knocker) it is from; nil for `conversation:*` and prompts of a script.
    ///   - clients: shown to live sessions.
    mutating func rtc(
        _ type: String, listed: Bool = true, from leg: Leg? = nil, to: MemberID? = nil, body: JSONObject,
        clients: Bool = true
    ) {
        if listed { sequence += 1 }
        step.batch.events.append(rtcRow(type, listed: listed, from: leg, to: to, body: body, clients: clients))
    }

    /// As `rtc`; the row is the caller's, and `sequence` is its id if it is listed.
    func rtcRow(
        _ type: String, listed: Bool, from leg: Leg?, to: MemberID?, body: JSONObject, clients: Bool
    ) -> EventRow {
        var payload: JSONObject = ["type": .string(type), "application_id": .string(application.text)]
        // Events that precede the conversation do not name it (rtc-webhooks, "Payload").
        if record != nil { payload["conversation_id"] = .string(id.text) }
        if listed { payload["id"] = .int(Int64(sequence)) }
        if let from = leg?.member?.text ?? leg?.knocker?.text { payload["from"] = .string(from) }
        if let to { payload["to"] = .string(to.text) }
        payload["timestamp"] = .string(lastInstant.iso8601)
        payload["body"] = .object(body)
        if let leg, leg.member != nil { payload["_embedded"] = ["from_user": .object(leg.user.json)] }
        // Clients of the 6th generation know by it which of their calls this is (client-session §6.2).
        if type == "member:joined", let reference = leg?.client?.reference {
            payload["client_ref"] = .string(reference)
        }
        return EventRow(
            application: application, conversation: id, stream: .rtc, id: listed ? sequence : nil, type: type,
            instant: lastInstant, body: JSON.object(payload).bytes, delivery: .webhook, visibleToClients: clients,
            leg: leg?.id)
    }

    /// The fields common to all status events of a leg.
    func voiceFields(_ leg: Leg, status: LegStatus) -> JSONObject {
        var fields: JSONObject = [
            "headers": .object(leg.socketCall?.headers ?? JSONObject()),
            "from": leg.voiceFrom,
            "to": .string(leg.to.address),
            "uuid": .string(leg.id.text),
            "conversation_uuid": .string(id.text),
            "status": .string(status.rawValue),
            "direction": .string(leg.direction.rawValue),
            "timestamp": .string(lastInstant.iso8601),
        ]
        // Both names: the cloud writes the first on `started` and the second on what follows (voice-webhooks §3).
        if let reference = leg.client?.reference {
            fields["client_ref"] = .string(reference)
            fields["client_reference"] = .string(reference)
        }
        return fields
    }

    /// Appends a status event of the voice stream.
    mutating func voice(_ leg: Leg, _ status: LegStatus, _ extra: JSONObject = [:]) {
        var fields = voiceFields(leg, status: status)
        for (key, value) in extra.members { fields[key] = value }
        voiceRow(status.rawValue, fields, leg: leg, destination: leg.eventTarget)
    }

    mutating func voiceRow(
        _ type: String, _ fields: JSONObject, leg: Leg?, destination: WebhookTarget?,
        delivery: EventRow.Delivery = .webhook
    ) {
        step.batch.events.append(
            EventRow(
                application: application, conversation: id, stream: .voice, id: nil, type: type, instant: lastInstant,
                body: JSON.object(fields).bytes, destination: destination, delivery: delivery, leg: leg?.id))
    }

    /// The error webhook: `reason` only, so that SDK parsers take it for nothing else (voice-webhooks §7).
    mutating func errorEvent(_ reason: String, leg: Leg?) {
        voiceRow(
            "error",
            [
                "reason": .string(reason), "conversation_uuid": .string(id.text),
                "timestamp": .string(lastInstant.iso8601),
            ], leg: leg, destination: nil)
        note(.warning, "error event", leg?.id, reason)
    }

    mutating func createConversation(transient: Bool) {
        guard record == nil else { return }
        record = ConversationRecord(
            id: id, application: application, name: roomName ?? "NAM-" + UUIDText.random(), state: .active,
            sequenceNumber: 0, isTransient: transient, created: lastInstant,
            properties: transient ? [:] : ["ttl": .null])
        guard let record else { return }
        rtc(
            "conversation:created", listed: false,
            body: [
                "id": .string(id.text), "name": .string(record.name),
                "timestamp": ["created": .string(record.created.iso8601)], "state": "ACTIVE",
            ], clients: false)
    }

    mutating func deleteConversation(reason: String) {
        guard !isOver else { return }
        isOver = true
        if var record {
            rtc(
                "conversation:deleted", listed: false,
                body: [
                    "id": .string(id.text), "name": .string(record.name),
                    "timestamp": [
                        "created": .string(record.created.iso8601), "destroyed": .string(lastInstant.iso8601),
                    ],
                    "reason": .string(reason),
                ])
            record.state = .deleted
            record.destroyed = lastInstant
            self.record = record
        }
        emit(.over)
    }

    // MARK: Member and leg events

    mutating func memberRecord(_ leg: Leg, _ state: MemberState, left: WallTime? = nil) {
        guard let member = leg.member else { return }
        var record = MemberRecord(
            id: member, application: application, conversation: id, user: leg.user, state: state,
            channel: .object(leg.memberChannel), audio: leg.audio, initiator: ["joined": ["is_system": true]])
        record.knocker = leg.knocker
        record.invited = leg.invitedAt
        record.joined = leg.joinedAt
        record.left = left
        step.batch.members.append(record)
    }

    mutating func memberInvited(_ legID: LegID) {
        let instant = lastInstant
        update(legID) {
            $0.member = MemberID.make()
            $0.invitedAt = instant
        }
        guard let leg = legs[legID], let member = leg.member, let record else { return }
        let media: JSON = [
            "audio": true,
            "audio_settings": [
                "enabled": true, "muted": .bool(leg.audio.muted), "earmuffed": .bool(leg.audio.earmuffed),
            ],
        ]
        var user = leg.user.json
        user["user_id"] = .string(leg.user.id.text)
        user["member_id"] = .string(member.text)
        user["media"] = media
        var channel = leg.memberChannel
        channel["ring_timeout"] = .int(Int64(ringSeconds(of: leg)) * 1000)
        channel["max_length"] = .int(Int64(leg.limitSeconds) * 1000)
        channel["cpa"] = .bool(leg.machineDetection != nil)
        channel["preanswer"] = false
        rtc(
            "member:invited", from: leg,
            body: [
                "cname": .string(record.name),
                "conversation": ["conversation_id": .string(id.text), "name": .string(record.name)],
                "invited_by": .null,
                "member_id": .string(member.text),
                "user": .object(user),
                "channel": .object(channel),
                "media": media,
                "timestamp": ["invited": .string(lastInstant.iso8601)],
                "initiator": ["invited": ["isSystem": true]],
            ])
        memberRecord(leg, .invited)
    }

    func ringSeconds(of leg: Leg) -> Int { ringLimits[leg.id] ?? 60 }

    mutating func memberJoined(_ legID: LegID) {
        let instant = lastInstant
        update(legID) {
            if $0.member == nil { $0.member = MemberID.make() }
            $0.joinedAt = instant
        }
        guard let leg = legs[legID], let member = leg.member else { return }
        var user = leg.user.json
        user["user_id"] = .string(leg.user.id.text)
        var channel = leg.memberChannel
        if let knocker = leg.knocker { channel["knocking_id"] = .string(knocker.text) }
        channel["preanswer"] = false
        var timestamp = JSONObject()
        if let invited = leg.invitedAt { timestamp["invited"] = .string(invited.iso8601) }
        timestamp["joined"] = .string(lastInstant.iso8601)
        var body: JSONObject = [
            "member_id": .string(member.text), "user": .object(user), "channel": .object(channel),
            "timestamp": .object(timestamp), "initiator": ["joined": ["isSystem": true]],
        ]
        if let reference = leg.client?.reference { body["client_ref"] = .string(reference) }
        rtc("member:joined", from: leg, body: body)
        memberRecord(leg, .joined)
    }

    mutating func memberMedia(_ legID: LegID) {
        guard let leg = legs[legID] else { return }
        rtc(
            "member:media", from: leg,
            body: [
                "audio": .bool(leg.audio.flowing), "media": leg.audio.json, "channel": .object(leg.memberChannel),
            ])
        memberRecord(leg, leg.joinedAt == nil ? .invited : .joined)
    }

    mutating func memberLeft(_ leg: Leg, reason: (code: String, text: String)?, bySystem: Bool) {
        guard let member = leg.member else { return }
        var timestamp = JSONObject()
        if let invited = leg.invitedAt { timestamp["invited"] = .string(invited.iso8601) }
        if let joined = leg.joinedAt { timestamp["joined"] = .string(joined.iso8601) }
        timestamp["left"] = .string(lastInstant.iso8601)
        var left: JSONObject = ["isSystem": .bool(bySystem)]
        if !bySystem {
            left["user_id"] = .string(leg.user.id.text)
            left["member_id"] = .string(member.text)
        }
        var initiator = JSONObject()
        if leg.invitedAt != nil { initiator["invited"] = ["isSystem": true] }
        if leg.joinedAt != nil { initiator["joined"] = ["isSystem": true] }
        initiator["left"] = .object(left)
        var body: JSONObject = [
            "member_id": .string(member.text), "user": .object(leg.user.json), "channel": .object(leg.memberChannel),
            "timestamp": .object(timestamp), "initiator": .object(initiator),
        ]
        if let reason { body["reason"] = ["code": .string(reason.code), "text": .string(reason.text)] }
        rtc("member:left", from: leg, body: body)
        memberRecord(leg, .left, left: lastInstant)
    }

    /// Moves a leg to a live status and writes what the contract lists for it (README 4).
    mutating func legStatus(_ legID: LegID, _ status: LegStatus) {
        let (instant, conversation) = (lastInstant, id)
        update(legID) {
            $0.status = status
            $0.appendHistory(status, at: instant, in: conversation)
            if status == .answered { $0.answeredAt = instant }
        }
        guard let leg = legs[legID], status != .started else { return }
        let listed = leg.member != nil
        if listed, !(leg.kind == .app && status == .ringing) {
            rtc("leg:status:update", from: leg, body: leg.statusUpdate(nil))
        }
        // A knocker's sip:* events precede the conversation: no id, no client sees them.
        if status == .ringing || status == .answered {
            rtc(
                "\(leg.eventPrefix):\(status.rawValue)", listed: listed, from: leg,
                body: ["direction": .string(leg.direction.rawValue), "channel": .object(leg.channel)], clients: listed)
        }
    }
}
