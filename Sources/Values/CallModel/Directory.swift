public import MediaTime

/// A webhook of an Application with its two time limits (voice-webhooks §6).
public struct WebhookSetting: Hashable, Sendable {
    public var target: WebhookTarget
    /// 300…1000.
    public var connectTimeoutMilliseconds: Int
    /// 1000…10000.
    public var socketTimeoutMilliseconds: Int
    public init(target: WebhookTarget, connectTimeoutMilliseconds: Int = 1000, socketTimeoutMilliseconds: Int) {
        self.target = target
        self.connectTimeoutMilliseconds = connectTimeoutMilliseconds
        self.socketTimeoutMilliseconds = socketTimeoutMilliseconds
    }
}

/// An Application: who is asked for a call script and told of events.
public struct Application: Hashable, Sendable {
    public var id: ApplicationID
    public var name: String
    public var answerURL: WebhookSetting?
    public var fallbackAnswerURL: WebhookSetting?
    public var voiceEventURL: WebhookSetting?
    public var rtcEventURL: WebhookSetting?
    /// Path of a call script run from disk with no backend at all; wins over `answerURL`.
    public var answerNCCOFile: String?
    public var answerOn: AnswerOn
    /// All attempts at `answer_url` and its fallback together (contract README 8).
    public var answerDeadlineMilliseconds: Int
    public var answerWebhookFields: AnswerWebhookFields
    public var voiceSignedCallbacks: Bool
    public var rtcSignedCallbacks: Bool
    /// Nil: the account's.
    public var signatureSecret: String?
    /// PEM, subject public key info; verifies its tokens.
    public var publicKeyPEM: String?
    /// PEM, PKCS#8; kept only so that `switchhook token` can sign.
    public var privateKeyPEM: String?
    /// A named room of it is deleted this long after it became empty; nil: the box's setting.
    public var roomSeconds: Int?
    /// Its finished legs can be read this long, days, 1…31; then they are unknown and deleted (voice-api §4).
    public var legPersistenceDays = 7
    /// `file:line` of the configuration; nil when it was made by API.
    public var declaredAt: String?

    public enum AnswerOn: String, Hashable, Sendable, CaseIterable {
        case media, script
    }
    public enum AnswerWebhookFields: String, Hashable, Sendable, CaseIterable {
        case full, legacy
    }

    public init(id: ApplicationID, name: String) {
        self.id = id
        self.name = name
        answerOn = .media
        answerDeadlineMilliseconds = 12_000
        answerWebhookFields = .full
        voiceSignedCallbacks = true
        rtcSignedCallbacks = true
    }

    /// Legs of it that ended before this are gone.
    public func legsKeptSince(at now: WallTime) -> WallTime {
        WallTime(milliseconds: now.milliseconds - Int64(legPersistenceDays) * 86_400_000)
    }
}

/// SRTP on a trunk or for a target.
public enum SRTPPolicy: String, Hashable, Sendable, CaseIterable {
    case off, offered, required
}

/// From where media is accepted (issue "media.lock").
public enum MediaLock: String, Hashable, Sendable, CaseIterable {
    case sdp
    case signallingAddress = "signalling-address"
    case any
}

/// SDES keys over plain UDP or TCP (contract README 15).
public enum SRTPWithoutTLS: String, Hashable, Sendable, CaseIterable {
    case refuse, loopback, allow
}

/// A SIP peer that carries calls to and from the outside.
public struct Trunk: Hashable, Sendable {
    public var name: String
    /// `sip:host[:port][;transport=tcp|tls]`
    public var uri: String
    public var username: String?
    public var password: String?
    public var register: Bool
    public var registerExpirySeconds: Int
    /// Over TLS: whether its certificate and name are checked (RFC 5922).
    public var verifiesCertificate: Bool
    public var srtp: SRTPPolicy
    public var mediaLock: MediaLock
    /// Codec names in order of preference: `opus`, `g722`, `pcmu`, `pcma`, `l16/8000`, `l16/16000`, `l16/48000`.
    public var codecs: [String]
    /// Whether P-Asserted-Identity of its calls is believed.
    public var trusted: Bool
    /// Networks (CIDR) its calls come from; empty: the hosts of `uri`.
    public var addresses: [String]
    /// Caller ids that are not numbers of the box: refused when false (ncco §4).
    public var allowForeignCallerID: Bool
    /// Number prefixes it takes, longest match wins; empty: all.
    public var prefixes: [String]

    public init(name: String, uri: String) {
        self.name = name
        self.uri = uri
        register = false
        registerExpirySeconds = 3600
        verifiesCertificate = true
        srtp = .off
        mediaLock = .signallingAddress
        codecs = ["pcma", "pcmu"]
        trusted = false
        addresses = []
        allowForeignCallerID = false
        prefixes = []
    }
}

/// The sound device that is a user's app leg.
public struct DeviceSetting: Hashable, Sendable {
    /// ALSA PCM names in order of preference, or a stable name such as `card:PCH`; `none` is the paced silent device.
    public var playback: [String]
    public var capture: [String]
    /// Microseconds, 2 500…40 000.
    public var periodMicroseconds: Int
    public var periods: Int
    /// Channels of the card, from 0, that carry the voice (empty: the first two) and that are heard (empty: all).
    public var playbackChannels: [Int] = []
    public var captureChannels: [Int] = []
    /// Controls of the card's mixer by their names: percent of their range; nil: off.
    public var mixer: [String: Int?] = [:]
    public var autoAnswer: Bool
    /// Ring volume, decibels, −60…0.
    public var ringLevelDecibels: Int
    /// What the loudspeaker plays is taken out of what the microphone hears.
    public var cancelsEcho: Bool
    public var suppressesNoise: Bool
    public var controlsGain: Bool

    /// Not a card: what is played is heard again. Any number of calls may have it at once.
    public var isEcho: Bool { playback == ["echo"] && capture == ["echo"] }

    public init(playback: [String], capture: [String]) {
        self.playback = playback
        self.capture = capture
        periodMicroseconds = 10_000
        periods = 2
        autoAnswer = false
        ringLevelDecibels = -12
        cancelsEcho = true
        suppressesNoise = true
        controlsGain = true
    }
}

/// A configured User.
public struct UserAccount: Hashable, Sendable {
    public var name: String
    public var displayName: String?
    public var device: DeviceSetting?
    /// Application names or ids it belongs to; empty: all.
    public var applications: [String]
    /// SIP URI of a VBC extension (contact of an internal phone).
    public var contact: String?
    /// Of a user made by API; a configured one has an id that follows from its name.
    public var id: UserID?
    /// `file:line` of the configuration; nil when it was made by API.
    public var declaredAt: String?

    public init(name: String) {
        self.name = name
        applications = []
    }

    public func belongs(to application: Application) -> Bool {
        applications.isEmpty
            || applications.contains { $0 == application.name || $0.lowercased() == application.id.text }
    }
}

/// A number and the Application that owns it.
public struct NumberRoute: Hashable, Sendable {
    /// Without `+`; a trailing `*` matches any rest (longest match wins).
    public var number: String
    public var application: ApplicationID
    /// A script of this number alone, run from disk instead of the Application's `answer_url`.
    public var answerNCCOFile: String?
    public init(number: String, application: ApplicationID, answerNCCOFile: String? = nil) {
        self.number = number
        self.application = application
        self.answerNCCOFile = answerNCCOFile
    }
}

/// Account-wide credentials (contract README 21).
public struct Account: Hashable, Sendable {
    public var apiKey: String
    public var apiSecret: String
    public var signatureSecret: String
    public init(apiKey: String, apiSecret: String, signatureSecret: String) {
        self.apiKey = apiKey
        self.apiSecret = apiSecret
        self.signatureSecret = signatureSecret
    }
}

/// Everything that is looked up by name or number while calls run; replaced as a whole by a reload.
public struct Directory: Sendable {
    public var account: Account
    public var applications: [ApplicationID: Application]
    public var numbers: [NumberRoute]
    /// By name; configured ones, and after `scoped(to:)` those of one Application's API as well.
    public var users: [String: UserAccount]
    /// Users made by API, by Application and name.
    public var apiUsers: [ApplicationID: [String: UserAccount]] = [:]
    public var trunks: [Trunk]

    public init(
        account: Account, applications: [ApplicationID: Application], numbers: [NumberRoute],
        users: [String: UserAccount], trunks: [Trunk]
    ) {
        self.account = account
        self.applications = applications
        self.numbers = numbers
        self.users = users
        self.trunks = trunks
    }

    /// The route of a called number, matched with and without `+`; exact before longest prefix.
    public func route(for called: String) -> NumberRoute? {
        let number = called.hasPrefix("+") ? String(called.dropFirst()) : called
        var best: NumberRoute?
        for route in numbers {
            let pattern = route.number.hasPrefix("+") ? String(route.number.dropFirst()) : route.number
            if pattern == number { return route }
            guard pattern.hasSuffix("*"), number.hasPrefix(pattern.dropLast()) else { continue }
            if pattern.count > (best?.number.count ?? 0) { best = route }
        }
        return best
    }
}

extension Directory {
    /// What one Application sees: the configured users and its own.
    public func scoped(to application: ApplicationID) -> Directory {
        guard let own = apiUsers[application], !own.isEmpty else { return self }
        var scoped = self
        scoped.users.merge(own) { configured, _ in configured }
        return scoped
    }

    /// The USR- id of a user. Of a configured one it is the same on every box and after every start for one name and
    /// Application.
    public func userID(_ name: String, application: ApplicationID) -> UserID {
        if users[name] == nil, let id = apiUsers[application]?[name]?.id { return id }
        if let id = users[name]?.id { return id }
        return UserID("USR-" + UUIDText.derived(from: application.text + "/" + name))
    }
}

extension UUIDText {
    /// A UUID-shaped text that depends on nothing but `name` (FNV-1a, twice with different seeds; version 8, RFC 9562).
    static func derived(from name: String) -> String {
        func hash(_ seed: UInt64) -> UInt64 {
            name.utf8.reduce(seed) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        }
        return text(
            high: (hash(0xCBF2_9CE4_8422_2325) & 0xFFFF_FFFF_FFFF_0FFF) | 0x8000,
            low: (hash(0x6C62_272E_07BB_0142) & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000)
    }
}
