/// Settings of the HTTP side of the box.
public struct ControlAPIConfiguration: Sendable {
    public var host: String
    /// 0: any free port, told by `onReady`.
    public var port: Int
    /// PEM files; both or none.
    public var certificateFile: String?
    public var privateKeyFile: String?
    /// Start of absolute links, without a slash at the end; nil: from the request's Host header.
    public var publicBaseURL: String?
    /// Path of the control socket; nil: none.
    public var controlSocket: String?
    /// Folder of recorded files.
    public var filesFolder = "."
    /// Largest request body, bytes.
    public var bodyLimitBytes = 256 * 1024
    /// Largest `page_size`.
    public var pageLimit = 100
    /// New calls and other Voice API requests of one application in a second; zero: no limit.
    public var callsPerSecond = 0
    public var requestsPerSecond = 0
    /// A connection with no request for this long is closed.
    public var idleTimeout = Duration.seconds(60)
    /// A request whose body has not come in this time is closed.
    public var bodyTimeout = Duration.seconds(30)
    /// Open connections; more wait in the backlog.
    public var connectionLimit = 1024
    /// Live sessions in all.
    public var sessionLimit = 256
    /// Live sessions of one user (or of one application's own tokens).
    public var sessionsPerUser = 16
    /// Between two pings of a live session. It is closed when nothing came back for two and a half of them.
    public var heartbeat = Duration.seconds(30)
    /// For the first message of a WebSocket that brought no token (contract README 23).
    public var tokenDeadline = Duration.seconds(5)

    public init(host: String = "127.0.0.1", port: Int = 8080) {
        self.host = host
        self.port = port
    }
}
