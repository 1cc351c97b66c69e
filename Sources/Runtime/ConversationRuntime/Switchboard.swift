import CallControl
public import CallModel
public import EdgeProtocols
import Logging
import MediaTime
import NCCO
import Synchronization

/// Routes numbers to Applications, and everything that arrives to the Conversation it belongs to.
///
/// - Threading: any thread; its tables are behind one lock that is held for look-ups only.
public final class Switchboard: Sendable {
    struct LegEntry {
        var conversation: ConversationActor
        var dialog: DialogID?
        /// Our SDP for an inbound leg: one answer for 183 and 200.
        var localDescription: String?
        var device: String?
        /// Of one that a user has placed.
        var knocker: KnockerID?
        var status = LegStatus.started
    }

    /// A call that a user has placed.
    struct KnockerEntry {
        var leg: LegID
        var user: String
        var application: ApplicationID
    }

    struct RecordingEntry {
        var leg: LegID?
        /// Where it was started; a leg's recording moves with the leg.
        var conversation: ConversationActor
    }

    struct RoomKey: Hashable {
        var application: ApplicationID
        var name: String
    }

    struct Tables {
        var directory: Directory
        var settings: RuntimeSettings
        var conversations: [ConversationID: ConversationActor] = [:]
        var legs: [LegID: LegEntry] = [:]
        var dialogs: [DialogID: LegID] = [:]
        var plays: [PlayID: ConversationActor] = [:]
        var recordings: [RecordingID: RecordingEntry] = [:]
        /// The leg whose script wants to know.
        var listenings: [ListeningID: LegID] = [:]
        /// Of all files in the folder.
        var storedBytes: Int64 = 0
        var rooms: [RoomKey: ConversationActor] = [:]
        var storedRooms: [RoomKey: ConversationRecord] = [:]
        var devices: [String: LegID] = [:]
        var knockers: [KnockerID: KnockerEntry] = [:]
        /// Live sessions of each application.
        var clients: [ApplicationID: ClientPresence] = [:]
        var isDraining = false
        var idle: [CheckedContinuation<Void, Never>] = []
        var orders = Orders()
        /// The directory as one Application sees it; made when it is first asked for.
        var scopes: [ApplicationID: Directory] = [:]
    }

    let tables: Mutex<Tables>
    let edges: RuntimeEdges
    let timers: TimerService
    let scriptFiles = ScriptFiles()

    public init(directory: Directory, settings: RuntimeSettings, edges: RuntimeEdges) {
        tables = Mutex(Tables(directory: directory, settings: settings))
        self.edges = edges
        timers = TimerService(time: edges.time)
    }

    /// Named rooms that a former run left in the log.
    public func knowRooms(_ records: [ConversationRecord]) {
        tables.withLock { tables in
            for record in records where !record.isTransient && record.state == .active {
                tables.storedRooms[RoomKey(application: record.application, name: record.name)] = record
            }
        }
    }

    /// Replaces what is looked up by name and number; running calls keep the Application they began with.
    public func reload(directory: Directory, settings: RuntimeSettings) {
        tables.withLock {
            $0.directory = directory
            $0.settings = settings
            $0.scopes = [:]
        }
    }

    public var directory: Directory { tables.withLock { $0.directory } }

    /// - Parameter application: whose users can be called by name.
    func world(of application: ApplicationID) -> World {
        let (directory, settings, clients) = tables.withLock { tables in
            let clients = tables.clients[application] ?? ClientPresence()
            guard tables.directory.apiUsers[application] != nil else {
                return (tables.directory, tables.settings.calls, clients)
            }
            let scope = tables.scopes[application] ?? tables.directory.scoped(to: application)
            tables.scopes[application] = scope
            return (scope, tables.settings.calls, clients)
        }
        let (media, signalling) = (edges.media, edges.signalling)
        return World(
            now: edges.time.now, wall: edges.time.wallNow, directory: directory, settings: settings,
            statistics: { media.statistics($0) }, makeDialog: { signalling.makeDialog() },
            isLive: { [self] id, application in conversation(id)?.application == application }, clients: clients)
    }

    // MARK: Look-ups of the conversations

    func application(_ id: ApplicationID) -> Application {
        tables.withLock { $0.directory.applications[id] } ?? Application(id: id, name: id.text)
    }

    /// Why no call can begin now; those that run go on.
    func obstacle() -> String? {
        let isFull = tables.withLock { $0.isDraining || $0.legs.count >= 2 * $0.settings.maximumCalls }
        if isFull { return "over the limit of calls" }
        return edges.log.fault.map { "the store cannot write: \($0)" }
    }

    func conversation(_ id: ConversationID) -> ConversationActor? { tables.withLock { $0.conversations[id] } }

    func conversation(of leg: LegID) -> ConversationActor? { tables.withLock { $0.legs[leg]?.conversation } }

    func localDescription(of leg: LegID) -> String? { tables.withLock { $0.legs[leg]?.localDescription } }

    func register(
        _ leg: LegID, dialog: DialogID?, with conversation: ConversationActor, localDescription: String? = nil
    ) {
        tables.withLock { tables in
            var entry = LegEntry(conversation: conversation, dialog: dialog, localDescription: localDescription)
            entry.device = tables.legs[leg]?.device
            entry.knocker = tables.legs[leg]?.knocker
            tables.legs[leg] = entry
            if let dialog { tables.dialogs[dialog] = leg }
        }
    }

    func register(_ play: PlayID, with conversation: ConversationActor) {
        tables.withLock { $0.plays[play] = conversation }
    }

    func forgetPlay(_ play: PlayID) { tables.withLock { $0.plays[play] = nil } }

    func move(_ leg: LegID, to conversation: ConversationActor) {
        tables.withLock { $0.legs[leg]?.conversation = conversation }
    }

    func forget(_ leg: LegID) {
        let waiting = tables.withLock { tables in
            guard let entry = tables.legs.removeValue(forKey: leg) else { return [CheckedContinuation<Void, Never>]() }
            if let dialog = entry.dialog { tables.dialogs[dialog] = nil }
            if let knocker = entry.knocker { tables.knockers[knocker] = nil }
            guard tables.legs.isEmpty else { return [] }
            defer { tables.idle = [] }
            return tables.idle
        }
        for continuation in waiting { continuation.resume() }
    }

    func forget(conversation: ConversationActor) {
        tables.withLock { tables in
            tables.conversations[conversation.id] = nil
            if let name = conversation.roomName {
                tables.rooms[RoomKey(application: conversation.application, name: name)] = nil
            }
        }
    }

    func noteLegs(_ records: [LegRecord]) {
        if records.isEmpty { return }
        tables.withLock { tables in
            for record in records { tables.legs[record.id]?.status = record.status }
        }
    }

    /// The named room, made when it is not there yet.
    func room(_ name: String, application: ApplicationID) -> ConversationActor? {
        tables.withLock { tables in
            let key = RoomKey(application: application, name: name)
            if let room = tables.rooms[key] { return room }
            let stored = tables.storedRooms.removeValue(forKey: key)
            let owner = tables.directory.applications[application] ?? Application(id: application, name: "")
            let machine = ConversationMachine(
                room: name, id: stored?.id ?? ConversationID.make(), application: owner, stored: stored)
            let room = ConversationActor(machine: machine, switchboard: self, edges: edges)
            tables.rooms[key] = room
            tables.conversations[room.id] = room
            return room
        }
    }

    /// Where a leg goes that leaves its conversation.
    func destination(_ entry: RoomEntry, application: ApplicationID) -> ConversationActor? {
        guard let target = entry.target else { return room(entry.name, application: application) }
        if let conversation = conversation(target) { return conversation }
        // It ended between the look and the move: an ended one of the same id tells the leg so and ends it.
        let machine = ConversationMachine(ended: target, application: self.application(application))
        return ConversationActor(machine: machine, switchboard: self, edges: edges)
    }

    func begin(_ application: Application, id: ConversationID = .make()) -> ConversationActor {
        let conversation = ConversationActor(
            machine: ConversationMachine(id: id, application: application), switchboard: self, edges: edges)
        tables.withLock { $0.conversations[id] = conversation }
        return conversation
    }

    /// False when the device is in a call already.
    func claimDevice(_ user: String, for leg: LegID) -> Bool {
        tables.withLock { tables in
            if let owner = tables.devices[user], owner != leg, tables.legs[owner] != nil { return false }
            tables.devices[user] = leg
            tables.legs[leg]?.device = user
            return true
        }
    }

    func releaseDevice(of leg: LegID) {
        tables.withLock { tables in
            guard let user = tables.legs[leg]?.device, tables.devices[user] == leg else { return }
            tables.devices[user] = nil
        }
    }
}

extension Switchboard: RuntimeStatus {
    public func snapshot() -> RuntimeSnapshot {
        tables.withLock { tables in
            RuntimeSnapshot(
                conversations: tables.conversations.count,
                calls: Set(tables.legs.values.map { ObjectIdentifier($0.conversation) }).count,
                legsByState: Dictionary(tables.legs.values.map { ($0.status, 1) }, uniquingKeysWith: +),
                draining: tables.isDraining)
        }
    }
}
