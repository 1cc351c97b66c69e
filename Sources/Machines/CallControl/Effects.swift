public import CallModel
public import EdgeProtocols
import MediaTime

/// What the runtime does for a machine; small, independent, run in order without waiting.
public enum Effect: Sendable {
    // Signalling
    case ring(LegID, DialogID, earlyMedia: Bool)
    case answer(LegID, DialogID)
    case refuse(DialogID, status: Int)
    case dial(LegID, DialogID, Dial)
    case cancel(DialogID)
    case bye(DialogID)
    // Media
    case openDevice(LegID, DeviceSetting)
    case openSocket(LegID, SocketCall, timeoutSeconds: Int)
    /// A key that another party pressed.
    case tellSocket(LegID, Character, durationMilliseconds: Int)
    case attach(LegID, MemberAudio)
    case updateAudio(LegID, MemberAudio)
    case closeMedia(LegID)
    case play(PlayID, PromptSource, PlayTarget, loop: Int, level: Double)
    case stopPlay(PlayID)
    case sendDigits(LegID, String)
    /// The path of the setting is a name in the folder of files.
    case startRecording(RecordingID, RecordingSource, RecordingSetting)
    case stopRecording(RecordingID)
    /// The paths of the order are names in the folder of files.
    case transcribe(TranscriptionOrder)
    /// Listens to a leg for the script of another, or of its own; a saved file's path is a name in the folder of files.
    case startListening(ListeningID, to: LegID, for: LegID, ListeningTask)
    case armListening(ListeningID)
    case stopListening(ListeningID)
    /// Who speaks in this conversation is told from now on, or no more.
    case tellSpeaking(Bool)
    /// An event that is not stored.
    case tellClients(EventRow)
    // Scripts
    case ask(LegID, AskID, ScriptRequest)
    case loadScript(LegID, AskID, file: String, substitutions: [String: String])
    // Time
    case setTimer(TimerKey, after: Duration)
    case cancelTimer(TimerKey)
    // Routing
    /// The outcome of an order; nil: done.
    case reply(CommandID, CommandFault?)
    case enterRoom(Leg, RoomEntry)
    /// The leg goes into a new Conversation.
    case transfer(Leg, LegMove)
    /// Tells the conversation a leg came from that it is here now.
    case welcome(Leg, from: ConversationID)
    /// The leg is over: nothing is routed to it any more.
    case forget(LegID)
    /// The conversation is over.
    case over
    /// Worth a line in the log.
    case note(Note)
}

/// A remark of a machine for the structured log.
public struct Note: Hashable, Sendable {
    public enum Level: Sendable { case info, warning }
    public var level: Level
    public var message: String
    public var leg: LegID?
    public var detail: String
}

/// A SIP call to make.
public struct Dial: Hashable, Sendable {
    public var target: String
    public var fromUser: String
    public var headers: [SIPHeader]
    public var trunk: String?
    public var media: MediaPolicy
    public init(target: String, fromUser: String, headers: [SIPHeader], trunk: String?, media: MediaPolicy) {
        self.target = target
        self.fromUser = fromUser
        self.headers = headers
        self.trunk = trunk
        self.media = media
    }
}

/// All that one step of a machine brings about.
public struct Step: Sendable {
    /// One transaction of the log, queued before the effects run.
    public var batch = LogBatch()
    public var effects: [Effect] = []
    public init() {}
}
