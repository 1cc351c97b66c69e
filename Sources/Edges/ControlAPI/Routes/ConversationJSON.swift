import CallModel
import MediaTime
import WireJSON
import Tokens

/// Conversation objects as REST v1 shows them (conversation-api §5).
enum ConversationJSON {
    static func conversation(_ record: ConversationRecord, isLite: Bool, _ request: APIRequest) -> JSON {
        var json = JSONObject()
        json["id"] = .string(record.id.text)
        json["name"] = .string(record.name)
        json["display_name"] = record.displayName.map { .string($0) }
        if !isLite {
            json["state"] = .string(record.state.rawValue)
            json["sequence_number"] = JSON(record.sequenceNumber)
        }
        var timestamp = JSONObject()
        timestamp["created"] = .string(record.created.iso8601)
        timestamp["updated"] = record.updated.map { .string($0.iso8601) }
        timestamp["destroyed"] = record.destroyed.map { .string($0.iso8601) }
        json["timestamp"] = .object(timestamp)
        if !isLite { json["properties"] = record.properties }
        json["_links"] = links(request.link(path(of: record.id, request)))
        return .object(json)
    }

    static func member(_ record: MemberRecord, isLite: Bool, _ request: APIRequest) -> JSON {
        var json = JSONObject()
        json["id"] = .string(record.id.text)
        json["conversation_id"] = .string(record.conversation.text)
        json["state"] = .string(record.state.rawValue)
        var user = JSONObject()
        user["id"] = .string(record.user.id.text)
        user["name"] = .string(record.user.name)
        user["display_name"] = record.user.displayName.map { .string($0) }
        user["_links"] = links(request.link("/\(request.path.segments[0])/users/\(record.user.id.text)"))
        json["_embedded"] = ["user": .object(user)]
        if !isLite {
            var timestamp = JSONObject()
            timestamp["invited"] = record.invited.map { .string($0.iso8601) }
            timestamp["joined"] = record.joined.map { .string($0.iso8601) }
            timestamp["left"] = record.left.map { .string($0.iso8601) }
            json["timestamp"] = .object(timestamp)
            json["initiator"] = record.initiator
            json["channel"] = record.channel
            json["media"] = record.audio.json
            json["knocking_id"] = record.knocker.map { .string($0.text) }
            json["invited_by"] = record.invitedBy.map { .string($0.text) }
        }
        let path = "\(path(of: record.conversation, request))/members/\(record.id.text)"
        json["_links"] = links(request.link(path))
        return .object(json)
    }

    /// An event row, stored in the webhook form, in the REST form (events.md §1). Nil when its body is not an event.
    static func event(_ row: EventRow, of conversation: ConversationID, _ request: APIRequest) -> JSON? {
        guard let id = row.id, let stored = (try? JSON(parsing: row.body))?.object else { return nil }
        var json = JSONObject()
        json["id"] = JSON(id)
        for name in ["type", "from", "to", "body", "timestamp", "state"] { json[name] = stored[name] }
        var embedded = stored["_embedded"]?.object ?? JSONObject()
        if let from = stored["from"]?.string, from.hasPrefix("MEM-") { embedded["from_member"] = ["id": .string(from)] }
        if !embedded.isEmpty { json["_embedded"] = .object(embedded) }
        json["_links"] = links(request.link("\(path(of: conversation, request))/events/\(id)"))
        return .object(json)
    }

    private static func path(of conversation: ConversationID, _ request: APIRequest) -> String {
        // The older version prefix stays in the links of those who ask with it.
        "/\(request.path.segments[0])/conversations/\(PercentEncoding.encode(conversation.text))"
    }

    private static func links(_ href: String) -> JSON { ["self": ["href": .string(href)]] }
}
