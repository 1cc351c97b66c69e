import CallModel
import GRDB
import MediaTime
import WireJSON

/// The statements of one commit, prepared once per connection and looked up once per transaction.
///
/// - Threading: the writer's queue only, within one transaction.
struct RecordWriting {
    private let db: Database
    private let insertEvent: Statement

    init(_ db: Database) throws {
        self.db = db
        insertEvent = try db.cachedStatement(
            sql: """
                INSERT INTO events (position, application, conversation, stream, id, type, instant, body,
                    destination_url, destination_method, delivery, visible, leg)
                VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)
                """)
    }

    func insert(_ row: EventRow) throws {
        var binder = RowBinder(insertEvent)
        binder.bind(row.position)
        binder.bind(row.application.text)
        binder.bind(row.conversation?.text)
        binder.bind(row.stream.column)
        binder.bind(row.id.map(Int64.init))
        binder.bind(row.type)
        binder.bind(row.instant)
        binder.bind(blob: row.body)
        binder.bind(row.destination?.url)
        binder.bind(row.destination?.method.rawValue)
        binder.bind(Int64(row.delivery.rawValue))
        binder.bind(row.visibleToClients)
        binder.bind(row.leg?.text)
        try binder.run()
    }

    // Columns that are fixed at birth are left out of SET, so that their indexes are not touched.
    func upsert(_ leg: LegRecord) throws {
        var binder = RowBinder(
            try db.cachedStatement(
                sql: """
                    INSERT INTO legs (id, application, conversation, kind, direction, caller, callee, status, open,
                        started, answered, ended, sip_code, member, knocker, event_url, event_method, sip_call_id,
                        client_ref)
                    VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
                    ON CONFLICT (id) DO UPDATE SET conversation = excluded.conversation, caller = excluded.caller,
                        callee = excluded.callee, status = excluded.status, open = excluded.open,
                        answered = excluded.answered, ended = excluded.ended, sip_code = excluded.sip_code,
                        member = excluded.member, knocker = excluded.knocker, event_url = excluded.event_url,
                        event_method = excluded.event_method, sip_call_id = excluded.sip_call_id
                    """))
        binder.bind(leg.id.text)
        binder.bind(leg.application.text)
        binder.bind(leg.conversation.text)
        binder.bind(leg.kind.rawValue)
        binder.bind(leg.direction.rawValue)
        binder.bind(leg.from?.json.text)
        binder.bind(leg.to.json.text)
        binder.bind(leg.status.rawValue)
        binder.bind(!leg.status.isTerminal)
        binder.bind(leg.started)
        binder.bind(leg.answered)
        binder.bind(leg.ended)
        binder.bind(leg.sipCode.map(Int64.init))
        binder.bind(leg.member?.text)
        binder.bind(leg.knocker?.text)
        binder.bind(leg.eventTarget?.url)
        binder.bind(leg.eventTarget?.method.rawValue)
        binder.bind(leg.sipCallID)
        binder.bind(leg.clientReference)
        try binder.run()
    }

    func upsert(_ member: MemberRecord) throws {
        var binder = RowBinder(
            try db.cachedStatement(
                sql: """
                    INSERT INTO members (id, application, conversation, user_id, user_name, user_display_name, state,
                        channel_kind, channel, audio, initiator, invited_by, knocker, invited, joined, "left")
                    VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
                    ON CONFLICT (id) DO UPDATE SET user_display_name = excluded.user_display_name,
                        state = excluded.state, channel = excluded.channel, audio = excluded.audio,
                        initiator = excluded.initiator, invited_by = excluded.invited_by,
                        knocker = excluded.knocker, invited = excluded.invited, joined = excluded.joined,
                        "left" = excluded."left"
                    """))
        binder.bind(member.id.text)
        binder.bind(member.application.text)
        binder.bind(member.conversation.text)
        binder.bind(member.user.id.text)
        binder.bind(member.user.name)
        binder.bind(member.user.displayName)
        binder.bind(member.state.rawValue)
        binder.bind(member.channel.object?["type"]?.string ?? "")
        binder.bind(member.channel.text)
        binder.bind(RecordJSON.text(of: member.audio))
        binder.bind(member.initiator.text)
        binder.bind(member.invitedBy?.text)
        binder.bind(member.knocker?.text)
        binder.bind(member.invited)
        binder.bind(member.joined)
        binder.bind(member.left)
        try binder.run()
    }

    func upsert(_ conversation: ConversationRecord) throws {
        var binder = RowBinder(
            try db.cachedStatement(
                sql: """
                    INSERT INTO conversations (id, application, name, display_name, state, sequence_number,
                        is_transient, created, updated, destroyed, properties)
                    VALUES (?,?,?,?,?,?,?,?,?,?,?)
                    ON CONFLICT (id) DO UPDATE SET name = excluded.name, display_name = excluded.display_name,
                        state = excluded.state, sequence_number = excluded.sequence_number,
                        is_transient = excluded.is_transient, updated = excluded.updated,
                        destroyed = excluded.destroyed, properties = excluded.properties
                    """))
        binder.bind(conversation.id.text)
        binder.bind(conversation.application.text)
        binder.bind(conversation.name)
        binder.bind(conversation.displayName)
        binder.bind(conversation.state.rawValue)
        binder.bind(Int64(conversation.sequenceNumber))
        binder.bind(conversation.isTransient)
        binder.bind(conversation.created)
        binder.bind(conversation.updated)
        binder.bind(conversation.destroyed)
        binder.bind(conversation.properties.text)
        try binder.run()
    }

    func insert(_ file: FileRecord) throws {
        var binder = RowBinder(
            try db.cachedStatement(
                sql: """
                    INSERT OR REPLACE INTO files (id, application, conversation, recording, format, byte_count,
                        started, ended)
                    VALUES (?,?,?,?,?,?,?,?)
                    """))
        binder.bind(file.id.text)
        binder.bind(file.application.text)
        binder.bind(file.conversation.text)
        binder.bind(file.recording.text)
        binder.bind(file.format.rawValue)
        binder.bind(file.byteCount)
        binder.bind(file.started)
        binder.bind(file.ended)
        try binder.run()
    }

    func insert(_ transcription: TranscriptionRecord) throws {
        var binder = RowBinder(
            try db.cachedStatement(
                sql: """
                    INSERT OR REPLACE INTO transcriptions (id, application, conversation, recording, sound, file, leg,
                        event_url, event_method, language, sentiment, started, ended)
                    VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)
                    """))
        binder.bind(transcription.id.text)
        binder.bind(transcription.application.text)
        binder.bind(transcription.conversation.text)
        binder.bind(transcription.recording.text)
        binder.bind(transcription.sound)
        binder.bind(transcription.file.text)
        binder.bind(transcription.leg?.text)
        binder.bind(transcription.eventTarget?.url)
        binder.bind(transcription.eventTarget?.method.rawValue)
        binder.bind(transcription.language)
        binder.bind(transcription.wantsSentiment)
        binder.bind(transcription.started)
        binder.bind(transcription.ended)
        try binder.run()
    }

    func remove(_ transcription: TranscriptionID) throws {
        var binder = RowBinder(try db.cachedStatement(sql: "DELETE FROM transcriptions WHERE id = ?"))
        binder.bind(transcription.text)
        try binder.run()
    }
}

extension EventStream {
    /// 0 rtc, 1 voice.
    var column: Int64 { self == .rtc ? 0 : 1 }
}
