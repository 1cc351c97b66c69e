import HTTPFetch

/// Why an attempt failed, in the words that a fallback request carries (voice-webhooks §6; the dot belongs to them).
enum FailureReason: String, Sendable {
    case closed = "Connection closed."
    case reset = "Connection reset."
    case timeout = "Socket timeout."
    case invalidNCCO = "Invalid NCCO."
    case invalidCode = "Invalid response code."

    /// The list has no word for a refused connection, a bad name or a bad certificate: no connection is a closed one.
    init(_ fault: FetchFault) {
        switch fault.code {
        case .connectTimeout, .socketTimeout: self = .timeout
        case .reset: self = .reset
        case .tooLarge: self = .invalidNCCO
        case .badResponse: self = .invalidCode
        case .refused, .unreachable, .unresolvable, .closed, .policyDenied, .badURL, .tls, .cancelled: self = .closed
        }
    }
}

extension FetchFault {
    /// Whether the same URL may do better a moment later (voice-webhooks §6: closed, reset, refused, timeout).
    var isTransient: Bool {
        switch code {
        case .refused, .closed, .reset, .connectTimeout, .socketTimeout, .unreachable, .unresolvable: true
        case .tooLarge, .policyDenied, .badURL, .badResponse, .tls, .cancelled: false
        }
    }
}
