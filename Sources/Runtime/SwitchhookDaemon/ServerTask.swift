import ControlAPI
import Logging
import ServiceLifecycle
import Synchronization

/// Runs the HTTP server and tells when it listens or why it cannot.
final class ServerTask: Sendable {
    private struct State {
        var server: ControlServer?
        var group: ServiceGroup?
        var task: Task<Void, any Error>?
        var waiter: CheckedContinuation<Void, any Error>?
        var isListening = false
    }

    private let state = Mutex(State())
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    func use(_ server: ControlServer) { state.withLock { $0.server = server } }

    func listening() {
        let waiter = state.withLock { state in
            state.isListening = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns when the server listens.
    func start() async throws {
        guard let server = state.withLock({ $0.server }) else { return }
        let group = ServiceGroup(configuration: .init(services: [.init(service: server)], logger: logger))
        let task = Task {
            do {
                try await group.run()
            } catch {
                let waiter = state.withLock { state in
                    defer { state.waiter = nil }
                    return state.waiter
                }
                waiter?.resume(throwing: error)
                throw error
            }
        }
        state.withLock {
            $0.group = group
            $0.task = task
        }
        try await withCheckedThrowingContinuation { continuation in
            let isListening = state.withLock { state in
                if !state.isListening { state.waiter = continuation }
                return state.isListening
            }
            if isListening { continuation.resume() }
        }
    }

    func stop() async {
        let (group, task) = state.withLock { ($0.group, $0.task) }
        await group?.triggerGracefulShutdown()
        do {
            try await task?.value
        } catch {
            logger.warning("HTTP server ended with an error", metadata: ["error": "\(error)"])
        }
    }
}
