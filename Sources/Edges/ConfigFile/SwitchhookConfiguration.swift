public import CallModel
public import EdgeProtocols

/// The whole configuration of a box; the values written here are the defaults of the schema table.
///
/// - Units: `Duration` for times, bytes for sizes.
/// - Threading: a value, made once at start and again at each reload.
public struct SwitchhookConfiguration: Sendable, Equatable {
    public var account = AccountSection()
    public var sip = SIPSection()
    public var media = MediaSection()
    public var device = DeviceSection()
    public var http = HTTPSection()
    public var store = StoreSection()
    /// Keyed by id (a UUID) or name.
    public var applications: [String: ApplicationSection] = [:]
    /// Keyed by number, without `+`; a trailing `*` matches any rest.
    public var numbers: [String: NumberSection] = [:]
    /// Keyed by user name.
    public var users: [String: UserSection] = [:]
    /// Keyed by trunk name.
    public var trunks: [String: TrunkSection] = [:]
    public var webhooks = WebhooksSection()
    public var clients = ClientsSection()
    public var speech = SpeechSection()
    public var security = SecuritySection()
    public var limits = LimitsSection()
    public var log = LogSection()
    /// How long running calls may go on after SIGTERM.
    public var drainTimeout: Duration = .seconds(30)

    /// Path of the file it was read from; nil for the bare defaults.
    public internal(set) var file: String?
    /// Where each value that is not a default came from, by dotted path.
    var origins: [String: ConfigOrigin] = [:]

    public init() {}
}

/// Credentials of the account; what is absent is made on first use and kept in the state folder.
public struct AccountSection: Sendable, Equatable {
    public var apiKey: String?
    public var apiSecret: String?
    public var signatureSecret: String?
}

public struct SIPSection: Sendable, Equatable {
    public var listen = NetworkAddress(host: "127.0.0.1", port: 5060)
    /// Of `listen`.
    public var transports: [SIPTransport] = [.udp, .tcp]
    /// In use when a certificate is set.
    public var tlsListen = NetworkAddress(host: "127.0.0.1", port: 5061)
    /// PEM files.
    public var tlsCertificate: String?
    public var tlsPrivateKey: String?
    /// PEM file of the authorities trusted for TLS to trunks; nil: the system's.
    public var tlsTrust: String?
    public var advertisedAddress: String?
    public var maxCalls = 1000
    /// Of an inbound leg, then 480.
    public var ringTimeout: Duration = .seconds(180)
    /// RFC 4028; zero: off.
    public var sessionTimer: Duration = .seconds(1800)
}

public struct MediaSection: Sendable, Equatable {
    public var rtpPorts = PortRange(first: 10_000, last: 19_999)
    public var bind = "127.0.0.1"
    public var advertisedAddress: String?
    /// Zero: usable cores less one, at least one.
    public var workers = 0
    /// Zero: each packet at once.
    public var relayDrain: Duration = .milliseconds(2)
    /// Zero: never.
    public var rtpTimeout: Duration = .seconds(60)
    /// Of legs that are not on a trunk, in order of preference.
    public var codecs: [CodecName] = [.opus, .g722, .pcma, .pcmu]
    public var ptime: Duration = .milliseconds(20)
    public var offerGCM = true
    public var inbandDigits = false
    public var speakingEvents = SpeakingEvents.clients
    /// Zero: voices stay as they are under a prompt.
    public var duckingDecibels = 0
    public var redundancy = RedundancyPolicy.onLoss
    public var comfortNoise = false
    public var opusBitrate = 24_000
    public var opusComplexity = 9
    public var opusFEC = true
    public var opusDTX = false
    public var opusCBR = false
    public var opusApplication = OpusPolicy.Application.voice
}

/// Inclusive.
public struct PortRange: Sendable, Hashable {
    public var first: UInt16
    public var last: UInt16
    public init(first: UInt16, last: UInt16) {
        self.first = first
        self.last = last
    }
}

public enum CodecName: String, Sendable, Hashable, CaseIterable {
    case opus, g722, pcmu, pcma
    case l16Narrow = "l16/8000"
    case l16Wide = "l16/16000"
    case l16Full = "l16/48000"
}

/// Defaults of every user's sound device.
public struct DeviceSection: Sendable, Equatable {
    public var period: Duration = .milliseconds(10)
    public var periods = 2
    public var ringLevelDecibels = -12
    public var echoCancellation = true
    public var noiseSuppression = true
    public var gainControl = true
}

public struct HTTPSection: Sendable, Equatable {
    public var listen = NetworkAddress(host: "127.0.0.1", port: 8080)
    /// PEM files.
    public var tlsCertificate: String?
    public var tlsPrivateKey: String?
    /// Base of URLs told to Applications; nil: made from `listen`.
    public var publicURL: String?
    /// Base of `recording_url`; nil: `publicURL`.
    public var recordingURL: String?
}

public struct StoreSection: Sendable, Equatable {
    /// The state folder, relative to the working directory.
    public var path = "./var"
    public var retention: Duration = .seconds(7 * 86_400)
    public var recordingRetention: Duration = .seconds(30 * 86_400)
}

public struct WebhooksSection: Sendable, Equatable {
    public enum Retry: String, Sendable, CaseIterable {
        case durable, cloud
    }
    public var retry = Retry.durable
    public var connectionsPerHost = 64
    public var issuer = "Vonage"
    /// PEM file of further authorities trusted for https.
    public var trust: String?
}

public struct ClientsSection: Sendable, Equatable {
    public var loginTimeout: Duration = .seconds(5)
    public var pingInterval: Duration = .seconds(25)
}

public struct SpeechSection: Sendable, Equatable {
    public var language = "en-US"
    /// External voice: program and arguments, by blanks.
    public var synthesizer: String?
    /// External recogniser: program and arguments, by blanks.
    public var recogniser: String?
    /// Folder of the embedded recogniser's model.
    public var model = "/usr/share/pocketsphinx/model/en-us"
    public var recognisersAtOnce = 2
}

public struct SecuritySection: Sendable, Equatable {
    public var srtpWithoutTLS = SRTPWithoutTLS.loopback
    /// Networks that webhooks, streams and websockets may reach; empty: all that is not denied.
    public var outboundAllow: [String] = []
    public var outboundDeny: [String] = []
}

public struct LimitsSection: Sendable, Equatable {
    /// Of one Conversation.
    public var members = 200
    public var callLength: Duration = .seconds(7200)
    public var promptCacheBytes = 64 << 20
    public var promptFileBytes = 16 << 20
    public var promptFileTime: Duration = .seconds(20)
    public var requestBodyBytes = 1 << 20
    /// Of one Application; zero: no limit. The cloud has 3 and 15.
    public var callsPerSecond = 0
    public var requestsPerSecond = 0
    public var httpConnections = 1024
    public var storeQueueRows = 100_000
    public var webhookRows = 50_000
    /// At once.
    public var recordings = 200
    public var listenings = 500
    public var recordingFileBytes = 1 << 30
    /// All files together.
    public var recordingDiskBytes = 10 << 30
    /// Recordings that wait to be written down.
    public var transcriptions = 100
}

public struct LogSection: Sendable, Equatable {
    public enum Level: String, Sendable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }
    public enum Format: String, Sendable, CaseIterable {
        case text, json
    }
    public var level = Level.info
    public var format = Format.text
}
