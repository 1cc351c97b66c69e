/// How notifications are delivered (contract README 9 and rtc-webhooks.md).
public struct DeliverySettings: Hashable, Sendable {
    /// `webhooks.retry`
    public enum Retry: String, Hashable, Sendable, CaseIterable {
        /// 1, 2, 4 … 60 s for 24 h, across restarts.
        case durable
        /// Two attempts, then dropped (voice-webhooks §6).
        case cloud
    }
    public var retry = Retry.durable
    /// Requests of each stream in flight to one host, `webhooks.connections_per_host`.
    public var connectionsPerHost = 64
    /// Rows of one Application kept in memory; what comes beyond waits in the log.
    public var window = 1024
    /// Rows of one Application that wait for a later attempt; beyond, a row is given up.
    public var parkedRows = 50_000
    /// `iss` of the signature.
    public var issuer = "Vonage"

    /// A notification holds its Conversation's queue for so many attempts …
    var heldAttempts = 3
    /// … or so long, whichever comes first.
    var hold = Duration.seconds(7)
    /// Of an attempt after the first, while it holds its queue.
    var laterAttemptLimit = Duration.seconds(2)
    var firstDelay = Duration.seconds(1)
    var longestDelay = Duration.seconds(60)
    var giveUpAfter = Duration.seconds(86_400)
    /// Attempts of parked rows in flight for one Application, so that a dead receiver's debts starve nobody.
    var retriesInFlight = 16
    /// How long a request on the call's own path may be under way before its row counts as done.
    var askedExpiry = Duration.seconds(60)

    /// How long a request of the call's own path waits for its leg's rows to be committed: it must not hang on a slow
    /// disk.
    var commitWait = Duration.milliseconds(50)
    /// How long it waits for their first attempt (contract README 10).
    var notificationWait = Duration.milliseconds(500)

    public init() {}

    /// Wait before the attempt that follows `attempts` failed ones.
    func delay(after attempts: Int) -> Duration {
        min(longestDelay, firstDelay * (1 << min(20, max(0, attempts - 1))))
    }
}
