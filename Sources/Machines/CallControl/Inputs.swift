public import CallModel
public import EdgeProtocols
public import NCCO

/// What a Conversation's machine reacts to. Inputs about a leg the machine does not have are ignored.
public enum ConversationInput: Sendable {
    /// An inbound call; its media answer is prepared.
    case knock(Leg, script: ScriptSource, application: Application)
    /// `POST /v1/calls`: dial this leg, then run its script.
    case place(Leg, Placement, script: ScriptSource, application: Application, ringSeconds: Int)
    /// The answer to `ask` or `loadScript`.
    case scriptReply(LegID, AskID, ScriptReplyOutcome)
    case sip(LegID, SIPLegEvent)
    case socket(LegID, SocketEvent)
    case mediaRefused(LegID, MediaRefusal)
    /// A key is down; `digit` follows when it is let go.
    case keyDown(LegID)
    case digit(LegID, Character, durationMilliseconds: Int)
    case rtpTimeout(LegID)
    case playDone(PlayID)
    case playFailed(PlayID, reason: String)
    case device(LegID, DeviceEvent)
    /// A recording has heard nobody for its time.
    case recordingSilent(LegID, RecordingID)
    /// Its file is complete; the leg is nil for a room's.
    case recordingEnded(LegID?, RecordingID, RecordingResult)
    /// A transcript is complete, or will not be.
    case transcribed(TranscriptionID, TranscriptionResult)
    /// One that a former run had not told.
    case transcribeAgain(TranscriptionRecord)
    /// News of what a leg's script listens for.
    case listened(LegID, ListeningID, ListeningNews)
    case timer(TimerKey)
    /// A member begins to speak so that others hear it, or ends.
    case speaking(LegID, Bool)
    /// Live sessions of the application have come or gone.
    case clientsChanged
    /// A live session of an invited app user has the invitation.
    case sessionRinging(MemberID)
    /// REST, console or client hang-up.
    case hangUp(LegID)
    /// An order of the REST API; answered by the effect `reply` with the same id.
    case command(LegID, LegCommand, CommandID)
    /// Whether the leg could be transferred now; answered the same way.
    case probe(LegID, CommandID)
    /// A leg whose transfer was asked for moves in and gets its new script.
    case receive(Leg, LegMove, application: Application)
    /// A leg moves in from another conversation, or straight from knocking.
    case adopt(Leg, RoomEntry, application: Application)
    /// A leg of ours has been adopted by the conversation `to`.
    case departed(Leg, to: ConversationID)
    /// Ends every leg (drain timeout).
    case close
}

extension ConversationInput {
    /// The leg it is about, when that leg may meanwhile live in another conversation.
    public var leg: LegID? {
        switch self {
        case .socket(let leg, _): leg
        case .scriptReply(let leg, _, _), .sip(let leg, _), .mediaRefused(let leg, _), .digit(let leg, _, _),
            .rtpTimeout(let leg), .device(let leg, _), .hangUp(let leg), .recordingSilent(let leg, _),
            .command(let leg, _, _), .probe(let leg, _), .listened(let leg, _, _), .keyDown(let leg),
            .speaking(let leg, _):
            leg
        case .recordingEnded(let leg, _, _): leg
        case .transcribed, .transcribeAgain, .knock, .place, .sessionRinging, .playDone, .playFailed, .timer, .adopt,
            .receive, .departed, .close, .clientsChanged:
            nil
        }
    }
}

/// How the leg of `POST /v1/calls` is reached.
public enum Placement: Sendable {
    case dial(Dial)
    case device(DeviceSetting)
    case sessions
    case socket(SocketCall)
    /// It cannot be reached; the leg exists only to say so.
    case refused(LegEnding)
}

public enum SIPLegEvent: Sendable {
    /// `early`: it carried SDP that has been applied.
    case progress(status: Int, early: Bool)
    case answered
    case failed(status: Int, fromPeer: Bool)
    case cancelled
    case ended(DialogEnd)
}

public enum DeviceEvent: Sendable {
    case opened
    case refused(String)
    case answered
    case declined
    case hungUp
    case busy
    /// Its card went away during the call, which goes on in silence; `device` is the PCM.
    case lost(device: String, reason: String)
    /// It has a card again, perhaps another one of its list.
    case back(device: String)
}

/// Where a leg's first script comes from.
public enum ScriptSource: Sendable {
    case ask(WebhookSetting, fallback: WebhookSetting?)
    case file(String)
    case inline([Action])
}

/// Handle of one request that may return a script.
public struct AskID: Hashable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

public enum ScriptReplyOutcome: Sendable {
    /// A valid script; `warnings` were logged.
    case script([Action])
    /// A 2xx answer that holds no script: go on.
    case nothing
    /// No usable answer; the text is for the error webhook (an invalid script carries the contract's prefix).
    case failed(String)
}

public enum TimerKey: Hashable, Sendable {
    /// The far end (or an inbound leg) has rung long enough.
    case ring(LegID)
    /// `limit` of an answered leg.
    case length(LegID)
    case digits(LegID)
    /// A speech input that has told nothing for longer than it can last.
    case speech(LegID)
    /// A machine detection that has told nothing for longer than it can last.
    case detection(LegID)
    case wait(LegID)
    /// `timeOut` of a recording.
    case recording(LegID, RecordingID)
    /// A leg that is over waits no longer for its recordings.
    case recordingsClosed(LegID)
    /// An empty named room may go.
    case emptyRoom
}

/// Handle of one order whose giver waits for its outcome.
public struct CommandID: Hashable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// How a leg moves into a Conversation of its own (REST transfer).
public struct LegMove: Sendable {
    public var from: ConversationID
    /// Its member there.
    public var formerMember: MemberID?
    public var script: ScriptSource
}

/// How a leg enters a named room.
public struct RoomEntry: Sendable {
    public var name: String
    public var audio: MemberAudio
    public var startOnEnter: Bool
    public var endOnExit: Bool
    public var musicOnHoldURL: String?
    /// The room is recorded from now on.
    public var records = false
    public var recordEvent: WebhookTarget?
    public var transcription: Transcription?
    /// Set: this very conversation, not the room of that name.
    public var target: ConversationID?
    /// Conversation it comes from; its reserved id when the leg only knocked.
    public var from: ConversationID
    /// Its member there; nil when the leg only knocked.
    public var formerMember: MemberID?
}
