public import EdgeProtocols
import Foundation
public import Logging
import Synchronization

/// Turns what callers say into words, with the embedded engine or a command of the owner's.
///
/// - Threading: any thread; each engine runs on a thread of its own, made when it is needed and kept for a minute.
///   Utterances wait in order while all are busy.
/// - Fails with: `SpeechFault` in the utterance's answer.
public final class SpeechRecogniser: SpeechRecognising {
    public struct Settings: Sendable {
        /// Folder of the embedded engine's model.
        public var model = "/usr/share/pocketsphinx/model/en-us"
        /// Program and arguments of an external engine; empty: the embedded one.
        public var command: [String] = []
        /// Utterances recognised at the same time.
        public var enginesAtOnce = 2
        /// Of the engines' threads: 0 to 19, the higher the longer they wait for others (setpriority(2)).
        public var niceness: Int32 = 0
        public init() {}
    }

    /// The model of an engine that nobody has needed for so long is given back, seconds.
    private static let idleSeconds = 60

    private struct State {
        var waiting: [Utterance] = []
        var engines = 0
        var idle = 0
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
        let arrived = DispatchSemaphore(value: 0)
    }

    private let settings: Settings
    private let log: Logger
    private let shared = Shared()

    public init(settings: Settings = Settings(), log: Logger) {
        self.settings = settings
        self.log = log
    }

    public func begin(
        language: String, context: [String], wantsSentiment: Bool,
        done: @escaping @Sendable (Result<[SpeechReading], SpeechFault>) -> Void
    ) -> any SpeechUtterance {
        let utterance = Utterance(language: language, context: context, wantsSentiment: wantsSentiment, done: done)
        let isShort = shared.state.withLock { state in
            state.waiting.append(utterance)
            guard state.idle < state.waiting.count, state.engines < settings.enginesAtOnce else { return false }
            state.engines += 1
            return true
        }
        if isShort { startEngine() }
        shared.arrived.signal()
        return utterance
    }

    private func startEngine() {
        let (shared, settings, log) = (shared, settings, log)
        let thread = Thread {
            // Refused nowhere: a thread may always lower itself, and a command that it runs inherits that.
            if settings.niceness > 0 {
                _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, settings.niceness)
            }
            Self.serve(shared, settings, log)
        }
        thread.name = "speech"
        thread.stackSize = 2 << 20
        thread.start()
    }

    /// The life of an engine's thread.
    private static func serve(_ shared: Shared, _ settings: Settings, _ log: Logger) {
        if !settings.command.isEmpty {
            let engine = CommandEngine(command: settings.command)
            while let utterance = next(shared) {
                answer(utterance) { () throws(SpeechFault) in try engine.hear(utterance) }
            }
            return
        }
        do throws(SpeechFault) {
            let engine = try EmbeddedEngine(model: settings.model, log: log)
            while let utterance = next(shared) {
                answer(utterance) { () throws(SpeechFault) in try engine.hear(utterance) }
            }
        } catch {
            log.error("speech cannot be recognised", metadata: ["reason": "\(error.reason)"])
            let waiting = shared.state.withLock { state in
                state.engines -= 1
                defer { state.waiting = [] }
                return state.waiting
            }
            for utterance in waiting { utterance.settle(.failure(error)) }
        }
    }

    private static func answer(_ utterance: Utterance, _ work: () throws(SpeechFault) -> [SpeechReading]) {
        do throws(SpeechFault) {
            utterance.settle(.success(try work()))
        } catch {
            utterance.settle(.failure(error))
        }
    }

    /// Nil when nobody has come for a while: the thread ends.
    private static func next(_ shared: Shared) -> Utterance? {
        shared.state.withLock { $0.idle += 1 }
        while true {
            let outcome = shared.arrived.wait(timeout: .now() + .seconds(idleSeconds))
            let (utterance, mayEnd) = shared.state.withLock { state -> (Utterance?, Bool) in
                if !state.waiting.isEmpty {
                    state.idle -= 1
                    return (state.waiting.removeFirst(), false)
                }
                guard outcome == .timedOut else { return (nil, false) }
                state.idle -= 1
                state.engines -= 1
                return (nil, true)
            }
            if let utterance { return utterance }
            if mayEnd { return nil }
        }
    }
}
