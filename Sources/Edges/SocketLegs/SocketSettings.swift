/// How websocket legs behave; the defaults are the contract's (websocket-endpoint §5).
public struct SocketSettings: Sendable {
    /// Time between two pings.
    public var pingInterval = Duration.seconds(15)
    /// Pings without any sign of life after which the peer is taken for dead.
    public var missedPings = 2
    /// How long the peer may take to answer our Close.
    public var closeTimeout = Duration.seconds(2)

    public init() {}
}
