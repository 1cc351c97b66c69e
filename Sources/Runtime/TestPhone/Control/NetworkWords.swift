import NIOCore
import NIOPosix

/// A network error as people say it: `Connection refused`.
func networkWords(_ error: any Error) -> String {
    switch error {
    case let failure as IOError: systemWords(failure.errnoCode)
    case let failure as NIOConnectionError where failure.dnsAError != nil && failure.dnsAAAAError != nil:
        "the name \(failure.host) cannot be resolved"
    case let failure as NIOConnectionError:
        failure.connectionErrors.first.map { networkWords($0.error) } ?? "\(failure)"
    case ChannelError.connectTimeout: "no answer"
    default: "\(error)"
    }
}
