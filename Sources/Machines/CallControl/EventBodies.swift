import CallModel
import EdgeProtocols
import MediaTime
import WireJSON

/// How objects look inside events (contract events.md §4 and its fixtures).
extension Leg {
    /// `{type, id, from, to, headers}`: the channel of `sip:*`, `rtc:*` and `audio:*` bodies.
    var channel: JSONObject {
        var channel: JSONObject = ["type": .string(kind.rawValue)]
        // An invited app member has no leg id until its leg exists (events.md §1).
        if kind != .app || isUserCalling || joinedAt != nil || isAttached || status.isTerminal {
            channel["id"] = .string(id.text)
        }
        if let from { channel["from"] = from.json }
        channel["to"] = to.json
        channel["headers"] = .object(socketCall?.headers ?? headersObject)
        channel["content-type"] = socketCall.map { .string($0.contentType) }
        return channel
    }

    /// The channel of member events: with the legs behind it.
    var memberChannel: JSONObject {
        var channel = self.channel
        let exists = channel["id"] != nil
        channel["leg_ids"] = .array(exists ? [.string(id.text)] : [])
        channel["legs"] = .array(
            exists ? [["leg_id": .string(id.text), "status": .string(status.rawValue)]] : [])
        return channel
    }

    private var headersObject: JSONObject {
        var object = JSONObject()
        for header in headers { object[header.name] = .string(header.value) }
        return object
    }

    func statusUpdate(_ ending: LegEnding?) -> JSONObject {
        var state: JSONObject = ["status": .string(status.rawValue)]
        if let ending {
            state = [
                "status": "completed", "successful": .bool(ending.legStatus == .completed),
                "reason": .string(ending.reason),
            ]
        }
        return [
            "leg_id": .string(id.text), "type": .string(kind.rawValue), "direction": .string(direction.rawValue),
            "status": .string((ending?.legStatus ?? status).rawValue), "state": .object(state),
            "statusHistory": .array(history.map(\.json)),
        ]
    }
}

extension Leg.HistoryEntry {
    var json: JSON {
        var entry: JSONObject = ["status": .string(status.rawValue), "date": .string(date.iso8601)]
        if let member { entry["member_id"] = .string(member.text) }
        if let conversation { entry["conversation_id"] = .string(conversation.text) }
        if let knocker { entry["knocker_id"] = .string(knocker.text) }
        return .object(entry)
    }
}

extension UserSummary {
    var json: JSONObject {
        var user: JSONObject = ["id": .string(id.text), "name": .string(name)]
        if let displayName { user["display_name"] = .string(displayName) }
        return user
    }
}

extension MediaStatistics {
    /// `quality` of hangup events. The mean opinion score is the E-model's with delay left out (ITU-T G.107).
    var quality: JSON {
        let expected = packetsReceived + packetsLost
        let loss = expected > 0 ? Double(packetsLost) / Double(expected) * 100 : 0
        let impairment = 30 * loss / (loss + 10) + min(jitterMilliseconds / 4, 20)
        let r = max(0, min(93.2 - impairment, 93.2))
        let mos = 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6
        func rounded(_ value: Double) -> JSON { .double((value * 100).rounded() / 100) }
        return [
            "mos_score": rounded(mos), "quality_percentage": .int(Int64(r / 93.2 * 100)),
            "jitter_min_var": rounded(jitterMinimumMilliseconds), "jitter_max_var": rounded(jitterMaximumMilliseconds),
            "jitter_loss_rate": rounded(loss), "jitter_burst_rate": 0,
            "flaw_total": .int(Int64(packetsLost + packetsLate)),
            "packet_cnt": .int(Int64(packetsReceived)), "packet_loss_perc": rounded(loss),
        ]
    }

    var bandwidth: JSON { ["byte_in": .int(Int64(bytesReceived)), "byte_out": .int(Int64(bytesSent))] }
}
