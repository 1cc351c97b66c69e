import CallModel
import Foundation
import GRDB
import MediaTime
import WireJSON

/// Columns read back into values. What the program itself wrote always decodes; a word it does not know (a file edited
/// by hand) is an error that names it.
enum RecordReading {
    static let eventColumns = """
        position, application, conversation, stream, id, type, instant, body, destination_url, destination_method,
        delivery, visible, leg
        """
    static let legColumns = """
        id, application, conversation, kind, direction, caller, callee, status, started, answered, ended, sip_code,
        member, knocker, event_url, event_method, sip_call_id, client_ref
        """
    static let memberColumns = """
        id, application, conversation, user_id, user_name, user_display_name, state, channel, audio, initiator,
        invited_by, knocker, invited, joined, "left"
        """
    static let conversationColumns = """
        id, application, name, display_name, state, sequence_number, is_transient, created, updated, destroyed,
        properties
        """
    static let fileColumns = "id, application, conversation, recording, format, byte_count, started, ended"
    static let transcriptionColumns = """
        id, application, conversation, recording, sound, file, leg, event_url, event_method, language, sentiment,
        started, ended
        """

    static func event(_ row: Row) throws -> EventRow {
        let body: Data = row[7]
        let delivery: Int = row[10]
        return EventRow(
            position: row[0], application: ApplicationID(row[1]),
            conversation: (row[2] as String?).map(ConversationID.init),
            stream: (row[3] as Int64) == 0 ? .rtc : .voice, id: row[4], type: row[5], instant: wall(row[6]),
            body: [UInt8](body), destination: try target(url: row[8], method: row[9]),
            delivery: try word(EventRow.Delivery(rawValue: delivery), "delivery \(delivery)"),
            visibleToClients: row[11],
            leg: (row[12] as String?).map(LegID.init))
    }

    static func leg(_ row: Row) throws -> LegRecord {
        let kind: String = row[3]
        let direction: String = row[4]
        let status: String = row[7]
        var leg = LegRecord(
            id: LegID(row[0]), application: ApplicationID(row[1]), conversation: ConversationID(row[2]),
            kind: try word(Endpoint.Kind(rawValue: kind), kind),
            direction: try word(LegDirection(rawValue: direction), direction),
            from: try (row[5] as String?).map(RecordJSON.endpoint), to: try RecordJSON.endpoint(row[6]),
            status: try word(LegStatus(rawValue: status), status), started: wall(row[8]))
        leg.answered = (row[9] as Int64?).map(wall)
        leg.ended = (row[10] as Int64?).map(wall)
        leg.sipCode = row[11]
        leg.member = (row[12] as String?).map(MemberID.init)
        leg.knocker = (row[13] as String?).map(KnockerID.init)
        leg.eventTarget = try target(url: row[14], method: row[15])
        leg.sipCallID = row[16]
        leg.clientReference = row[17]
        return leg
    }

    static func transcription(_ row: Row) throws -> TranscriptionRecord {
        TranscriptionRecord(
            id: TranscriptionID(row[0]), application: ApplicationID(row[1]), conversation: ConversationID(row[2]),
            recording: RecordingID(row[3]), sound: row[4], file: FileID(row[5]),
            leg: (row[6] as String?).map(LegID.init), eventTarget: try target(url: row[7], method: row[8]),
            language: row[9], wantsSentiment: row[10], started: wall(row[11]), ended: wall(row[12]))
    }

    static func member(_ row: Row) throws -> MemberRecord {
        let state: String = row[6]
        var member = MemberRecord(
            id: MemberID(row[0]), application: ApplicationID(row[1]), conversation: ConversationID(row[2]),
            user: UserSummary(id: UserID(row[3]), name: row[4], displayName: row[5]),
            state: try word(MemberState(rawValue: state), state), channel: try JSON(parsing: row[7] as String),
            audio: try RecordJSON.audio(row[8]), initiator: try JSON(parsing: row[9] as String))
        member.invitedBy = (row[10] as String?).map(MemberID.init)
        member.knocker = (row[11] as String?).map(KnockerID.init)
        member.invited = (row[12] as Int64?).map(wall)
        member.joined = (row[13] as Int64?).map(wall)
        member.left = (row[14] as Int64?).map(wall)
        return member
    }

    static func conversation(_ row: Row) throws -> ConversationRecord {
        let state: String = row[4]
        var conversation = ConversationRecord(
            id: ConversationID(row[0]), application: ApplicationID(row[1]), name: row[2], displayName: row[3],
            state: try word(ConversationState(rawValue: state), state), sequenceNumber: row[5], isTransient: row[6],
            created: wall(row[7]), properties: try JSON(parsing: row[10] as String))
        conversation.updated = (row[8] as Int64?).map(wall)
        conversation.destroyed = (row[9] as Int64?).map(wall)
        return conversation
    }

    static func file(_ row: Row) throws -> FileRecord {
        let format: String = row[4]
        return FileRecord(
            id: FileID(row[0]), application: ApplicationID(row[1]), conversation: ConversationID(row[2]),
            recording: RecordingID(row[3]), format: try word(StoredFormat(rawValue: format), format),
            byteCount: row[5], started: wall(row[6]), ended: wall(row[7]))
    }

    private static func wall(_ milliseconds: Int64) -> WallTime { WallTime(milliseconds: milliseconds) }

    private static func target(url: String?, method: String?) throws -> WebhookTarget? {
        guard let url, let method else { return nil }
        return WebhookTarget(url: url, method: try word(WebhookTarget.Method(rawValue: method), method))
    }

    private static func word<Value>(_ value: Value?, _ text: String) throws -> Value {
        guard let value else { throw StoreFault(.notADatabase, "the log holds the unknown word '\(text)'") }
        return value
    }
}

/// Nested values that are kept as JSON text in one column.
enum RecordJSON {
    static func text(of audio: MemberAudio) -> String {
        var object = JSONObject([
            ("flowing", .bool(audio.flowing)), ("enabled", .bool(audio.enabled)), ("muted", .bool(audio.muted)),
            ("earmuffed", .bool(audio.earmuffed)),
        ])
        if let legs = audio.canSpeak { object["can_speak"] = .array(legs.map { .string($0.text) }) }
        if let legs = audio.canHear { object["can_hear"] = .array(legs.map { .string($0.text) }) }
        return JSON.object(object).text
    }

    static func audio(_ text: String) throws -> MemberAudio {
        let object = try JSON(parsing: text).object ?? JSONObject()
        let legs = { (key: String) in object[key]?.array?.compactMap { $0.string.map(LegID.init) } }
        return MemberAudio(
            flowing: object["flowing"] == true, enabled: object["enabled"] == true, muted: object["muted"] == true,
            earmuffed: object["earmuffed"] == true, canSpeak: legs("can_speak"), canHear: legs("can_hear"))
    }

    static func endpoint(_ text: String) throws -> Endpoint {
        let object = try JSON(parsing: text).object ?? JSONObject()
        let word = { (key: String) in object[key]?.string ?? "" }
        switch Endpoint.Kind(rawValue: word("type")) {
        case .phone: return .phone(number: word("number"))
        case .sip: return .sip(uri: word("uri"))
        case .app: return .app(user: word("user"))
        case .websocket: return .websocket(uri: word("uri"))
        case .vbc: return .vbc(extension: word("extension"))
        case nil: throw StoreFault(.notADatabase, "the log holds an endpoint of unknown type: \(text)")
        }
    }
}
