/// The formats of one media section that mean something here.
struct RTPFormats {
    struct Codec: Hashable {
        var codec: VoiceCodec
        var payloadType: UInt8
        /// `a=fmtp` of it.
        var parameters: String?
    }
    struct Event: Hashable {
        var payloadType: UInt8
        var clockRate: Int
    }

    /// In the order of the section.
    var codecs: [Codec] = []
    var events: [Event] = []

    /// - Parameter assumed: what payload types mean that the section does not explain.
    /// - Reference: RFC 8866 §6.6 (rtpmap); payload types 0 and 8 need none (RFC 3551 §6).
    init(_ section: MediaSection, assuming assumed: RTPFormats? = nil) {
        var names: [UInt8: (name: String, clockRate: Int)] = [0: ("pcmu", 8000), 8: ("pcma", 8000)]
        for codec in assumed?.codecs ?? [] { names[codec.payloadType] = (codec.codec.rawValue, codec.codec.clockRate) }
        for event in assumed?.events ?? [] { names[event.payloadType] = ("telephone-event", event.clockRate) }
        var parameters: [UInt8: String] = [:]
        for attribute in section.attributes {
            guard attribute.name == "rtpmap" || attribute.name == "fmtp", let value = attribute.value else { continue }
            let fields = value.split(separator: " ", maxSplits: 1)
            guard fields.count == 2, let number = DecimalText.value(fields[0], maximum: 127) else { continue }
            if attribute.name == "fmtp" {
                parameters[UInt8(number)] = String(fields[1])
                continue
            }
            let parts = fields[1].split(separator: "/")
            guard parts.count >= 2,
                let rate = DecimalText.value(parts[1].filter { $0 != " " }, maximum: 1_000_000)
            else { continue }
            names[UInt8(number)] = (parts[0].lowercased(), Int(rate))
        }
        for format in section.formats {
            guard let number = DecimalText.value(format, maximum: 127) else { continue }
            let payloadType = UInt8(number)
            guard let (name, clockRate) = names[payloadType] else { continue }
            if name == "telephone-event" {
                events.append(Event(payloadType: payloadType, clockRate: clockRate))
            } else if let codec = VoiceCodec(rawValue: name), codec.clockRate == clockRate {
                codecs.append(Codec(codec: codec, payloadType: payloadType, parameters: parameters[payloadType]))
            }
        }
    }

    /// The telephone-event whose clock is the codec's, else the one at 8 000 (phones that offer Opus often have only
    /// that one).
    func event(for codec: VoiceCodec) -> Event? {
        events.first { $0.clockRate == codec.clockRate } ?? events.first { $0.clockRate == 8000 }
    }
}
