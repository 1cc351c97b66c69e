public import CallModel
import EdgeProtocols
import MediaTime
import NCCO
import WireJSON

/// One Conversation with its Members, Legs and running call scripts: inputs in, log batch and effects out.
///
/// - Reference: contract events.md (order, ids), media-and-legs.md (states), ncco.md §6 (scripts), README 1 to 12.
/// - Threading: a value owned by one actor; reads no clock, does no I/O, never waits.
public struct ConversationMachine: Sendable {
    public let id: ConversationID
    public let application: ApplicationID
    /// Set once `conversation:created` was written; a reserved id of a knocking leg has none yet.
    var record: ConversationRecord?
    /// Of a named room; nil for a transient conversation.
    public let roomName: String?
    /// In the order they came.
    var legOrder: [LegID] = []
    var legs = LegTable()
    var sequence = 0
    var lastInstant = WallTime(milliseconds: 0)
    var plays: [PlayID: Play] = [:]
    var nextAsk: UInt64 = 1
    /// Seconds each outbound leg may ring.
    var ringLimits: [LegID: Int] = [:]
    /// Legs of `POST /v1/calls` whose script is fetched once they answer.
    var placedScripts: [LegID: ScriptSource] = [:]
    /// Legs that go through a trunk: the table of endings reads their codes differently.
    var trunks: Set<LegID> = []
    /// Keys pressed in this conversation so far: `dtmf_seq`.
    var keyPresses = 0
    /// Callers that hear the action's own `ringbackTone` instead of early media.
    var ringbackTones: Set<LegID> = []
    /// The application as it was when the conversation began; a reload does not change a running call.
    var owner: Application
    /// Legs on their way into another conversation: their `member:left` is written once they are there.
    var departing: [LegID: Leg] = [:]
    /// A named room is recorded.
    var roomRecording: Recording?
    /// Its next recording, asked for while the last one was being completed.
    var nextRoomRecording: RoomRecordingWish?
    /// Recordings that are being written down; the conversation may be over before they are.
    var transcriptions: [TranscriptionID: TranscriptionRecord] = [:]
    /// A named room is silent until a member with `startOnEnter` is in it.
    var hasStarted = false
    var isOver = false
    /// Who speaks is told.
    var tellsSpeaking = false
    var isTransientAfterRestart = false
    // The step being built.
    var step = Step()
    var touchedLegs: Set<LegID> = []

    /// A prompt that is being played.
    struct Play: Sendable {
        /// Leg whose script plays it; nil for ring tones.
        var script: LegID?
        /// `audio:say` or `audio:play`; nil for tones, which have no events.
        var event: String?
        var target: PlayTarget
        /// The Application named it: it is told when it cannot be played.
        var isApplications: Bool

        /// Whose prompt it is: of its script, or heard by it alone.
        var leg: LegID? {
            if let script { return script }
            if case .leg(let leg) = target { return leg }
            return nil
        }
    }

    /// A conversation for a leg that knocks or is placed.
    public init(id: ConversationID, application: Application) {
        self.id = id
        self.application = application.id
        owner = application
        roomName = nil
    }

    /// A named room, new or found in the log.
    public init(room name: String, id: ConversationID, application: Application, stored: ConversationRecord?) {
        self.id = id
        self.application = application.id
        owner = application
        roomName = name
        record = stored
        sequence = stored?.sequenceNumber ?? 0
    }

    /// One that is over: it refuses every leg.
    public init(ended id: ConversationID, application: Application, stored: ConversationRecord? = nil) {
        self.init(id: id, application: application)
        record = stored
        sequence = stored?.sequenceNumber ?? 0
        isOver = true
    }

    public var liveLegs: [Leg] { legOrder.compactMap { legs[$0] } }
    /// Nothing will happen here any more.
    public var hasEnded: Bool { isOver }

    public func has(_ leg: LegID) -> Bool { legs[leg] != nil }

    /// The user whose sound device the leg is.
    public func deviceUser(of leg: LegID) -> String? {
        if case .device(let user) = legs[leg]?.signalling { return user }
        return nil
    }

    /// Takes one input and says what follows.
    public mutating func handle(_ input: ConversationInput, in world: World) -> Step {
        step = Step()
        touchedLegs = []
        lastInstant = max(lastInstant, world.wall)
        react(to: input, in: world)
        settleSpeaking(world)
        for leg in legOrder where touchedLegs.contains(leg) {
            if let record = legs[leg]?.record(application: application, conversation: id) {
                step.batch.legs.append(record)
            }
        }
        if !step.batch.events.isEmpty, var record {
            record.sequenceNumber = sequence
            self.record = record
            step.batch.conversations.append(record)
        }
        defer { step = Step() }
        return step
    }

    private mutating func react(to input: ConversationInput, in world: World) {
        switch input {
        case .knock(let leg, let source, let application):
            owner = application
            knock(leg, source, world)
        case .place(let leg, let placement, let source, let application, let ringSeconds):
            owner = application
            place(leg, placement, source, ringSeconds: ringSeconds, world)
        case .scriptReply(let leg, let ask, let outcome): scriptReplied(leg, ask, outcome, world)
        case .sip(let leg, let event): signalling(leg, event, world)
        case .socket(let leg, let event): socket(leg, event, world)
        case .mediaRefused(let leg, let refusal): mediaRefused(leg, refusal, world)
        case .keyDown(let leg): keyDown(leg)
        case .digit(let leg, let digit, let duration): pressed(leg, digit, durationMilliseconds: duration, world)
        case .rtpTimeout(let leg):
            guard legs[leg]?.isAnswered == true else { return }
            note(.warning, "no media from the peer, ending the leg", leg)
            end(leg, Endings.completed(by: .platform), signal: true, world)
        case .playDone(let play): playEnded(play, error: nil, world)
        case .playFailed(let play, let reason): playEnded(play, error: reason, world)
        case .device(let leg, let event): device(leg, event, world)
        case .recordingSilent(let leg, let id): stopRecordings(of: leg) { $0.id == id }
        case .recordingEnded(let leg, let id, let result): recordingEnded(id, leg, result, world)
        case .transcribed(let id, let result): transcribed(id, result, world)
        case .transcribeAgain(let pending): transcribe(pending)
        case .listened(let leg, let id, let news): listened(leg, id, news, world)
        case .speaking(let leg, let isSpeaking): speaks(leg, isSpeaking, world)
        case .clientsChanged: break  // what follows is settled after every input
        case .timer(let key): timerFired(key, world)
        case .sessionRinging(let member):
            guard let leg = liveLegs.first(where: { $0.member == member }), case .sessions = leg.signalling,
                leg.status == .started
            else { return }
            legStatus(leg.id, .ringing)
        case .hangUp(let leg): hangUp(leg, world)
        case .command(let leg, let command, let id): emit(.reply(id, obey(command, leg, world)))
        case .probe(let leg, let id): emit(.reply(id, obstacle(to: leg)))
        case .receive(let leg, let move, let application):
            owner = application
            receive(leg, move, world)
        case .adopt(let leg, let entry, let application):
            owner = application
            adopt(leg, entry, world)
        case .departed(let leg, let target): departed(leg, to: target, world)
        case .close:
            for leg in legOrder.reversed() { hangUp(leg, world) }
        }
    }

    // MARK: Small tools of every part

    mutating func emit(_ effect: Effect) { step.effects.append(effect) }

    mutating func note(_ level: Note.Level, _ message: String, _ leg: LegID?, _ detail: String = "") {
        emit(.note(Note(level: level, message: message, leg: leg, detail: detail)))
    }

    mutating func makeAsk() -> AskID {
        defer { nextAsk += 1 }
        return AskID(rawValue: nextAsk)
    }

    /// Changes a leg in place and marks its record for the transaction.
    mutating func update(_ leg: LegID, _ change: (inout Leg) -> Void) {
        guard legs[leg] != nil else { return }
        change(&legs[leg]!)
        touchedLegs.insert(leg)
    }

    mutating func insert(_ leg: Leg) {
        legs[leg.id] = leg
        legOrder.append(leg.id)
        touchedLegs.insert(leg.id)
    }

    mutating func remove(_ leg: LegID) {
        legs[leg] = nil
        legOrder.removeAll { $0 == leg }
    }

    mutating func attach(_ leg: LegID) {
        guard let current = legs[leg] else { return }
        update(leg) { $0.isAttached = true }
        emit(.attach(leg, heard(current.audio, by: current)))
    }

    /// Audio settings as the mixer shall apply them: in a room that has not started nobody hears anybody, and a leg
    /// that still runs its `onAnswer` is apart.
    func heard(_ audio: MemberAudio, by leg: Leg) -> MemberAudio {
        guard (roomName != nil && !hasStarted) || leg.isPrivate else { return audio }
        var waiting = audio
        waiting.canHear = []
        waiting.canSpeak = []
        return waiting
    }
}
