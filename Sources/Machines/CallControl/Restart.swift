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
        var machine = ConversationMachine(reopening: remains, application: application, id: id)
        return machine.closeAfterRestart(in: world).batch
    }
}

extension ConversationMachine {
    fileprivate init(reopening remains: Restart.Remains, application: Application, id: ConversationID) {
        let name = remains.conversation.flatMap { $0.isTransient ? nil : $0.name }
        self.init(room: name ?? "", id: id, application: application, stored: remains.conversation)
        isTransientAfterRestart = name == nil
        for record in remains.legs {
            let member = remains.members.first { $0.id == record.member }
            var leg = Leg(
                id: record.id, kind: record.kind, direction: record.direction, signalling: .sessions(user: ""),
                from: record.from, to: record.to,
                user: member?.user ?? UserSummary(id: UserID.make(), name: "NAM-" + UUIDText.random()),
                startedAt: record.started)
            leg.member = record.member
            leg.knocker = record.knocker
            leg.eventTarget = record.eventTarget
            leg.sipCallID = record.sipCallID
            leg.hasVoiceStarted = true
            leg.restore(
                status: record.status, answered: record.answered, invited: member?.invited, joined: member?.joined)
            insert(leg)
        }
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
