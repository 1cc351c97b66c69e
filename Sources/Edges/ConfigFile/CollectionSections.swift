public import CallModel

/// One of `applications`; file paths are absolute after loading.
public struct ApplicationSection: Sendable, Equatable {
    /// A UUID; nil: the mapping key when that is one, else derived from the name.
    public var id: String?
    public var name: String?
    public var answerURL = WebhookSection(socketTimeoutMilliseconds: 5000)
    public var fallbackAnswerURL = WebhookSection(socketTimeoutMilliseconds: 5000)
    public var voiceEventURL = WebhookSection(method: .post, socketTimeoutMilliseconds: 10_000)
    public var voiceSignedCallbacks = true
    public var legPersistenceDays = 7
    public var rtcEventURL = WebhookSection(method: .post, socketTimeoutMilliseconds: 10_000)
    public var rtcSignedCallbacks = true
    public var signatureSecret: String?
    public var answerNCCO: String?
    public var answerOn = Application.AnswerOn.media
    public var answerDeadline: Duration = .seconds(12)
    public var answerWebhookFields = Application.AnswerWebhookFields.full
    /// PEM files.
    public var publicKey: String?
    public var privateKey: String?
    public init() {}
}

/// A webhook as Application descriptions write it.
public struct WebhookSection: Sendable, Equatable {
    /// Nil: not in use.
    public var address: String?
    public var method: WebhookTarget.Method
    public var connectTimeoutMilliseconds = 1000
    public var socketTimeoutMilliseconds: Int

    init(method: WebhookTarget.Method = .get, socketTimeoutMilliseconds: Int) {
        self.method = method
        self.socketTimeoutMilliseconds = socketTimeoutMilliseconds
    }

    /// Nil when there is no address.
    public var setting: WebhookSetting? {
        address.map {
            WebhookSetting(
                target: WebhookTarget(url: $0, method: method), connectTimeoutMilliseconds: connectTimeoutMilliseconds,
                socketTimeoutMilliseconds: socketTimeoutMilliseconds)
        }
    }
}

/// One of `numbers`.
public struct NumberSection: Sendable, Equatable {
    /// Name or id of the Application that owns it.
    public var application: String?
    public var answerNCCO: String?
    public init() {}
}

/// One of `users`.
public struct UserSection: Sendable, Equatable {
    public var displayName: String?
    /// ALSA PCM names in order of preference; both empty: a user without a sound device.
    public var playback: [String] = []
    public var capture: [String] = []
    /// Nil: as `device` says.
    public var period: Duration?
    public var periods: Int?
    public var playbackChannels: [Int] = []
    public var captureChannels: [Int] = []
    /// Percent by name of the control; nil: off.
    public var mixer: [String: Int?] = [:]
    public var ringLevelDecibels: Int?
    public var echoCancellation: Bool?
    public var noiseSuppression: Bool?
    public var gainControl: Bool?
    /// No loudspeaker in the room: nothing to cancel unless `echoCancellation` says so.
    public var headset = false
    public var autoAnswer = false
    /// Names or ids; empty: all.
    public var applications: [String] = []
    /// SIP URI of a VBC extension.
    public var contact: String?
    public init() {}
}

/// One of `trunks`.
public struct TrunkSection: Sendable, Equatable {
    public var uri: String?
    public var username: String?
    public var password: String?
    public var register = false
    public var registerExpiry: Duration = .seconds(3600)
    public var verifyCertificate = true
    public var srtp = SRTPPolicy.off
    public var mediaLock = MediaLock.signallingAddress
    public var codecs: [CodecName] = [.pcma, .pcmu]
    /// Networks its calls come from; empty: the hosts of `uri`.
    public var addresses: [String] = []
    public var prefixes: [String] = []
    public var allowForeignCallerID = false
    public var trusted = false
    public init() {}
}
