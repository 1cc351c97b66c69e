public import CallModel
public import WireJSON

/// One action of a call script, validated: every value is in range and every default filled in (contract ncco.md §3).
public enum Action: Hashable, Sendable {
    case talk(Talk)
    case stream(Stream)
    case input(Input)
    case connect(Connect)
    case conversation(ConversationAction)
    case record(Record)
    case notify(Notify)
    case wait(seconds: Double)
    case transfer(Transfer)

    /// The word in the script.
    public var name: String {
        switch self {
        case .talk: "talk"
        case .stream: "stream"
        case .input: "input"
        case .connect: "connect"
        case .conversation: "conversation"
        case .record: "record"
        case .notify: "notify"
        case .wait: "wait"
        case .transfer: "transfer"
        }
    }
}

public struct Talk: Hashable, Sendable {
    public var text: String
    public var bargeIn = false
    /// 0: forever.
    public var loop = 1
    /// −1…1.
    public var level = 0.0
    public var language = "en-US"
    public var style = 0
    public var premium = false
    public init(text: String) { self.text = text }
    /// Starts with the `speak` tag; whether it is closed is for the voice to find out (ncco §8).
    public var isSSML: Bool {
        let start = text.drop { $0 == " " || $0 == "\n" || $0 == "\t" || $0 == "\r" || $0 == "\r\n" }
        guard start.hasPrefix("<speak"), let next = start.dropFirst(6).first else { return false }
        return next == ">" || next == "/" || next.isWhitespace
    }
}

public struct Stream: Hashable, Sendable {
    public var url: String
    public var bargeIn = false
    public var loop = 1
    public var level = 0.0
    public init(url: String) { self.url = url }
}

public struct Input: Hashable, Sendable {
    public struct DTMF: Hashable, Sendable {
        /// Seconds, 0…10.
        public var timeOut = 3
        public var maxDigits = 4
        public var submitOnHash = false
        public init() {}
    }
    public struct Speech: Hashable, Sendable {
        public var leg: String?
        public var endOnSilence = 2.0
        public var language = "en-US"
        public var context: [String] = []
        public var startTimeout = 10
        public var maxDuration = 60
        public var saveAudio = false
        public var sensitivity = 90
        public init() {}
    }
    public var dtmf: DTMF?
    public var speech: Speech?
    public var isAsynchronous = false
    /// Legacy form without `type`: the event carries `dtmf` as a bare string and `timed_out` at top level.
    public var isLegacy = false
    public var event: WebhookTarget?
    public init() {}
}

public struct Connect: Hashable, Sendable {
    public var endpoint: ConnectEndpoint
    public var from: String?
    public var randomFromNumber = false
    public var isSynchronous = false
    /// Seconds, 1…120.
    public var timeout = 60
    /// Seconds, 1…7200.
    public var limit = 7200
    public var machineDetection: MachineDetection?
    public var advancedMachineDetection: AdvancedMachineDetection?
    public var event: WebhookTarget?
    public var ringbackTone: String?
    public init(endpoint: ConnectEndpoint) { self.endpoint = endpoint }

    /// What is to be found out about whoever answers; the advanced option wins (voice-webhooks §9.7).
    public var detection: AdvancedMachineDetection? {
        advancedMachineDetection ?? machineDetection.map { AdvancedMachineDetection($0) }
    }
}

public enum MachineDetection: String, Hashable, Sendable, CaseIterable {
    case `continue`, hangup
}

public struct AdvancedMachineDetection: Hashable, Sendable {
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        case `default`
        case detect
        case detectBeep = "detect_beep"
    }
    public var behavior = MachineDetection.continue
    public var mode = Mode.detect
    public var beepTimeout = 45
    public init() {}

    /// The plain option: the script waits for the result (voice-webhooks §9.7).
    public init(_ plain: MachineDetection) { behavior = plain }

    /// How long its beep is waited for, seconds; nil: not at all.
    public var beepSeconds: Int? { mode == .detect ? nil : beepTimeout }
}

public enum ConnectEndpoint: Hashable, Sendable {
    case phone(number: String, dtmfAnswer: String?, onAnswer: OnAnswer?)
    case app(user: String)
    case websocket(WebSocketEndpoint)
    case sip(SIPEndpoint)
    case vbc(extension: String)
}

public struct OnAnswer: Hashable, Sendable {
    public var url: String
    public var ringbackTone: String?
    public init(url: String, ringbackTone: String?) {
        self.url = url
        self.ringbackTone = ringbackTone
    }
}

public struct SIPEndpoint: Hashable, Sendable {
    public enum Address: Hashable, Sendable {
        case uri(String)
        case trunk(user: String, domain: String)
    }
    public var address: Address
    /// Names already carry `X-`.
    public var headers: [(name: String, value: String)]
    public var userToUser: String?
    public init(address: Address, headers: [(name: String, value: String)] = [], userToUser: String? = nil) {
        self.address = address
        self.headers = headers
        self.userToUser = userToUser
    }
    public static func == (a: Self, b: Self) -> Bool {
        a.address == b.address && a.userToUser == b.userToUser && a.headers.elementsEqual(b.headers) { $0 == $1 }
    }
    public func hash(into hasher: inout Hasher) {
        hasher.combine(address)
        hasher.combine(userToUser)
        for header in headers {
            hasher.combine(header.name)
            hasher.combine(header.value)
        }
    }
}

public struct WebSocketEndpoint: Hashable, Sendable {
    public enum Authorization: Hashable, Sendable {
        case vonage
        case custom(String)
    }
    public var uri: String
    /// 8 000, 16 000, 24 000 or 48 000.
    public var sampleRate = 16_000
    public var headers: JSONObject
    public var authorization: Authorization?
    public init(uri: String, headers: JSONObject = JSONObject()) {
        self.uri = uri
        self.headers = headers
    }
}

public struct ConversationAction: Hashable, Sendable {
    public var name: String
    public var musicOnHoldURL: String?
    public var startOnEnter = true
    public var endOnExit = false
    public var record = false
    /// Nil everyone, empty nobody.
    public var canSpeak: [String]?
    public var canHear: [String]?
    public var mute = false
    public var transcription: Transcription?
    public var event: WebhookTarget?
    public init(name: String) { self.name = name }
}

public struct Transcription: Hashable, Sendable {
    public var language: String?
    public var event: WebhookTarget?
    public var sentimentAnalysis = false
    public init() {}
}

public struct Record: Hashable, Sendable {
    public typealias Format = RecordingFormat
    public var format = Format.mp3
    public var isSplit = false
    public var channels = 1
    public var endOnSilence: Double?
    public var endOnKey: Character?
    public var timeOut: Int?
    public var beepStart = false
    public var transcription: Transcription?
    public var event: WebhookTarget?
    public init() {}
    public var isSynchronous: Bool { endOnSilence != nil || endOnKey != nil }
}

public struct Notify: Hashable, Sendable {
    public var payload: JSONObject
    public var event: WebhookTarget
    public init(payload: JSONObject, event: WebhookTarget) {
        self.payload = payload
        self.event = event
    }
}

public struct Transfer: Hashable, Sendable {
    public var conversation: ConversationID
    public var canHear: [String]?
    public var canSpeak: [String]?
    public var mute = false
    public init(conversation: ConversationID) { self.conversation = conversation }
}
