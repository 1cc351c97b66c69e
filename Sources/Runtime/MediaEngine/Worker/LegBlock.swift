import Synchronization
import AudioGraph
import CLinux
import MediaTime
import RTP
import RTPTransport
import Rings
import VoiceCodecs

typealias LegPointer = UnsafeMutablePointer<LegBlock>
typealias MixPointer = UnsafeMutablePointer<MixBlock>
typealias PlayerPointer = UnsafeMutablePointer<PlayerBlock>

/// Everything a leg owns: sockets, protection, codecs, playout, digits, reports. It moves between workers as one piece.
///
/// - Memory: made and freed by control; between the adopt command and the released report one worker owns it.
/// - Threading: one media worker at a time; allocates nothing, takes no lock.
@safe struct LegBlock {
    /// Unique for the life of the process: what reports name.
    let serial: UInt64
    /// What lists of other legs name.
    let key: UInt64
    /// Nil for a sound device and a port.
    let sockets: LegSockets?
    let device: DeviceLink?
    /// Its sound is carried by an edge.
    let port: PortLink?
    /// Nil until there is an agreement.
    var settings: LegSettings?
    private(set) var equipment = LegEquipment()
    /// The complexity that its encoder, if any, was limited to; negative: not told yet.
    private var encoderLimit = -1
    var rights = AudioRights()
    var input: LegInput
    /// How the peer sends until it follows a change of codec.
    var former = FormerFormats()
    var output: LegOutput
    var redundancy: RedundantSender
    var statistics: ReceiverStatistics
    var digits: DigitReceiver
    var ear = DTMFDetector(rate: 8000)
    /// How this leg's packets are numbered for the other leg's peer; valid while its mix relays.
    var relay = RelayMap()
    var reporting: RTCPState
    let counters: UnsafeMutablePointer<LegCounters>

    // Membership
    /// The mix of this leg alone, where it is while it is in no conversation.
    let lobby: MixPointer
    var mix: MixPointer?
    var next: LegPointer?
    var players: PlayerPointer?
    var taps: TapPointer?
    /// Its packets wake the worker.
    var isPolled = false

    // Schedule
    /// When its next step of sound is due, nanoseconds of CLOCK_MONOTONIC; 0: with the next tick.
    var due: UInt64 = 0
    /// Its output waits until the other leg's playout runs, after relaying.
    var heldUntil: UInt64 = 0
    /// It has not sent anything since it came into its mix.
    var hasMoved = false
    /// Nobody has heard it yet, or not since it was muted: its next sound comes up from nothing.
    var fadesIn = true
    /// It was muted: what it says in the next step dies away.
    var fadesOut = false
    /// Tells when it speaks, while its mix tells that.
    var speech = SpeakingDetector()
    /// How far the voices that it hears are lowered under a prompt.
    var ducking = SmoothGain()
    /// How loud it hears.
    var loudness = SmoothGain()
    var housekeeping: HeapNodePointer
    var lastPacket: UInt64 = 0
    /// RTP is expected since then; 0: it is not.
    var expectedSince: UInt64 = 0
    var hasHeard = false
    var hasTimedOut = false

    // This tick
    var isDue = false
    var speaks = false
    /// What it says in this step, at its own rate.
    private(set) var said: UnsafeMutablePointer<Int16>
    /// Samples of that; 0 when they are of another rate than `rate`.
    var saidCount = 0
    /// Echo, noise and level of a device with a microphone; nil when off.
    var voice: VoiceLink?

    /// Control only.
    /// - Parameter start: random, for the first sequence number and timestamp.
    init(
        serial: UInt64, key: UInt64, sockets: LegSockets?, device: DeviceLink?, port: PortLink?, lobby: MixPointer,
        counters: UnsafeMutablePointer<LegCounters>, start: UInt64, ssrc: UInt32
    ) {
        self.serial = serial
        self.key = key
        self.sockets = sockets
        self.device = device
        self.port = port
        input = LegInput()
        output = LegOutput(
            ssrc: ssrc, sequence: UInt16(truncatingIfNeeded: start) & 0x7FFF,
            timestamp: UInt32(truncatingIfNeeded: start >> 32))
        redundancy = RedundantSender()
        statistics = ReceiverStatistics(clockRate: 8000)
        digits = DigitReceiver(clockRate: 8000)
        reporting = RTCPState()
        unsafe self.counters = counters
        unsafe self.lobby = lobby
        unsafe housekeeping = HeapNode.allocate()
        // A sound device and a port have no agreement that would tell.
        unsafe said = input.said(isWide: sockets == nil)
    }

    /// Control only: what the block itself owns.
    func deallocate() {
        voice?.deallocate()
        input.deallocate()
        output.deallocate()
        redundancy.deallocate()
        unsafe housekeeping.deallocate()
    }

    /// Sample rate of what this leg says and hears.
    var rate: Int {
        @_noLocks get {
            if case .some = device { return 48_000 }
            if let port { return port.busRate }
            guard let settings else { return 8000 }
            return settings.codec.sampleRate
        }
    }

    /// Milliseconds of one packet or device period.
    var ptime: Int {
        @_noLocks get {
            // A card with short periods is for a short way: sound waits less for the next step.
            if let device { return device.periodNanoseconds <= 5_000_000 ? 5 : 10 }
            guard let settings else { return 20 }
            return settings.ptime
        }
    }

    /// Takes over a new agreement. Sequence numbers, timestamps and what is playing go on.
    /// - Parameters:
    ///   - goesOn: the leg is heard: the codec before is understood until the peer speaks the new one.
    ///   - decoder: of the codec before; it is used as long as `input.isTurning`.
    @_noLocks mutating func apply(_ new: LegSettings, goesOn: Bool = false, decoder: OpusDecoderHandle? = nil) {
        var next = new
        var isOtherCodec = true
        if let old = settings {
            if new.keepsLock { next.lock = old.lock }
            isOtherCodec = !old.codec.isSame(as: new.codec)
        }
        if isOtherCodec {
            saidCount = 0
            if let old = settings, goesOn, !input.isTurning, old.receivePayloadType != next.receivePayloadType {
                former.follow(old, at: swh_monotonic_ns())
                input.turn(to: next.codec, from: decoder)
            } else {
                input.use(next.codec)
            }
            unsafe said = input.said(isWide: next.codec.isWide)
            output.use(next.codec, eventClockRate: next.eventClockRate)
            redundancy.forget()
            statistics.clockRateChanged(to: next.codec.clockRate)
            ear = DTMFDetector(rate: next.codec.sampleRate)
        }
        if digits.clockRate != next.eventClockRate { digits = DigitReceiver(clockRate: next.eventClockRate) }
        settings = next
        hasTimedOut = false
        if expectedSince != 0 { expectedSince = swh_monotonic_ns() }
    }

    /// The codec's samples have another rate from the next step on; on the wire nothing changes.
    @_noLocks mutating func retune(to codec: CodecKind) {
        guard let present = settings?.codec, present.isSame(as: codec) else { return }
        saidCount = 0
        input.retune(to: codec)
        unsafe said = input.said(isWide: codec.isWide)
        output.retune(to: codec)
        settings?.codec = codec
    }

    /// Takes codecs and converters, new ones among them.
    @_noLocks mutating func equip(_ new: LegEquipment) {
        equipment = new
        encoderLimit = -1
    }

    /// A limit for its Opus encoder while the core is short of time.
    @_noLocks mutating func limitEncoder(to limit: Int) {
        if limit == encoderLimit { return }
        encoderLimit = limit
        if let encoder = equipment.encoder { encoder.limitComplexity(to: limit) }
    }

    /// Writes the counters where control reads them.
    @_noLocks func publish() {
        unsafe counters.pointee.packetsReceived.store(Int(statistics.packetsReceived), ordering: .relaxed)
        unsafe counters.pointee.bytesReceived.store(Int(statistics.bytesReceived), ordering: .relaxed)
        unsafe counters.pointee.packetsSent.store(Int(reporting.packetsSent), ordering: .relaxed)
        unsafe counters.pointee.bytesSent.store(Int(reporting.bytesSent), ordering: .relaxed)
        unsafe counters.pointee.packetsLost.store(Int(statistics.packetsLost), ordering: .relaxed)
        unsafe counters.pointee.packetsLate.store(Int(input.playout.late), ordering: .relaxed)
        let perMillisecond = Int(statistics.jitter.clockRate / 1000)
        unsafe counters.pointee.jitter.store(
            Int(statistics.jitter.ticks) &* 1000 / perMillisecond, ordering: .relaxed)
        if let range = statistics.jitterRange {
            unsafe counters.pointee.jitterLowest.store(
                Int(range.lowest) &* 1000 / perMillisecond, ordering: .relaxed)
            unsafe counters.pointee.jitterHighest.store(
                Int(range.highest) &* 1000 / perMillisecond, ordering: .relaxed)
        }
        unsafe counters.pointee.roundTrip.store(reporting.roundTripMicroseconds, ordering: .relaxed)
        unsafe counters.pointee.concealedSamples.store(Int(input.playout.concealed), ordering: .relaxed)
        if input.playout.isStarving { return }
        let delay = input.playout.presentDelay ?? -1000
        unsafe counters.pointee.playoutDelay.store(Int(delay / 1000), ordering: .relaxed)
        unsafe counters.pointee.playoutTarget.store(Int(input.playout.wantedDelay / 1000), ordering: .relaxed)
    }
}
