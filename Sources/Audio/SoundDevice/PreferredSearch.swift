internal import Dispatch
import Synchronization

/// Looks for a PCM that is preferred to the one in use, away from the device's thread: opening may hang on a sound
/// server, and what is playing must not wait for it.
///
/// - Threading: `take`, `begin` and `end` by the device's thread; the search runs on a queue.
final class PreferredSearch: Sendable {
    private struct State {
        var isRunning = false
        var isOver = false
        var found: (stream: PCMStream, name: String)?
    }

    private let state = Mutex(State())

    /// Tries names in order, unless a search is on its way.
    func begin(_ names: [String], _ direction: SoundDirection, _ configuration: SoundDeviceConfiguration) {
        let isFirst = state.withLock { state in
            if state.isRunning || state.isOver { return false }
            state.isRunning = true
            return true
        }
        if !isFirst { return }
        DispatchQueue.global().async { [self] in
            let outcome = DeviceOpening.openFirst(names, direction, configuration)
            if case .opened(let stream, let name) = outcome {
                // What cannot be set was told when the device was opened.
                _ = CardMixer.set(configuration.mixer, of: stream, name)
                put((stream, name))
            } else {
                put(nil)
            }
        }
    }

    /// What was found, which is the caller's from now on.
    func take() -> (stream: PCMStream, name: String)? { state.withLock { $0.found.take() } }

    /// Nothing is looked for any more; what is found yet is closed.
    func end() {
        let found = state.withLock { state in
            state.isOver = true
            return state.found.take()
        }
        found?.stream.close()
    }

    private func put(_ found: (stream: PCMStream, name: String)?) {
        let unwanted = state.withLock { state -> PCMStream? in
            state.isRunning = false
            if state.isOver { return found?.stream }
            state.found = found
            return nil
        }
        unwanted?.close()
    }
}
