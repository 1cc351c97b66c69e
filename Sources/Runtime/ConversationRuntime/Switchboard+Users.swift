import CallControl
public import CallModel
public import EdgeProtocols
import Logging
import MediaTime
import Synchronization

/// Calls that users place with the sound device that they have (client-session §6).
extension Switchboard {
    public func place(_ call: UserCall) async throws(CommandFault) -> UserCallReceipt {
        let (owner, callSeconds) = tables.withLock {
            ($0.directory.applications[call.application], $0.settings.calls.callSeconds)
        }
        guard let owner else { throw CommandFault(.notFound, "no such application") }
        if let obstacle = obstacle() { throw CommandFault(.overloaded, obstacle) }
        let world = world(of: owner.id)
        guard let account = world.directory.users[call.user], account.belongs(to: owner) else {
            throw CommandFault(.notFound, "the application has no user '\(call.user)'")
        }
        guard let device = account.device else {
            throw CommandFault(
                .badRequest,
                "the user '\(call.user)' has no sound: set users.\(call.user).device; browsers carry none here yet")
        }
        guard let source = script(of: owner) else {
            throw CommandFault(.badState, "the application has neither answer_url nor answer_ncco for its callers")
        }
        let knocker = KnockerID.make()
        let leg = leg(of: call, account, knocker, callSeconds: callSeconds, world)
        let conversation = begin(owner)
        register(leg.id, dialog: nil, with: conversation)
        tables.withLock { tables in
            tables.knockers[knocker] = KnockerEntry(leg: leg.id, user: call.user, application: owner.id)
            tables.legs[leg.id]?.knocker = knocker
        }
        guard device.isEcho || claimDevice(account.name, for: leg.id) else {
            forget(leg.id)
            forget(conversation: conversation)
            throw CommandFault(.conflict, "the sound device of '\(call.user)' is in a call")
        }
        let input = ConversationInput.knock(leg, script: source, application: owner)
        let begin = afterReply(about: leg.id) { conversation.post(input) }
        do {
            // A box that ends now tells of the call at its next start.
            _ = try await edges.log.appendDurably(
                LogBatch(legs: [leg.record(application: owner.id, conversation: conversation.id)]))
        } catch {
            settle(leg.id)
            forget(leg.id)
            forget(conversation: conversation)
            throw CommandFault(.overloaded, "the log cannot be written: \(error)")
        }
        edges.logger.info(
            "call placed by a user",
            metadata: [
                "leg": .string(leg.id.text), "conversation": .string(conversation.id.text),
                "user": .string(call.user), "to": .string(call.to.address),
            ])
        return UserCallReceipt(knocker: knocker, leg: leg.id, started: leg.startedAt, begin: begin)
    }

    public func withdraw(
        _ knocker: KnockerID, user: String?, application: ApplicationID, _ farewell: LegCommand.Farewell
    ) async throws(CommandFault) {
        let entry = tables.withLock { $0.knockers[knocker] }
        guard let entry, entry.application == application, user == nil || user == entry.user else {
            throw CommandFault(.notFound, "no such knocker, or its call has ended")
        }
        _ = try await order(.giveUp(farewell), to: entry.leg, application: application)
    }

    private func leg(
        of call: UserCall, _ account: UserAccount, _ knocker: KnockerID, callSeconds: Int, _ world: World
    ) -> Leg {
        var leg = Leg(
            id: .make(), kind: .app, direction: .inbound, signalling: .device(user: account.name),
            from: .app(user: account.name), to: call.to,
            user: UserSummary(
                id: world.directory.userID(account.name, application: call.application), name: account.name,
                displayName: account.displayName),
            startedAt: world.wall)
        leg.knocker = knocker
        leg.client = Leg.ClientCall(reference: call.clientReference, customData: call.customData)
        leg.limitSeconds = callSeconds
        return leg
    }
}
