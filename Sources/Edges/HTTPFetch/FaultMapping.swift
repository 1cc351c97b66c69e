import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

extension FetchFault {
    /// What an error of async-http-client and NIO means to the caller.
    init(_ error: any Error) {
        switch error {
        case let fault as FetchFault: self = fault
        case let error as HTTPClientError: self.init(clientError: error)
        case let error as NIOConnectionError: self.init(connectionError: error)
        case let error as IOError: self.init(errno: error.errnoCode, "\(error)")
        case let error as ChannelError:
            switch error {
            case .connectTimeout: self.init(.connectTimeout, "no connection in time")
            default: self.init(.closed, "\(error)")
            }
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: self.init(.tls, "\(error)")
        case is HTTPParserError: self.init(.badResponse, "\(error)")
        case is CancellationError: self.init(.cancelled, "")
        default: self.init(.closed, "\(error)")
        }
    }

    private init(clientError error: HTTPClientError) {
        switch error {
        case .connectTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout:
            self.init(.connectTimeout, error.shortDescription)
        case .deadlineExceeded, .readTimeout, .writeTimeout: self.init(.socketTimeout, error.shortDescription)
        case .cancelled, .alreadyShutdown: self.init(.cancelled, error.shortDescription)
        case .invalidURL, .emptyHost, .emptyScheme: self.init(.badURL, error.shortDescription)
        case .remoteConnectionClosed: self.init(.closed, error.shortDescription)
        default: self.init(.badResponse, error.shortDescription)
        }
    }

    private init(connectionError error: NIOConnectionError) {
        guard let first = error.connectionErrors.first else {
            self.init(.unresolvable, error.host)
            return
        }
        if let io = first.error as? IOError {
            self.init(errno: io.errnoCode, "\(error.host):\(error.port)")
        } else if case .connectTimeout? = first.error as? ChannelError {
            self.init(.connectTimeout, "\(error.host):\(error.port)")
        } else {
            self.init(.unreachable, "\(error.host):\(error.port): \(first.error)")
        }
    }

    private init(errno: CInt, _ detail: String) {
        switch errno {
        case ECONNREFUSED: self.init(.refused, detail)
        case ECONNRESET, EPIPE: self.init(.reset, detail)
        case ENETUNREACH, EHOSTUNREACH, EHOSTDOWN, ENETDOWN: self.init(.unreachable, detail)
        case ETIMEDOUT: self.init(.connectTimeout, detail)
        default: self.init(.closed, detail)
        }
    }
}
