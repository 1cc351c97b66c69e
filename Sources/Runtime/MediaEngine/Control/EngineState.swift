import CallModel
import Rings

/// All that control knows, under one mutex.
struct EngineState {
    var workers: [WorkerHandle] = []
    var legs: [LegID: LegRecord] = [:]
    /// Legs that reports may still name, the closing ones too.
    var bySerial: [UInt64: LegRecord] = [:]
    var mixes: [ConversationID: MixRecord] = [:]
    /// Mixes whose memory a worker still has.
    var closingMixes: [UInt: MixRecord] = [:]
    var plays: [PlayID: PlayRecord] = [:]
    var playsBySerial: [UInt64: PlayRecord] = [:]
    var taps: [TapName: TapRecord] = [:]
    /// Those that are being ended too.
    var tapsBySerial: [UInt64: TapRecord] = [:]
    /// Where it is told who speaks.
    var watched: Set<ConversationID> = []
    var lastSerial: UInt64 = 0
    var isRunning = false

    mutating func makeSerial() -> UInt64 {
        lastSerial += 1
        return lastSerial
    }

    /// What the busiest worker gives up.
    var shedding: LoadShedder.Stage {
        workers.map(\.stage).max { $0.rawValue < $1.rawValue } ?? .none
    }

    /// Of the workers that are not busy the one with the fewest legs; `preferred` when it has hardly more.
    func place(preferring preferred: Int? = nil) -> Int {
        let idle = workers.indices.filter { !workers[$0].isBusy }
        let choice = idle.isEmpty ? Array(workers.indices) : idle
        let least = choice.min { workers[$0].load < workers[$1].load } ?? 0
        if let preferred, choice.contains(preferred), workers[preferred].load <= workers[least].load * 2 + 8 {
            return preferred
        }
        return least
    }

    func send(_ command: WorkerCommand, to leg: LegRecord, _ pointer: UnsafeMutableRawPointer, _ first: Int64 = 0) {
        var message = RingMessage(kind: command.rawValue, tag: 0, first: first, second: 0, third: 0)
        unsafe message.pointer = pointer
        switch leg.place {
        case .onWorker: workers[leg.worker].send(message)
        case .unborn, .moving: leg.pending.append(message)
        }
    }

    /// Sends a change in a box of its own; what no worker has seen yet is changed in place.
    func send(_ change: LegChange, to leg: LegRecord) {
        if leg.place == .unborn {
            if let settings = change.settings { unsafe leg.block.pointee.apply(settings) }
            if let codec = change.codec { unsafe leg.block.pointee.retune(to: codec) }
            if let equipment = change.equipment { unsafe leg.block.pointee.equip(equipment) }
            if let rights = change.rights { unsafe leg.block.pointee.rights = rights }
            change.retired.free()
            return
        }
        let box = UnsafeMutablePointer<LegChange>.allocate(capacity: 1)
        unsafe box.initialize(to: change)
        unsafe send(.change, to: leg, UnsafeMutableRawPointer(leg.block), Int64(Int(bitPattern: box)))
    }

    // MARK: - Membership

    /// Puts a leg into a mix, or into its lobby.
    mutating func move(_ leg: LegRecord, to mix: MixRecord?) {
        let old = leg.mix
        if old === mix { return }
        old?.members[leg.serial] = nil
        leg.mix = mix
        mix?.members[leg.serial] = leg
        let target = mix?.worker ?? leg.worker
        switch leg.place {
        case .unborn, .moving:
            moveLoad(leg, to: target)
        case .onWorker where target == leg.worker:
            let bits = mix.map { unsafe Int64(Int(bitPattern: $0.block)) } ?? 0
            unsafe send(.join, to: leg, UnsafeMutableRawPointer(leg.block), bits)
        case .onWorker:
            unsafe send(.release, to: leg, UnsafeMutableRawPointer(leg.block))
            leg.place = .moving
            moveLoad(leg, to: target)
        }
        if let old { closeIfUnused(old) }
    }

    private func moveLoad(_ leg: LegRecord, to worker: Int) {
        workers[leg.worker].load -= 1
        leg.worker = worker
        workers[worker].load += 1
    }

    /// A mix without members, prompts and recordings is given up.
    mutating func closeIfUnused(_ mix: MixRecord) {
        guard mix.members.isEmpty, mix.plays == 0, mix.taps == 0, mixes[mix.id] === mix else { return }
        mixes[mix.id] = nil
        unsafe closingMixes[UInt(bitPattern: mix.block)] = mix
        unsafe workers[mix.worker].send(.close, UnsafeMutableRawPointer(mix.block))
    }

    /// Hands a leg over to its worker, the commands that waited first.
    func adopt(_ leg: LegRecord) {
        leg.place = .onWorker
        for message in leg.pending { workers[leg.worker].send(message) }
        leg.pending = []
        let mix = unsafe leg.mix.map { unsafe UnsafeMutableRawPointer($0.block) }
        unsafe workers[leg.worker].send(.adopt, UnsafeMutableRawPointer(leg.block), mix)
    }

    /// Forgets a prompt whose player is back.
    mutating func forget(_ play: PlayRecord) {
        playsBySerial[play.serial] = nil
        if plays[play.id] === play { plays[play.id] = nil }
        unsafe play.block.deallocate()
        guard let mix = play.mix else { return }
        mix.plays -= 1
        closeIfUnused(mix)
    }
}
