import AudioGraph
public import CallModel
public import EdgeProtocols

internal import Glibc
internal import Synchronization

/// Prompts to legs and conversations.
extension MediaEngine {
    public func play(_ clip: PCMClip, as id: PlayID, to target: PlayTarget, loop: Int, gainDecibels: Double) {
        guard let rate = state.withLock({ $0.rate(of: target, for: clip) }) else { return }
        // Converting can take milliseconds: outside the mutex.
        let memory = clips.memory(of: clip, rate: rate)
        state.withLock { state in
            guard state.isRunning, state.plays[id] == nil else { return }
            var leg: LegRecord?
            var mix: MixRecord?
            switch target {
            case .leg(let name):
                guard let record = state.legs[name] else { return }
                leg = record
                if let change = record.equip() { state.send(change, to: record) }
            case .conversation(let name):
                mix = state.mix(of: name, near: nil)
            }
            let serial = state.makeSerial()
            let gain = Int32(max(0, min(64, pow(10, gainDecibels / 20))) * 4096)
            let block = PlayerPointer.allocate(capacity: 1)
            unsafe block.initialize(
                to: PlayerBlock(
                    player: ClipPlayer(
                        samples: memory.samples, count: memory.count, rate: memory.rate, loops: loop, gain: gain),
                    serial: serial, leg: leg?.block, mix: mix?.block))
            let play = unsafe PlayRecord(id: id, serial: serial, clip: memory, block: block, leg: leg, mix: mix)
            state.plays[id] = play
            state.playsBySerial[serial] = play
            mix?.plays += 1
            state.send(.play, play)
        }
    }

    public func stopPlaying(_ id: PlayID) {
        state.withLock { state in
            guard let play = state.plays.removeValue(forKey: id) else { return }
            play.isStopping = true
            state.send(.stop, play)
        }
    }
}

extension EngineState {
    /// Rate at which a clip for the target is best kept, once Opus runs at a rate that loses nothing of it; nil: there is
    /// no such leg.
    func rate(of target: PlayTarget, for clip: PCMClip) -> Int? {
        switch target {
        case .leg(let name):
            guard let leg = legs[name] else { return nil }
            if leg.rate < min(clip.sampleRate, leg.fullRate), let mix = leg.mix { equip(mix, floor: clip.sampleRate) }
            return leg.rate
        case .conversation(let name):
            guard let mix = mixes[name] else { return 8000 }
            if mix.rate < clip.sampleRate { equip(mix, floor: clip.sampleRate) }
            return mix.rate
        }
    }

    func send(_ command: WorkerCommand, _ play: PlayRecord) {
        let pointer = unsafe UnsafeMutableRawPointer(play.block)
        if let leg = play.leg {
            unsafe send(command, to: leg, pointer)
        } else if let mix = play.mix {
            unsafe workers[mix.worker].send(command, pointer)
        }
    }
}
