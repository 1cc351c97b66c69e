import CallModel
import EdgeProtocols
import RTPTransport
import Rings
import SDP

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
    var canSpeak: KeyList?
    var canHear: KeyList?
    var audio: MemberAudio?

    init(
        id: LegID, serial: UInt64, block: LegPointer, counters: UnsafeMutablePointer<LegCounters>,
        sockets: LegSockets?, device: DeviceHandle?, policy: MediaPolicy, worker: Int, sessionID: UInt64
    ) {
        self.id = id
        self.serial = serial
        unsafe self.block = block
        unsafe self.counters = counters
        self.sockets = sockets
        self.device = device
        self.policy = policy
        self.worker = worker
        self.sessionID = sessionID
    }

    /// It needs 48 kHz.
    var isWide: Bool { device != nil || agreement?.codec == .opus }

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
        inbound?.destroy()
        outbound?.destroy()
        equipment.free()
        canSpeak?.deallocate()
        canHear?.deallocate()
        unsafe MixBlock.deallocate(block.pointee.lobby)
        unsafe block.pointee.device?.deallocate()
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

    init(id: ConversationID, worker: Int) {
        self.id = id
        unsafe block = MixBlock.allocate(isLobby: false)
        self.worker = worker
    }

    var isWide: Bool { members.values.contains { $0.isWide } }
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
