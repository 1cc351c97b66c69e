public import CallControl
public import CallModel
public import EdgeProtocols
import CoreMetrics
import Logging
import MediaTime
import Synchronization
import NCCO

/// Commands of the REST API, the console and clients.
extension Switchboard: CallCommands {
    public func create(_ call: NewCall) async throws(CommandFault) -> NewCallReceipt {
        guard let application = tables.withLock({ $0.directory.applications[call.application] }) else {
            throw CommandFault(.notFound, "no such application")
        }
        if let obstacle = obstacle() { throw CommandFault(.overloaded, obstacle) }
        let endpoint: ConnectEndpoint
        do throws(ScriptRefusal) {
            endpoint = try ConnectEndpoint.parse(call.to, path: "/to/0")
        } catch {
            throw CommandFault(.badRequest, error.message)
        }
        let world = world(of: application.id)
        let dialog = world.makeDialog()
        let from: Endpoint?
        let to: Endpoint
        let signalling: Leg.Signalling
        let placement: Placement
        switch Routing.route(endpoint, from: call.from, of: application.id, world) {
        case .sip(let target, let dial):
            (from, to, signalling, placement) = (.phone(number: dial.fromUser), target, .sip(dialog), .dial(dial))
        case .device(let account, let device):
            from = call.from.map { .phone(number: $0) }
            (to, signalling, placement) = (.app(user: account.name), .device(user: account.name), .device(device))
        case .sessions(let account):
            from = call.from.map { .phone(number: $0) }
            (to, signalling, placement) = (.app(user: account.name), .sessions(user: account.name), .sessions)
        case .socket(let socket):
            from = call.from.map { .phone(number: $0) }
            (to, signalling, placement) = (.websocket(uri: socket.uri), .socket(socket), .socket(socket))
        case .refused(let target, let ending):
            from = call.from.map { .phone(number: $0) }
            (to, signalling, placement) = (target, .sessions(user: ""), .refused(ending))
        }
        var user = UserSummary(id: .make(), name: "NAM-" + UUIDText.random())
        if case .app(let name) = to {
            user = UserSummary(
                id: world.directory.userID(name, application: application.id), name: name,
                displayName: world.directory.users[name]?.displayName)
        }
        var leg = Leg(
            id: .make(), kind: to.kind, direction: .outbound, signalling: signalling, from: from, to: to, user: user,
            startedAt: world.wall)
        leg.eventTarget = call.eventTarget
        leg.limitSeconds = call.lengthTimerSeconds
        if case .phone(_, let digits, _) = endpoint { leg.dtmfAnswer = digits }
        leg.machineDetection = call.machineDetection
        let source: ScriptSource
        if let bytes = call.ncco {
            do throws(ScriptRefusal) {
                source = .inline(try Script.parse(bytes).actions)
            } catch {
                throw CommandFault(.badRequest, error.message)
            }
        } else if let answer = call.answer {
            source = .ask(
                WebhookSetting(target: answer, socketTimeoutMilliseconds: 5000), fallback: application.fallbackAnswerURL
            )
        } else {
            throw CommandFault(.badRequest, "one of ncco and answer_url is required")
        }
        let conversation = begin(application)
        register(leg.id, dialog: leg.dialog, with: conversation)
        let input = ConversationInput.place(
            leg, placement, script: source, application: application, ringSeconds: call.ringingTimerSeconds)
        let begin = afterReply(about: leg.id) { conversation.post(input) }
        do {
            // The answer promises a call that can be read back; what it brings about comes after the answer.
            _ = try await edges.log.appendDurably(
                LogBatch(legs: [leg.record(application: application.id, conversation: conversation.id)]))
        } catch {
            settle(leg.id)
            forget(leg.id)
            forget(conversation: conversation)
            throw CommandFault(.overloaded, "the log cannot be written: \(error)")
        }
        return NewCallReceipt(leg: leg.id, conversation: conversation.id, begin: begin)
    }

    public func answerDevice(user: String, application: ApplicationID?) async throws(CommandFault) {
        try postToDevice(user, .answered)
    }

    public func hangUpDevice(user: String) async throws(CommandFault) {
        try postToDevice(user, .hungUp)
    }

    private func postToDevice(_ user: String, _ event: DeviceEvent) throws(CommandFault) {
        let found = tables.withLock { tables in
            tables.devices[user].flatMap { leg in tables.legs[leg].map { (leg, $0.conversation) } }
        }
        guard let (leg, conversation) = found else {
            throw CommandFault(.badState, "the device of '\(user)' neither rings nor is in a call")
        }
        conversation.post(.device(leg, event))
    }

    public func clientAcknowledgedInvitation(member: MemberID, conversation: ConversationID) async {
        self.conversation(conversation)?.post(.sessionRinging(member))
    }

    public func clientsChanged(of application: ApplicationID, to presence: ClientPresence) {
        let conversations = tables.withLock { tables in
            tables.clients[application] = presence == ClientPresence() ? nil : presence
            return tables.conversations.values.filter { $0.application == application }
        }
        for conversation in conversations { conversation.post(.clientsChanged) }
    }

    // MARK: Shutdown and restart

    /// Refuses new calls from now on; returns when every call has ended or `timeout` has passed, whichever is first.
    /// Calls that are still up then are ended.
    public func drain(timeout: Duration) async {
        tables.withLock { $0.isDraining = true }
        let deadline = timers.schedule(after: timeout) { [weak self] in self?.closeAll() }
        await withCheckedContinuation { continuation in
            let isIdle = tables.withLock { tables in
                if tables.legs.isEmpty { return true }
                tables.idle.append(continuation)
                return false
            }
            if isIdle { continuation.resume() }
        }
        timers.cancel(deadline)
    }

    /// Ends every call at once.
    public func closeAll() {
        for conversation in tables.withLock({ Array($0.conversations.values) }) { conversation.post(.close) }
    }

    /// Closing events of what a former run left open, appended before the first new call.
    public func closeRemains(_ remains: [Restart.Remains]) async throws {
        for one in remains {
            guard let first = one.legs.first else { continue }
            let owner = application(first.application)
            let batch = Restart.close(one, application: owner, id: first.conversation, in: world(of: first.application))
            _ = try await edges.log.appendDurably(batch)
        }
    }
}
