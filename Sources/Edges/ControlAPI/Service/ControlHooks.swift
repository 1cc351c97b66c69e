public import WireJSON

/// Whether the box does its work, and if not, why.
public struct HealthReport: Hashable, Sendable {
    /// Empty when all is well; each is one line that says what is wrong and how to mend it.
    public var reasons: [String]
    public var isReady: Bool { reasons.isEmpty }
    public init(reasons: [String] = []) { self.reasons = reasons }
}

/// What a reload of the configuration did.
public enum ReloadOutcome: Sendable {
    /// Paths of the keys that changed.
    case applied([String])
    /// Nothing was changed; `path` is `file:line: key` or the key alone.
    case refused([(path: String, reason: String)])
}

/// What the server asks of the daemon around it. All are called on any thread and must be quick, `reload` apart.
public struct ControlHooks: Sendable {
    public var health: @Sendable () -> HealthReport
    /// Prometheus text.
    public var metrics: @Sendable () -> String
    public var reload: @Sendable () async -> ReloadOutcome
    /// More members of `GET /control/status`: version, start time, addresses.
    public var details: @Sendable () -> JSONObject

    public init(
        health: @escaping @Sendable () -> HealthReport, metrics: @escaping @Sendable () -> String,
        reload: @escaping @Sendable () async -> ReloadOutcome,
        details: @escaping @Sendable () -> JSONObject = { JSONObject() }
    ) {
        self.health = health
        self.metrics = metrics
        self.reload = reload
        self.details = details
    }
}
