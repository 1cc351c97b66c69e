import CallModel
import ControlAPI
import EdgeProtocols
import MediaTime
import Synchronization
import Tokens
import WireJSON

/// Takes commands down and answers as told.
final class FakeCommands: CallCommands {
    struct Order: Hashable { var command: LegCommand, leg: LegID }
    struct Withdrawal: Hashable { var knocker: KnockerID, user: String?, farewell: LegCommand.Farewell }
    /// Of every call that a user places.
    static let started = WallTime(milliseconds: 1_700_000_000_000)
    struct Acknowledgement: Hashable { var member: MemberID, conversation: ConversationID }
    private struct State {
        var created: [NewCall] = []
        var placed: [UserCall] = []
        var withdrawn: [Withdrawal] = []
        var begun = 0
        var orders: [Order] = []
        var answered: [String] = []
        var acknowledged: [Acknowledgement] = []
        var presence: [ClientPresence] = []
        var fault: CommandFault?
    }
    private let state = Mutex(State())

    var created: [NewCall] { state.withLock { $0.created } }
    var placed: [UserCall] { state.withLock { $0.placed } }
    var withdrawn: [Withdrawal] { state.withLock { $0.withdrawn } }
    /// Calls whose answer has left.
    var begun: Int { state.withLock { $0.begun } }
    var orders: [Order] { state.withLock { $0.orders } }
    var answered: [String] { state.withLock { $0.answered } }
    var acknowledged: [Acknowledgement] { state.withLock { $0.acknowledged } }
    var presence: [ClientPresence] { state.withLock { $0.presence } }
    func fail(with fault: CommandFault?) { state.withLock { $0.fault = fault } }

    func create(_ call: NewCall) async throws(CommandFault) -> NewCallReceipt {
        try check()
        state.withLock { $0.created.append(call) }
        return NewCallReceipt(
            leg: LegID("63f61863-4a51-4f6b-86e1-46edebcf9356"), conversation: ConversationID("CON-1")
        ) { [self] in state.withLock { $0.begun += 1 } }
    }

    func order(
        _ command: LegCommand, to leg: LegID, application: ApplicationID
    ) async throws(CommandFault) -> AfterReply? {
        try check()
        state.withLock { $0.orders.append(Order(command: command, leg: leg)) }
        return nil
    }

    func place(_ call: UserCall) async throws(CommandFault) -> UserCallReceipt {
        try check()
        state.withLock { $0.placed.append(call) }
        return UserCallReceipt(knocker: KnockerID("knocker:1"), leg: LegID("leg-1"), started: Self.started) {
            [self] in state.withLock { $0.begun += 1 }
        }
    }

    func withdraw(
        _ knocker: KnockerID, user: String?, application: ApplicationID, _ farewell: LegCommand.Farewell
    ) async throws(CommandFault) {
        try check()
        state.withLock { $0.withdrawn.append(Withdrawal(knocker: knocker, user: user, farewell: farewell)) }
    }

    func answerDevice(user: String, application: ApplicationID?) async throws(CommandFault) {
        try check()
        state.withLock { $0.answered.append(user) }
    }

    func hangUpDevice(user: String) async throws(CommandFault) { try check() }

    func clientAcknowledgedInvitation(member: MemberID, conversation: ConversationID) async {
        state.withLock { $0.acknowledged.append(Acknowledgement(member: member, conversation: conversation)) }
    }

    func clientsChanged(of application: ApplicationID, to presence: ClientPresence) {
        state.withLock { $0.presence.append(presence) }
    }

    private func check() throws(CommandFault) {
        if let fault = state.withLock({ $0.fault }) { throw fault }
    }
}

/// A runtime with one call and two applications; the second has no event URL.
struct FakeStatus: RuntimeStatus {
    var editing = FakeEditing()

    func snapshot() -> RuntimeSnapshot {
        RuntimeSnapshot(conversations: 1, calls: 2, legsByState: [.answered: 2, .ringing: 1], draining: false)
    }

    var directory: Directory {
        var mine = Application(id: Samples.mine, name: "mine")
        mine.voiceEventURL = WebhookSetting(
            target: WebhookTarget(url: "http://127.0.0.1:1/event", method: .post), socketTimeoutMilliseconds: 1000)
        mine.declaredAt = "box.yaml:7"
        mine.legPersistenceDays = 2
        let bare = Application(id: Samples.bare, name: "bare")
        var kiosk = UserAccount(name: "kiosk")
        kiosk.declaredAt = "box.yaml:12"
        var directory = Directory(
            account: Account(apiKey: "k", apiSecret: "s", signatureSecret: "x"),
            applications: [mine.id: mine, bare.id: bare], numbers: [], users: ["kiosk": kiosk], trunks: [])
        for record in editing.applications {
            directory.applications[record.id] = ApplicationDocument.application(record)
        }
        return directory
    }
}

/// Tokens by name: `admin`, `bare`, `other`, `user:NAME[:PATTERN,…]`, and `brief`, which is accepted for 150 ms more.
struct FakeTokens: CallerVerifying {
    func caller(bearer token: String, at now: WallTime) async throws(TokenRefusal) -> Caller {
        let parts = token.split(separator: ":").map(String.init)
        let expires = WallTime(milliseconds: now.milliseconds + 900_000)
        switch parts.first {
        case "admin": return Caller(application: Samples.mine, user: nil, expires: expires) { _, _, _ in true }
        case "bare": return Caller(application: Samples.bare, user: nil, expires: expires) { _, _, _ in true }
        case "other":
            return Caller(application: ApplicationID("other"), user: nil, expires: expires) { _, _, _ in true }
        case "user" where parts.count >= 2:
            let patterns =
                parts.count > 2 ? parts[2].split(separator: ",").map { (String($0), JSON.object(JSONObject())) } : []
            let acl = ACL(["paths": .object(JSONObject(patterns))])
            return Caller(application: Samples.mine, user: parts[1], expires: expires) { method, path, fields in
                acl?.allows(method: method, path: path, fields: fields) ?? false
            }
        case "brief":
            return Caller(
                application: Samples.mine, user: nil, expires: WallTime(milliseconds: now.milliseconds - 60_000 + 150)
            ) { _, _, _ in true }
        default: throw TokenRefusal("no such token")
        }
    }
}

/// The machine's clocks, with a wall clock that can be set forward.
final class ShiftedClock: TimeSource {
    private let shift = Mutex(Int64(0))
    func advance(milliseconds: Int64) { shift.withLock { $0 += milliseconds } }
    var now: MonotonicInstant { SystemTimeSource().now }
    var wallNow: WallTime {
        WallTime(milliseconds: SystemTimeSource().wallNow.milliseconds + shift.withLock { $0 })
    }
}

/// Records and rows that tests share.
enum Samples {
    static let mine = ApplicationID("6513270e-269e-4d37-b2a7-4de452e6b438")
    static let bare = ApplicationID("00000000-0000-4000-8000-000000000000")
    static let kiosk = UserSummary(id: UserID("USR-1"), name: "kiosk", displayName: "Front door")

    static func conversation(
        _ id: String, application: ApplicationID = mine, created: Int64 = 1_000, state: ConversationState = .active
    ) -> ConversationRecord {
        ConversationRecord(
            id: ConversationID(id), application: application, name: "NAM-\(id)", state: state, sequenceNumber: 3,
            isTransient: true, created: WallTime(milliseconds: created))
    }

    static func member(
        _ id: String, of conversation: String, user: UserSummary = kiosk, state: MemberState = .joined
    ) -> MemberRecord {
        MemberRecord(
            id: MemberID(id), application: mine, conversation: ConversationID(conversation), user: user, state: state,
            channel: ["type": "app"], audio: MemberAudio(flowing: true), initiator: ["joined": ["is_system": true]])
    }

    static func leg(_ id: String, started: Int64 = 1_000, status: LegStatus = .answered) -> LegRecord {
        LegRecord(
            id: LegID(id), application: mine, conversation: ConversationID("CON-1"), kind: .phone,
            direction: .inbound, from: .phone(number: "447700900001"), to: .app(user: "kiosk"), status: status,
            started: WallTime(milliseconds: started))
    }

    /// A row in webhook form. `user` makes it a member event of that user.
    static func row(
        _ type: String, in conversation: String?, id: Int?, application: ApplicationID = mine, user: String? = nil,
        member: String = "MEM-1", visible: Bool = true, padding: Int = 0
    ) -> EventRow {
        var body = JSONObject()
        if let user {
            body["member_id"] = .string(member)
            body["user"] = ["id": "USR-1", "name": .string(user)]
        }
        if padding > 0 { body["padding"] = .string(String(repeating: "x", count: padding)) }
        var json = JSONObject()
        json["type"] = .string(type)
        json["application_id"] = .string(application.text)
        json["conversation_id"] = conversation.map { .string($0) }
        json["id"] = id.map { JSON($0) }
        json["from"] = .string(member)
        json["timestamp"] = "2026-03-14T09:26:05.118Z"
        json["body"] = .object(body)
        json["_embedded"] = ["from_user": ["id": "USR-1", "name": .string(user ?? "NAM-2")]]
        return EventRow(
            application: application, conversation: conversation.map { ConversationID($0) }, stream: .rtc, id: id,
            type: type, instant: WallTime(milliseconds: 1_773_480_365_118), body: JSON.object(json).bytes,
            delivery: .webhook, visibleToClients: visible)
    }
}
