/// Why a live session ended.
package enum LiveEnd: String, Sendable {
    /// The peer closed or went away.
    case peerGone = "peer_gone"
    /// Too much unsent: the client resumes from its position (contract README 23).
    case behind
    case expiredToken = "expired_token"
    case shuttingDown = "shutting_down"
    /// Nothing heard for too long.
    case idle
    /// The log could not be read.
    case failed
    case noToken = "no_token"
    case invalidToken = "invalid_token"
    case forbidden
    case tooManySessions = "too_many_sessions"
    case badMessage = "bad_message"

    /// WebSocket close code (RFC 6455 §7.4; 4000 and up are ours).
    package var closeCode: UInt16 {
        switch self {
        case .peerGone: 1000
        case .shuttingDown: 1001
        case .failed: 1011
        case .badMessage: 4400
        case .invalidToken, .expiredToken: 4401
        case .forbidden: 4403
        case .noToken, .idle: 4408
        case .behind: 4413
        case .tooManySessions: 4429
        }
    }
}
