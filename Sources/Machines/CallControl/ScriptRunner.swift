import CallModel
import NCCO

/// Instruction pointer of one leg's call script (contract ncco §6: each leg has its own).
struct ScriptRunner: Sendable {
    /// What the script waits for.
    enum Step: Sendable {
        /// Nothing: the next action may run.
        case idle
        /// A first or replacing script.
        case script(AskID)
        /// A prompt that blocks.
        case prompt(PlayID)
        case connecting(LegID)
        /// A synchronous connect that was answered.
        case connected(LegID)
        case input(InputProgress)
        case asking(AskID)
        case waiting
        /// A recording that ends by a key or by silence.
        case recording(RecordingID)
        /// In a named room until the leg leaves it.
        case inRoom
        /// No action left; the leg lives on in a live conversation.
        case finished
    }

    var actions: [Action]
    var index = 0
    var step = Step.idle
    /// How the last connect of this script ended, for a caller that still rings (contract README 2).
    var lastConnect: LegEnding?
    /// The answered leg whose `human` or `machine` event is being asked with.
    var detected: LegID?

    init(actions: [Action]) { self.actions = actions }

    mutating func replace(with actions: [Action]) {
        self.actions = actions
        index = 0
        step = .idle
    }

    /// Runs these next, as prompts that nothing interrupts.
    mutating func putBack(_ prompts: [Action]) {
        let blocking = prompts.map { prompt -> Action in
            switch prompt {
            case .talk(var talk):
                talk.bargeIn = false
                return .talk(talk)
            case .stream(var stream):
                stream.bargeIn = false
                return .stream(stream)
            default: return prompt
            }
        }
        actions.replaceSubrange(..<index, with: blocking)
        index = 0
    }

    mutating func nextAction() -> Action? {
        guard index < actions.count else { return nil }
        defer { index += 1 }
        return actions[index]
    }
}

/// An `input` action on its way: keys and speech so far and the prompts it may interrupt (contract ncco §3.6 and §5).
struct InputProgress: Sendable {
    var input: Input
    var digits = ""
    /// Prompts of the barge-in run that have not started yet.
    var prompts: [Action] = []
    var playing: PlayID?
    /// Timers start after the prompts have ended or were interrupted.
    var isListening: Bool { playing == nil && prompts.isEmpty }
    /// No key came in time; speech may still.
    var keysTimedOut = false
    /// Set while the speech part is open.
    var speech: SpeechProgress?

    struct SpeechProgress: Sendable {
        let id: ListeningID
        /// The leg that is listened to.
        let leg: LegID
        /// Name of the saved sound.
        let file: FileID?
    }
}
