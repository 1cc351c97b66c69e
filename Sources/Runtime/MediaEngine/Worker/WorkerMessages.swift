import Rings

/// What control asks of a worker, in order: kinds of `RingMessage`.
enum WorkerCommand: UInt32 {
    /// pointer: leg; first: mix it joins, 0 its lobby.
    case adopt = 1
    /// pointer: leg; first: 1 when it has ended. Answered by `released` or `ended` once nothing of it is in use.
    case release
    /// pointer: leg; first: mix of the same worker, 0 its lobby.
    case join
    /// pointer: mix without members and players. Answered by `closed`.
    case close
    /// pointer: leg; first: `LegChange`. Answered by `changed`.
    case change
    /// pointer: player, which names its target.
    case play
    /// pointer: player. Answered by `stopped`, also when it had ended.
    case stop
    /// pointer: tap, which names its source.
    case tap
    /// pointer: tap. Answered by `untapped`.
    case untap
    case quit
    /// pointer: mix; first: `BusConverters`, which replace those it has.
    case equip
    /// pointer: mix; first: 1 when its members' speaking is told from now on, 0 when it is not.
    case tellSpeech

    // Synthesised members are out of reach of the real-time check in other files.
    @_noLocks static func of(_ message: RingMessage) -> WorkerCommand? { WorkerCommand(rawValue: message.kind) }
}

/// What a worker tells control.
enum WorkerReport: UInt32 {
    /// pointer: leg, now control's, to be given to another worker.
    case released = 1
    /// pointer: leg, now control's, to be freed.
    case ended
    /// pointer: mix, now control's.
    case closed
    /// pointer: `LegChange`, now control's.
    case changed
    /// pointer: player that ended by itself; control's unless a stop for it is under way.
    case played
    /// pointer: player, now control's.
    case stopped
    /// pointer: tap, now control's.
    case untapped
    /// first: serial of the leg; second: instant in nanoseconds.
    case firstAudio
    /// first: serial; second: ASCII; third: milliseconds.
    case digit
    /// first: serial.
    case timedOut
    /// first: serial. A key is down; `digit` follows when it is let go.
    case keyDown
    /// first: serial; second: 1 when it has begun to speak, 0 when it has ended.
    case speaking

    /// Somebody waits for it: control is woken at once. Memory that is merely free waits for company, a second at most.
    var isUrgent: Bool {
        @_noLocks get {
            switch self {
            case .released, .played, .untapped, .firstAudio, .digit, .timedOut, .keyDown, .speaking: true
            case .ended, .closed, .changed, .stopped: false
            }
        }
    }

    var code: UInt32 {
        @_noLocks get { rawValue }
    }
}
