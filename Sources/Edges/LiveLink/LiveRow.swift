package import CallModel
import WireJSON

/// A row of the log as live sessions see it, made once for all of them.
package struct LiveRow: Sendable {
    /// A membership that begins with this row.
    package struct Membership: Sendable {
        package var user: String
        package var member: MemberID
        package var isInvitation: Bool
    }

    package var position: Int64
    package var application: ApplicationID
    package var conversation: ConversationID
    package var endsConversation: Bool
    package var membership: Membership?
    /// The RTC webhook payload with `position` as its last member, compact JSON without line breaks.
    package var message: [UInt8]

    /// Nil for rows that no client sees (events.md §3, column Cli).
    init?(_ row: EventRow) {
        guard row.visibleToClients, row.stream == .rtc, let conversation = row.conversation,
            let message = Self.splice(row.body, position: row.position)
        else { return nil }
        position = row.position
        application = row.application
        self.conversation = conversation
        endsConversation = row.type == "conversation:deleted"
        membership = Membership(row)
        self.message = message
    }

    /// An event that is not stored, as it looks to a reader that may resume from `position`.
    package static func message(_ event: EventRow, position: Int64) -> [UInt8]? {
        splice(event.body, position: position)
    }

    /// Adds `position` before the closing brace without parsing the body.
    private static func splice(_ body: [UInt8], position: Int64) -> [UInt8]? {
        guard let end = body.lastIndex(of: UInt8(ascii: "}")), body.first == UInt8(ascii: "{") else { return nil }
        var message: [UInt8] = []
        message.reserveCapacity(end + 32)
        // Raw line breaks are only blanks between JSON tokens; an event stream would take them for a new field.
        for byte in body[..<end] { message.append(byte == 10 || byte == 13 ? 32 : byte) }
        let isEmpty = body[1..<end].allSatisfy { $0 == 32 || $0 == 9 || $0 == 10 || $0 == 13 }
        message.append(contentsOf: "\(isEmpty ? "" : ",")\"position\":\(position)}".utf8)
        return message
    }
}

extension LiveRow.Membership {
    /// Read from `member:invited` and `member:joined`; nil for every other row.
    init?(_ row: EventRow) {
        guard row.type == "member:invited" || row.type == "member:joined",
            let event = try? JSON(parsing: row.body),
            let user = event["body"]?["user"]?["name"]?.string ?? event["_embedded"]?["from_user"]?["name"]?.string,
            let member = event["body"]?["member_id"]?.string ?? event["from"]?.string
        else { return nil }
        self.init(user: user, member: MemberID(member), isInvitation: row.type == "member:invited")
    }
}
