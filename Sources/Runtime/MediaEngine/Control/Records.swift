import CallModel
import EdgeProtocols
import RTPTransport
import Rings
import SDP
import VoiceCodecs

/// What control knows of a leg.
///
/// - Threading: every property is used under the engine's mutex only, but for constants.
@safe final class LegRecord: @unchecked Sendable {
    // Unchecked: guarded by the engine's mutex.
    enum Place {
        /// Control owns the block: no worker has seen it yet.
        case unborn
        /// The worker owns the block.
        case onWorker
        /// Released, not yet back; then `worker` adopts it.
        case moving
    }

    let id: LegID
    let serial: UInt64
    let block: LegPointer
    let counters: UnsafeMutablePointer<LegCounters>
    let sockets: LegSockets?
    let device: DeviceHandle?
    /// Keeps the rings of `block.port` alive.
    let port: AudioPort?
    let policy: MediaPolicy

    var place = Place.unborn
    /// Index of the worker that owns it or will.
    var worker: Int
    var isClosing = false
    /// Commands given while it moves.
    var pending: [RingMessage] = []
    /// The conversation it is in; nil: its lobby.
    var mix: MixRecord?

    // Agreement
    let sessionID: UInt64
    var version: UInt64 = 1
    var signalling: NetworkAddress?
    /// Our last description, which later ones must agree with.
    var description: SessionDescription?
    /// Set while an offer of ours waits for its answer.
    var offered: SessionDescription?
    var answerText: String?
    var agreement: MediaAgreement?

    // What the worker was given, to be freed by control
    var inbound: PacketProtection.Inbound?
    var outbound: PacketProtection.Outbound?
    var equipment = LegEquipment()
    /// How its Opus runs, if it has Opus.
    var opus = CodecKind.opus
    var canSpeak: KeyList?
    var canHear: KeyList?
    var audio: MemberAudio?

    init(
        id: LegID, serial: UInt64, block: LegPointer, counters: UnsafeMutablePointer<LegCounters>,
        sockets: LegSockets?, device: DeviceHandle?, port: AudioPort?, policy: MediaPolicy, worker: Int,
        sessionID: UInt64
    ) {
        self.id = id
        self.serial = serial
        unsafe self.block = block
        unsafe self.counters = counters
        self.sockets = sockets
        self.device = device
        self.port = port
        self.policy = policy
        self.worker = worker
        self.sessionID = sessionID
    }

    /// Sample rate of what it says and hears.
    var rate: Int { usesOpus ? opus.sampleRate : fullRate }

    var usesOpus: Bool { agreement?.codec == .opus }

    /// The rate that loses nothing of it.
    var fullRate: Int {
        if device != nil { return 48_000 }
        if let port { return BusRate.rate(at: BusRate.place(of: port.rate)) }
        return agreement.map { Agreements.codec($0.codec).sampleRate } ?? 8000
    }

    /// The block outlives this record's place among the legs, and what is told is an atomic.
    func tellEchoDelay() {
        guard let voice = unsafe block.pointee.voice, let delay = device?.echoDelay() else { return }
        voice.tell(echoDelay: delay)
    }

    /// Frees the block and all that hangs on it; the worker has handed it back.
    func free(closing ports: PortPool) {
        for message in pending {
            guard WorkerCommand(rawValue: message.kind) == .change,
                let box = unsafe UnsafeMutablePointer<LegChange>(bitPattern: Int(message.first))
            else { continue }
            unsafe box.pointee.retired.free()
            unsafe box.deallocate()
        }
        pending = []
        if let box = unsafe block.pointee.former.change {
            unsafe box.pointee.retired.free()
            unsafe box.deallocate()
        }
        inbound?.destroy()
        outbound?.destroy()
        equipment.free()
        canSpeak?.deallocate()
        canHear?.deallocate()
        unsafe MixBlock.deallocate(block.pointee.lobby)
        unsafe block.pointee.device?.deallocate()
        unsafe block.pointee.port?.deallocate()
        unsafe block.pointee.deallocate()
        unsafe block.deallocate()
        unsafe counters.deinitialize(count: 1)
        unsafe counters.deallocate()
        if let sockets { ports.close(sockets) }
        device?.close()
    }
}

/// What control knows of a conversation's mix. Guarded as `LegRecord`.
@safe final class MixRecord: @unchecked Sendable {
    // Unchecked: guarded by the engine's mutex.
    let id: ConversationID
    let block: MixPointer
    let worker: Int
    var members: [UInt64: LegRecord] = [:]
    var plays = 0
    var taps = 0
    /// The newest is the worker's; the older ones hold a part of its converters.
    private var converters: [UnsafeMutablePointer<BusConverters>] = unsafe []

    init(id: ConversationID, worker: Int) {
        self.id = id
        unsafe block = MixBlock.allocate(isLobby: false)
        self.worker = worker
    }

    /// The highest rate among the members.
    var rate: Int { members.values.map { $0.rate }.max() ?? 8000 }

    /// Makes the converters that are lacking between buses: the table for the worker; nil when it has all.
    func converters(between places: Set<Int>) -> UnsafeMutablePointer<BusConverters>? {
        guard places.count > 1 else { return nil }
        var table = BusConverters()
        if let last = unsafe converters.last { unsafe table = last.pointee }
        guard table.extend(to: places) else { return nil }
        let memory = UnsafeMutablePointer<BusConverters>.allocate(capacity: 1)
        unsafe memory.initialize(to: table)
        unsafe converters.append(memory)
        return unsafe memory
    }

    /// Frees the block, which no worker has any more.
    func free() {
        if let last = unsafe converters.last { unsafe last.pointee.free() }
        unsafe converters.forEach { unsafe $0.deallocate() }
        unsafe converters = []
        unsafe MixBlock.deallocate(block)
    }
}

/// What control knows of a prompt that plays. Guarded as `LegRecord`.
@safe final class PlayRecord: @unchecked Sendable {
    // Unchecked: guarded by the engine's mutex.
    let id: PlayID
    let serial: UInt64
    let clip: ClipMemory
    let block: PlayerPointer
    let leg: LegRecord?
    let mix: MixRecord?
    var isStopping = false

    init(id: PlayID, serial: UInt64, clip: ClipMemory, block: PlayerPointer, leg: LegRecord?, mix: MixRecord?) {
        self.id = id
        self.serial = serial
        self.clip = clip
        unsafe self.block = block
        self.leg = leg
        self.mix = mix
    }
}
