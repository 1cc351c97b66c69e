public import CallControl
public import EdgeProtocols
public import Logging
public import MediaTime

/// The edges a switchboard drives; fakes in tests.
public struct RuntimeEdges: Sendable {
    public var signalling: any Signalling
    public var media: any MediaControl
    public var sockets: any SocketDialing
    public var log: any EventLog
    public var prompts: any PromptLoading
    public var transcriber: any Transcribing
    public var scripts: any ScriptAsking
    public var clients: any ClientTelling
    public var time: any TimeSource
    public var logger: Logger

    public init(
        signalling: any Signalling, media: any MediaControl, sockets: any SocketDialing, log: any EventLog,
        prompts: any PromptLoading, transcriber: any Transcribing, scripts: any ScriptAsking,
        clients: any ClientTelling, time: any TimeSource, logger: Logger
    ) {
        self.signalling = signalling
        self.media = media
        self.sockets = sockets
        self.log = log
        self.prompts = prompts
        self.transcriber = transcriber
        self.scripts = scripts
        self.clients = clients
        self.time = time
        self.logger = logger
    }
}

/// Settings of the switchboard that a reload may change.
public struct RuntimeSettings: Sendable {
    public var calls = CallSettings()
    /// Inbound calls at once; more get 503 with Retry-After.
    public var maximumCalls = 1000
    public var retryAfterSeconds = 5
    /// Folder of recorded files, which exists.
    public var filesFolder = "."
    /// Of all files together; beyond it nothing is recorded.
    public var filesBytes: Int64 = .max
    public init() {}
}
