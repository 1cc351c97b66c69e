import Dispatch
import Glibc

/// SIGTERM, SIGINT and SIGHUP as a stream.
enum ProcessSignal: Sendable {
    case terminate
    case reload

    static func stream() -> AsyncStream<ProcessSignal> {
        AsyncStream { continuation in
            let watched: [(Int32, ProcessSignal)] = [(SIGTERM, .terminate), (SIGINT, .terminate), (SIGHUP, .reload)]
            let sources = watched.map { number, meaning in
                // The default action would end the process before the source is told.
                _ = signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
                source.setEventHandler { continuation.yield(meaning) }
                source.resume()
                return source
            }
            // A peer that closes its socket is an error of the write, not the end of the process.
            _ = signal(SIGPIPE, SIG_IGN)
            nonisolated(unsafe) let kept = sources
            continuation.onTermination = { _ in for source in unsafe kept { source.cancel() } }
        }
    }
}
