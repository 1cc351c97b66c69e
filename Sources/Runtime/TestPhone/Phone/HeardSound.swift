public import EdgeProtocols
public import MediaTime
import SDP

/// What a call heard, and when: the sound of all packets at the places their timestamps give them.
public struct HeardSound: Sendable {
    public var clip: PCMClip
    /// When the first sample came, by the middle of all packets' arrivals; nil: nothing was heard.
    public var beganAt: MonotonicInstant?
    /// When the first sample of what was played was spoken; nil: the call was not answered.
    public var spokenAt: MonotonicInstant?
    /// Of one packet; nil with fewer than two.
    public var packetLength: Duration?

    init(_ heard: PhoneMedia.Heard, _ codec: VoiceCodec) {
        clip = PhoneDecoder.clip(heard.packets, codec)
        spokenAt = heard.spokenAt
        guard let first = heard.packets.first else { return }
        let rate = Int64(codec.clockRate)
        let begins = heard.packets.map { packet in
            let ticks = Int64(Int32(bitPattern: packet.timestamp &- first.timestamp))
            return Int64(bitPattern: packet.arrival.nanoseconds) - ticks * 1_000_000_000 / rate
        }.sorted()
        beganAt = MonotonicInstant(nanoseconds: UInt64(bitPattern: begins[begins.count / 2]))
        let steps = zip(heard.packets, heard.packets.dropFirst()).map { one, next in
            Int64(Int32(bitPattern: next.timestamp &- one.timestamp))
        }.sorted()
        if !steps.isEmpty { packetLength = .nanoseconds(steps[steps.count / 2] * 1_000_000_000 / rate) }
    }
}
