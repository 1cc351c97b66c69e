import CallModel
import EdgeProtocols
import HTTPTypes
import WireJSON

/// `/health`, `/metrics` and the console page.
struct ServiceRoutes: Sendable {
    let status: any RuntimeStatus
    let hooks: ControlHooks

    var routes: [Route] {
        [
            Route(.get, "/health", .open) { _ in
                let report = hooks.health()
                let snapshot = status.snapshot()
                return .json(
                    [
                        "status": report.isReady ? "ok" : "unavailable",
                        "reasons": .array(report.reasons.map { .string($0) }),
                        "draining": .bool(snapshot.draining), "conversations": JSON(snapshot.conversations),
                        "calls": JSON(snapshot.calls), "legs": Self.legs(snapshot),
                    ], status: report.isReady ? .ok : .serviceUnavailable)
            },
            Route(.get, "/metrics", .open) { _ in .text(hooks.metrics(), type: PrometheusRegistry.contentType) },
            Route(.get, "/", .open) { _ in
                var reply = APIReply.text(ConsolePage.html, type: "text/html; charset=utf-8")
                reply.headers[.contentSecurityPolicy] = ConsolePage.policy
                reply.headers[.xContentTypeOptions] = "nosniff"
                return reply
            },
        ]
    }

    /// Legs by state, states without legs left out.
    static func legs(_ snapshot: RuntimeSnapshot) -> JSON {
        .object(
            JSONObject(
                LegStatus.allCases.compactMap { state in
                    snapshot.legsByState[state].map { (state.rawValue, JSON($0)) }
                }))
    }
}
