import CallControl
import CallModel
import EdgeProtocols
import MediaTime
import NCCO
import TestKit
import Testing
import WireJSON

/// One conversation machine with a hand-moved clock and a record of all it did.
final class Rig {
    let time = ManualTime()
    var machine: ConversationMachine
    var rooms: [String: ConversationMachine] = [:]
    var application = Application(id: ApplicationID("6513270e-269e-4d37-b2a7-4de452e6b438"), name: "test")
    var directory: Directory
    var effects: [Effect] = []
    var rows: [EventRow] = []
    var legs: [LegRecord] = []
    var files: [FileRecord] = []
    var batches: [LogBatch] = []
    var clients = ClientPresence()
    var speaking = SpeakingEvents.clients
    private var nextDialog: UInt64 = 100
    private var picked = 0

    init(actions: [Action]? = nil) {
        application.voiceEventURL = WebhookSetting(
            target: WebhookTarget(url: "http://127.0.0.1:1/event", method: .post), socketTimeoutMilliseconds: 10_000)
        var kiosk = UserAccount(name: "kiosk")
        kiosk.device = DeviceSetting(playback: ["none"], capture: ["none"])
        var automatic = kiosk
        automatic.name = "auto"
        automatic.device?.autoAnswer = true
        var desk = UserAccount(name: "4321")
        desk.contact = "sip:desk@127.0.0.1:5080"
        var trunk = Trunk(name: "carrier", uri: "sip:127.0.0.1:5070")
        trunk.allowForeignCallerID = true
        directory = Directory(
            account: Account(apiKey: "k", apiSecret: "s", signatureSecret: "x"),
            applications: [application.id: application],
            numbers: [NumberRoute(number: "441632960100", application: application.id)],
            users: ["kiosk": kiosk, "auto": automatic, "bob": UserAccount(name: "bob"), "4321": desk], trunks: [trunk])
        machine = ConversationMachine(id: ConversationID("CON-1"), application: application)
    }

    var world: World {
        var settings = CallSettings()
        settings.recordingBase = "http://box"
        settings.speakingEvents = speaking
        return World(
            now: time.now, wall: time.wallNow, directory: directory, settings: settings,
            statistics: { _ in MediaStatistics() },
            makeDialog: { [self] in
                nextDialog += 1
                return DialogID(rawValue: nextDialog)
            }, isLive: { [self] id, _ in rooms.values.contains { $0.id == id && !$0.hasEnded } },
            clients: clients,
            pick: { [self] count in
                picked += 1
                return picked % count
            })
    }

    let caller = LegID("a")
    static let callerLeg = Leg(
        id: LegID("a"), kind: .phone, direction: .inbound, signalling: .sip(DialogID(rawValue: 1)),
        from: .phone(number: "441632960001"), to: .phone(number: "441632960100"),
        user: UserSummary(id: UserID("USR-a"), name: "NAM-a"), startedAt: WallTime(milliseconds: 0))

    /// An inbound call from 441632960001 to 441632960100, whose script is `actions`.
    func call(_ actions: Action...) {
        knock()
        give(.script(actions))
    }

    func knock() {
        let leg = Leg(
            id: caller, kind: .phone, direction: .inbound, signalling: .sip(DialogID(rawValue: 1)),
            from: .phone(number: "441632960001"), to: .phone(number: "441632960100"),
            user: UserSummary(id: UserID("USR-a"), name: "NAM-a"), startedAt: time.wallNow)
        send(
            .knock(
                leg,
                script: .ask(
                    WebhookSetting(
                        target: WebhookTarget(url: "http://127.0.0.1:1/answer", method: .get),
                        socketTimeoutMilliseconds: 5000), fallback: nil), application: application))
    }

    func give(_ outcome: ScriptReplyOutcome, to leg: LegID? = nil) {
        guard let ask = lastAsk else {
            Issue.record("nothing was asked")
            return
        }
        send(.scriptReply(leg ?? caller, ask, outcome))
    }

    func send(_ input: ConversationInput) {
        time.advance(by: .milliseconds(3))
        let step = machine.handle(input, in: world)
        keep(step)
        for effect in step.effects {
            if case .enterRoom(let leg, let entry) = effect { enter(leg, entry) }
        }
    }

    private func enter(_ leg: Leg, _ original: RoomEntry) {
        var entry = original
        if let target = entry.target { entry.name = rooms.first { $0.value.id == target }?.key ?? "?" }
        var room =
            rooms[entry.name]
            ?? ConversationMachine(
                room: entry.name, id: ConversationID("CON-" + entry.name), application: application, stored: nil)
        let step = room.handle(.adopt(leg, entry, application: application), in: world)
        rooms[entry.name] = room
        keep(step)
        for effect in step.effects {
            if case .welcome(let leg, _) = effect, !machine.hasEnded { send(.departed(leg, to: room.id)) }
        }
    }

    /// A second conversation with one leg in it, as a target of transfers.
    func openConversation(_ name: String, leg: LegID = LegID("other")) {
        var conversation = ConversationMachine(id: ConversationID("CON-" + name), application: application)
        let knocking = Leg(
            id: leg, kind: .phone, direction: .inbound, signalling: .sip(DialogID(rawValue: 50)),
            from: .phone(number: "441632960009"), to: .phone(number: "441632960100"),
            user: UserSummary(id: UserID("USR-o"), name: "NAM-o"), startedAt: time.wallNow)
        _ = conversation.handle(
            .knock(knocking, script: .inline([.wait(seconds: 60)]), application: application), in: world)
        rooms[name] = conversation
    }

    func sendToRoom(_ name: String, _ input: ConversationInput) {
        guard var room = rooms[name] else { return }
        keep(room.handle(input, in: world))
        rooms[name] = room
    }

    private func keep(_ step: Step) {
        effects += step.effects
        rows += step.batch.events
        legs += step.batch.legs
        files += step.batch.files
        batches.append(step.batch)
    }

    /// Recordings that were started, and those that were asked to end.
    var recordings: [(RecordingID, RecordingSource)] {
        effects.compactMap { if case .startRecording(let id, let source, _) = $0 { (id, source) } else { nil } }
    }
    var stopped: [RecordingID] {
        effects.compactMap { if case .stopRecording(let id) = $0 { id } else { nil } }
    }

    var lastAsk: AskID? {
        for effect in effects.reversed() {
            switch effect {
            case .ask(_, let ask, _), .loadScript(_, let ask, _, _): return ask
            default: continue
            }
        }
        return nil
    }

    var lastPlay: PlayID? {
        for effect in effects.reversed() {
            if case .play(let play, _, _, _, _) = effect { return play }
        }
        return nil
    }

    /// The newest outbound leg.
    var callee: LegID? { machine.liveLegs.last { $0.direction == .outbound }?.id }

    /// `id type from`, one line an RTC event; members by the order of their first mention: M1, M2 …
    var rtcLog: [String] {
        var names: [String: String] = [:]
        return rows.filter { $0.stream == .rtc }.map { row in
            let payload = try? JSON(parsing: row.body)
            let from = payload?["from"]?.string
            var name = "-"
            if let from {
                if from.hasPrefix("knocker:") {
                    name = "knocker"
                } else {
                    if names[from] == nil { names[from] = "M\(names.count + 1)" }
                    name = names[from] ?? from
                }
            }
            var type = row.type
            if type == "leg:status:update" { type += " " + (payload?["body"]?["status"]?.string ?? "?") }
            if type == "member:media" { type += payload?["body"]?["audio"] == true ? " on" : " off" }
            return "\(row.id.map(String.init) ?? "-") \(type) \(name)"
        }
    }

    /// `status direction` of every voice event.
    var voiceLog: [String] {
        rows.filter { $0.stream == .voice }.map { row in
            let body = try? JSON(parsing: row.body)
            return [row.type, body?["direction"]?.string, body?["detail"]?.string].compactMap { $0 }.joined(
                separator: " ")
        }
    }

    func voice(_ type: String) -> JSON? {
        rows.last { $0.stream == .voice && $0.type == type }.flatMap { try? JSON(parsing: $0.body) }
    }
}

func phone(_ number: String = "447700900002") -> Connect {
    Connect(endpoint: .phone(number: number, dtmfAnswer: nil, onAnswer: nil))
}
