import LiveLink
import MediaTime
import WireJSON

/// Who may open a live session.
struct LiveGate: Sendable {
    let tokens: any CallerVerifying
    let hub: LiveHub
    let clock: any TimeSource

    /// Path that a user's access rules must admit (auth §3, contract README 23).
    static let accessPath = "/v1/sessions"

    /// Clocks may disagree by this much, here as where the token is verified (auth §1).
    private static let skewMilliseconds: Int64 = 60_000

    /// When a session must have a newer token.
    static func end(of caller: Caller) -> WallTime {
        WallTime(milliseconds: caller.expires.milliseconds + skewMilliseconds)
    }

    /// Verifies a token and whether it admits sessions.
    func admit(token: String) async throws(LiveDenial) -> Caller {
        let caller: Caller
        do { caller = try await tokens.caller(bearer: token, at: clock.wallNow) } catch {
            throw LiveDenial(end: .invalidToken, detail: error.reason)
        }
        guard caller.allows("GET", Self.accessPath, []) else {
            throw LiveDenial(end: .forbidden, detail: "the token's access rules do not admit \(Self.accessPath)")
        }
        return caller
    }

    /// A position as clients write it: a whole number from 0. Nil when absent.
    static func position(_ text: String?) throws(LiveDenial) -> Int64? {
        guard let text else { return nil }
        guard let position = Int64(text), position >= 0 else {
            throw LiveDenial(end: .badMessage, detail: "since is not a position")
        }
        return position
    }

    func open(_ caller: Caller, since: Int64?) async throws(LiveDenial) -> LiveSession {
        do {
            return try await hub.open(application: caller.application, user: caller.user, since: since)
        } catch let refusal as LiveRefusal {
            switch refusal.code {
            case .tooManySessions: throw LiveDenial(end: .tooManySessions, detail: refusal.detail)
            case .shuttingDown: throw LiveDenial(end: .shuttingDown, detail: refusal.detail)
            }
        } catch {
            throw LiveDenial(end: .failed, detail: "\(error)")
        }
    }
}

/// Why a session was not opened.
struct LiveDenial: Error, Sendable {
    var end: LiveEnd
    var detail: String

    /// The same as an HTTP answer.
    var problem: Problem {
        switch end {
        case .invalidToken, .expiredToken, .noToken: .unauthorized(detail)
        case .forbidden: .forbidden("This token does not admit client sessions")
        case .tooManySessions: .tooMany(detail)
        case .shuttingDown: .unavailable(detail)
        case .badMessage: .invalid("since", detail)
        case .peerGone, .behind, .idle, .failed: .internalError(detail)
        }
    }
}
