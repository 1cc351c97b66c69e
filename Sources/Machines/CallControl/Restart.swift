public import CallModel
public import EdgeProtocols
import MediaTime
import WireJSON

/// Closing events of what a former run left open (contract README 3, last row).
public enum Restart {
    /// One conversation as the log has it at start-up.
    public struct Remains: Sendable {
        public var conversation: ConversationRecord?
        public var legs: [LegRecord]
        public var members: [MemberRecord]
        public init(conversation: ConversationRecord?, legs: [LegRecord], members: [MemberRecord]) {
            self.conversation = conversation
            self.legs = legs
            self.members = members
        }
    }

    /// The batch that ends every open leg, and the conversation itself when it was transient.
    public static func close(
        _ remains: Remains, application: Application, id: ConversationID, in world: World
    ) -> LogBatch {
        var machine = ConversationMachine(reopening: remains, application: application, id: id, in: world)
        return machine.closeAfterRestart(in: world).batch
    }
}

extension ConversationMachine {
    fileprivate init(
        reopening remains: Restart.Remains, application: Application, id: ConversationID, in world: World
    ) {
        let name = remains.conversation.flatMap { $0.isTransient ? nil : $0.name }
        self.init(room: name ?? "", id: id, application: application, stored: remains.conversation)
        isTransientAfterRestart = name == nil
        for record in remains.legs {
            let member = remains.members.first { $0.id == record.member }
            var leg = Leg(
                id: record.id, kind: record.kind, direction: record.direction, signalling: .sessions(user: ""),
                from: record.from, to: record.to,
                user: member?.user ?? Self.user(of: record, in: world),
                startedAt: record.started)
            leg.member = record.member
            leg.knocker = record.knocker
            leg.eventTarget = record.eventTarget
            leg.sipCallID = record.sipCallID
            leg.client = record.clientReference.map { Leg.ClientCall(reference: $0) }
            leg.hasVoiceStarted = true
            leg.restore(
                status: record.status, answered: record.answered, invited: member?.invited, joined: member?.joined)
            insert(leg)
        }
    }

    /// Of a leg that had no member yet.
    private static func user(of record: LegRecord, in world: World) -> UserSummary {
        guard record.kind == .app, record.direction == .inbound, case .app(let name) = record.from else {
            return UserSummary(id: UserID.make(), name: "NAM-" + UUIDText.random())
        }
        return UserSummary(id: world.directory.userID(name, application: record.application), name: name)
    }

    fileprivate mutating func closeAfterRestart(in world: World) -> Step {
        step = Step()
        lastInstant = max(lastInstant, world.wall)
        for leg in liveLegs { end(leg.id, Endings.restart(wasAnswered: leg.isAnswered), signal: false, world) }
        if isTransientAfterRestart, record != nil { deleteConversation(reason: "restart") }
        if var record {
            record.sequenceNumber = sequence
            step.batch.conversations.append(record)
        }
        return step
    }
}

extension Leg {
    mutating func restore(status: LegStatus, answered: WallTime?, invited: WallTime?, joined: WallTime?) {
        self.status = status
        answeredAt = answered
        invitedAt = invited
        joinedAt = joined
        history = [HistoryEntry(status: .started, date: startedAt, member: member, conversation: nil, knocker: knocker)]
        if let answered {
            history.append(
                HistoryEntry(status: .answered, date: answered, member: member, conversation: nil, knocker: nil))
        }
    }
}
