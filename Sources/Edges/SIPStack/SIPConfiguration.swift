public import CallModel

/// What the SIP edge listens on and calls out with.
public struct SIPConfiguration: Hashable, Sendable {
    /// Numeric addresses; each gets UDP, TCP and TLS.
    public var hosts: [String]
    /// UDP and TCP; 0 picks a free port.
    public var port: UInt16
    /// Transports of `port`.
    public var listensOnUDP: Bool
    public var listensOnTCP: Bool
    /// Nil: no TLS listener; calls out over TLS need none.
    public var tls: TLS?
    /// PEM file of the authorities that servers called over TLS are checked against; nil: the system's.
    public var authoritiesPath: String?
    /// Host of Contact and From when the bound address is not what peers reach. With `0.0.0.0` or `::` and nil here
    /// it is the address of the default route.
    public var advertisedHost: String?
    public var userAgent: String
    public var trunks: [Trunk]
    /// RFC 3261 T1, milliseconds; timer B is 64 of it. 500 outside tests.
    public var timerT1Milliseconds: Int
    /// Session-Expires we ask for, seconds; 0 turns session timers off (RFC 4028).
    public var sessionExpirySeconds: Int
    /// Min-SE, seconds; 90 outside tests.
    public var minimumSessionExpirySeconds: Int
    /// Unanswered inbound calls above which new ones get 503.
    public var maxPendingInvites: Int
    /// New inbound calls get 503 while calls into the edge wait longer than this for the SIP thread.
    public var maxLag: Duration
    public var shedRetryAfterSeconds: Int

    /// Port and certificate of SIP over TLS. Certificates of clients are never asked for.
    public struct TLS: Hashable, Sendable {
        /// 0 picks a free port.
        public var port: UInt16
        /// PEM files; the key may be in the certificate's file (then name that twice). The key must not be encrypted.
        public var certificatePath: String
        public var keyPath: String

        public init(port: UInt16 = 5061, certificatePath: String, keyPath: String) {
            self.port = port
            self.certificatePath = certificatePath
            self.keyPath = keyPath
        }
    }

    public init(
        hosts: [String] = ["127.0.0.1"], port: UInt16 = 5060, tls: TLS? = nil, advertisedHost: String? = nil,
        userAgent: String = "Switchhook", trunks: [Trunk] = []
    ) {
        self.hosts = hosts
        self.port = port
        listensOnUDP = true
        listensOnTCP = true
        self.tls = tls
        self.advertisedHost = advertisedHost
        self.userAgent = userAgent
        self.trunks = trunks
        timerT1Milliseconds = 500
        sessionExpirySeconds = 1800
        minimumSessionExpirySeconds = 90
        maxPendingInvites = 1000
        maxLag = .milliseconds(500)
        shedRetryAfterSeconds = 5
    }
}
