import CallModel
import EdgeProtocols
import MediaTime
import NCCO
import WireJSON

/// `connect` to phone, sip, app, websocket and vbc (ncco §3.3, §4).
extension ConversationMachine {
    mutating func connect(_ action: Connect, _ parentID: LegID, _ world: World) {
        guard let parent = legs[parentID] else { return }
        guard legs.count < world.settings.membersPerConversation else {
            errorEvent(
                "connect: the conversation has its limit of \(world.settings.membersPerConversation) members",
                leg: parent)
            return
        }
        switch Routing.route(action, caller: parent, of: application, world) {
        case .sip(let to, let dial):
            var leg = makeLeg(
                action, parent: parent, to: to, caller: dial.fromUser, signalling: .sip(world.makeDialog()), world)
            if case .phone(_, let digits, let onAnswer) = action.endpoint {
                leg.dtmfAnswer = digits
                leg.onAnswer = onAnswer
            }
            leg.machineDetection = action.detection
            leg.headers = dial.headers
            insert(leg)
            if dial.trunk != nil { trunks.insert(leg.id) }
            update(parentID) { $0.script?.step = .connecting(leg.id) }
            startOutbound(leg.id, dial: dial, ringSeconds: action.timeout)
            startRingbackTone(action, parentID)
        case .device(let account, let device):
            let leg = makeLeg(
                action, parent: parent, to: .app(user: account.name), caller: nil,
                signalling: .device(user: account.name), world)
            connectApp(leg, action, parentID)
            emit(.openDevice(leg.id, device))
        case .sessions(let account):
            let leg = makeLeg(
                action, parent: parent, to: .app(user: account.name), caller: nil,
                signalling: .sessions(user: account.name), world)
            connectApp(leg, action, parentID)
        case .socket(let call):
            // A bot wants to hear its caller at once (contract README 1).
            answerIfNeeded(parentID, world)
            let leg = makeLeg(
                action, parent: legs[parentID] ?? parent, to: .websocket(uri: call.uri), caller: nil,
                signalling: .socket(call), world)
            insert(leg)
            update(parentID) { $0.script?.step = .connecting(leg.id) }
            startSocket(leg.id, call, timeoutSeconds: action.timeout)
            startRingbackTone(action, parentID)
        case .refused(let to, let ending):
            let leg = makeLeg(
                action, parent: parent, to: to, caller: action.from, signalling: .sessions(user: ""), world)
            insert(leg)
            update(parentID) { $0.script?.step = .connecting(leg.id) }
            refuseOutbound(leg.id, ending, world)
        }
    }

    private mutating func connectApp(_ leg: Leg, _ action: Connect, _ parentID: LegID) {
        insert(leg)
        update(parentID) { $0.script?.step = .connecting(leg.id) }
        inviteApp(leg.id, ringSeconds: action.timeout)
        startRingbackTone(action, parentID)
    }

    /// `ringbackTone` replaces the local ring tone: the caller gets 183 with SDP when it is not answered yet.
    private mutating func startRingbackTone(_ action: Connect, _ parentID: LegID) {
        if let tone = action.ringbackTone { ringback(tone, to: parentID) }
    }

    /// What the Application lets a caller hear in place of ringing.
    mutating func ringback(_ tone: String, to parentID: LegID) {
        guard let parent = legs[parentID] else { return }
        ringbackTones.insert(parentID)
        if !parent.isAttached {
            if let dialog = parent.dialog { emit(.ring(parentID, dialog, earlyMedia: true)) }
            attach(parentID)
        }
        play(.url(tone), event: nil, script: nil, to: .leg(parentID), loop: 0, level: 0) { play, machine in
            machine.update(parentID) { $0.ringing = play }
        }
    }

    private func makeLeg(
        _ action: Connect, parent: Leg, to: Endpoint, caller: String?, signalling: Leg.Signalling, _ world: World
    ) -> Leg {
        // Where a user calls, the events of whom it calls name the user, whatever number is shown to them
        // (voice-webhooks §9.2).
        let from: Endpoint? =
            if let number = action.from ?? caller, !parent.isUserCalling { .phone(number: number) } else { parent.from }
        var user = UserSummary(id: UserID.make(), name: "NAM-" + UUIDText.random())
        if case .app(let name) = to {
            user = UserSummary(
                id: world.directory.userID(name, application: application), name: name,
                displayName: world.directory.users[name]?.displayName)
        }
        var leg = Leg(
            id: LegID.make(), kind: to.kind, direction: .outbound, signalling: signalling, from: from, to: to,
            user: user,
            startedAt: lastInstant)
        leg.parent = parent.id
        leg.limitSeconds = action.limit
        leg.isSynchronousConnect = action.isSynchronous
        leg.eventTarget = action.event ?? parent.eventTarget
        return leg
    }
}
