import AudioGraph
import RTP
package import VoiceCodecs

/// The sending half of a leg in front of its sockets: gathers samples to packets, encodes, numbers.
///
/// - Units: samples at the codec's own rate; `timestamp` in ticks of the RTP clock.
/// - Memory: allocated and freed by control with the leg's block; untouched while each step is a whole packet.
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
@safe package struct LegOutput {
    /// 60 ms of Opus and one step of 20 ms.
    private static var capacity: Int { @_noLocks get { 3840 } }

    let ssrc: UInt32
    /// Of the next packet.
    var sequence: UInt16
    /// Of the next sample that is not yet sent.
    var timestamp: UInt32
    var digits: DigitSender
    var declicker: Declicker
    var limiter = Limiter()
    /// Keys for a peer without telephone-events.
    var tones = DTMFGenerator()
    /// The next packet starts a stretch of talk.
    var isFresh: Bool
    private let gathered: UnsafeMutablePointer<Int16>
    private(set) var count: Int
    private var codec: CodecKind
    private var wideEncoder = G722Encoder()
    private var silence = NoiseDescriber()
    /// The Opus encoder has said that it goes silent.
    private var isSilent = false

    /// Control only.
    package init(ssrc: UInt32, sequence: UInt16, timestamp: UInt32) {
        self.ssrc = ssrc
        self.sequence = sequence
        self.timestamp = timestamp
        digits = DigitSender(clockRate: 8000)
        declicker = Declicker()
        isFresh = true
        unsafe gathered = PagedMemory.allocate(capacity: 3840)
        count = 0
        codec = .pcmu
    }

    /// Control only.
    package func deallocate() { unsafe PagedMemory.free(gathered, capacity: 3840) }

    @_noLocks package mutating func use(_ codec: CodecKind, eventClockRate: UInt32) {
        // What was gathered is said in the new codec.
        respreadGathered(for: codec)
        self.codec = codec
        wideEncoder = G722Encoder()
        isSilent = false
        silence = NoiseDescriber()
        declicker.arm()
        if digits.clockRate != eventClockRate { digits = DigitSender(clockRate: eventClockRate) }
    }

    /// The same stream, encoded at another sample rate from the next packet on.
    @_noLocks mutating func retune(to codec: CodecKind) {
        respreadGathered(for: codec)
        self.codec = codec
        silence = NoiseDescriber()
        declicker.arm()
    }

    @_noLocks private mutating func respreadGathered(for codec: CodecKind) {
        let wanted = min(count &* codec.sampleRate / self.codec.sampleRate, Self.capacity)
        unsafe SampleMath.respread(gathered, count: count, to: wanted)
        count = wanted
    }

    /// Where the next `wanted` samples go.
    @_noLocks package func room(for wanted: Int) -> UnsafeMutablePointer<Int16>? {
        count &+ wanted <= Self.capacity ? unsafe gathered.advanced(by: count) : nil
    }

    @_noLocks package mutating func gathered(_ added: Int) { count &+= added }

    /// What was gathered but not sent is not sound of this stream any more.
    @_noLocks mutating func forget() { count = 0 }

    /// What is gathered, `count` samples.
    var waiting: UnsafePointer<Int16> {
        @_noLocks get { unsafe UnsafePointer(gathered) }
    }

    /// The payload of the next packet of `frame` samples, when they are gathered.
    /// - Returns: as the other; 0 also when there are not enough samples.
    @_noLocks package mutating func encode(
        frame: Int, into payload: UnsafeMutablePointer<UInt8>, capacity: Int, equipment: borrowing LegEquipment
    ) -> Int {
        if count < frame || frame <= 0 { return 0 }
        let bytes = unsafe encode(gathered, frame, into: payload, capacity: capacity, equipment: equipment)
        discard(frame)
        return bytes
    }

    /// The payload of a packet of `frame` samples.
    /// - Returns: bytes, 0 when the encoder failed, or it stays silent (DTX).
    @_noLocks mutating func encode(
        _ samples: UnsafePointer<Int16>, _ frame: Int, into payload: UnsafeMutablePointer<UInt8>, capacity: Int,
        equipment: borrowing LegEquipment
    ) -> Int {
        switch codec {
        case .pcmu:
            unsafe G711.encodeMuLaw(samples, count: frame, into: payload)
            return frame
        case .pcma:
            unsafe G711.encodeALaw(samples, count: frame, into: payload)
            return frame
        case .g722:
            return unsafe wideEncoder.encode(samples, count: frame, into: payload)
        case .l16Narrow, .l16Wide, .l16Full:
            unsafe L16.encode(samples, count: frame, into: payload)
            return frame &* 2
        case .opus, .opusNarrow, .opusWide:
            guard let encoder = equipment.encoder else { return 0 }
            let bytes = max(0, unsafe encoder.encode(samples, count: frame, into: payload, capacity: capacity))
            // The first packet without sound tells the peer that the silence is meant; the rest need not be sent.
            let wasSilent = isSilent
            isSilent = bytes <= 2
            return isSilent && wasSilent ? 0 : bytes
        }
    }

    /// Whether the next packet, these `frame` samples, needs to be sent.
    @_noLocks mutating func listen(_ samples: UnsafePointer<Int16>, _ frame: Int) -> NoiseDescriber.Verdict {
        unsafe silence.hear(samples, count: frame, rate: codec.sampleRate)
    }

    /// - Parameter payload: room for `NoiseDescriber.longest` bytes.
    /// - Returns: bytes of the description.
    @_noLocks func describeSilence(into payload: UnsafeMutablePointer<UInt8>) -> Int {
        unsafe silence.write(into: payload)
    }

    @_noLocks mutating func discard(_ frame: Int) {
        count = max(0, count &- frame)
        unsafe UnsafeMutableRawPointer(gathered).copyMemory(
            from: UnsafeRawPointer(gathered.advanced(by: frame)), byteCount: count &* 2)
    }
}
