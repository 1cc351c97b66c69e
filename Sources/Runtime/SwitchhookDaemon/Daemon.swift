import CallControl
import CallModel
public import ConfigFile
import ControlAPI
import ConversationRuntime
import EdgeProtocols
import EventStore
import HTTPFetch
import Glibc
import Logging
import MediaEngine
import MediaTime
import Metrics
import PromptAudio
import SIPStack
import ServiceLifecycle
import WebhookClient
import WireJSON

/// Why the daemon cannot start: one line that says what and how to mend it.
public struct DaemonFault: Error, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}

/// The whole box: composition of edges and runtime, start, reload, drain.
///
/// - Reference: design §5, "Exit and signals".
public struct Daemon {
    /// Reads the configuration anew, for SIGHUP and `POST /control/reload`.
    public typealias Loader = @Sendable () throws(ConfigFaults) -> SwitchhookConfiguration

    private let configuration: SwitchhookConfiguration
    private let load: Loader

    public init(configuration: SwitchhookConfiguration, load: @escaping Loader) {
        self.configuration = configuration
        self.load = load
    }

    /// Runs until SIGTERM has been drained.
    public func run() async throws(DaemonFault) {
        let started = SystemTimeSource().now
        let signals = ProcessSignal.stream()
        let registry = PrometheusRegistry()
        MetricsSystem.bootstrap(registry)
        let box: Box
        do {
            box = try Box(configuration, load: load, registry: registry)
            try await box.start()
        } catch {
            throw DaemonFault("\(error)")
        }
        box.logger.notice(
            "ready",
            metadata: [
                "sip": "\(configuration.sip.listen)", "http": "\(configuration.http.listen)",
                "state": .string(configuration.store.path),
                "after-ms": "\((SystemTimeSource().now - started).wholeMilliseconds)",
            ])
        var drain: Task<Void, Never>?
        for await signal in signals {
            switch signal {
            case .reload: await box.reload()
            case .terminate:
                // The second one ends at once: what is committed is safe at any instant.
                if drain != nil { exit(0) }
                drain = Task {
                    await box.stop()
                    exit(0)
                }
            }
        }
    }
}
