import Dispatch
import Foundation

/// Calls a function at SIGINT or SIGTERM instead of ending the process, until stopped.
final class Interrupt {
    private let sources: [any DispatchSourceSignal]
    private static let signals = [SIGINT, SIGTERM]

    init(_ act: @escaping @Sendable () -> Void) {
        sources = Self.signals.map { number in
            // The source sees the signal only when the default action is off.
            _ = signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler(handler: act)
            source.resume()
            return source
        }
    }

    func stop() {
        for source in sources { source.cancel() }
        for number in Self.signals { _ = signal(number, SIG_DFL) }
    }
}
