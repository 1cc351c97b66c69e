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
    /// Comfort noise (RFC 3389).
    var noises: [Event] = []
    struct Redundancy: Hashable {
        var payloadType: UInt8
        var clockRate: Int
        /// What its blocks are; empty: not said.
        var carried: Set<UInt8>
    }
    /// RFC 2198.
    var redundancies: [Redundancy] = []

    /// - Parameter assumed: what payload types mean that the section does not explain.
    /// - Reference: RFC 8866 §6.6 (rtpmap); payload types 0, 8, 9 and 13 need none (RFC 3551 §6).
    init(_ section: MediaSection, assuming assumed: RTPFormats? = nil) {
        var names: [UInt8: (name: String, clockRate: Int, channels: Int)] = [
            0: ("pcmu", 8000, 1), 8: ("pcma", 8000, 1), 9: ("g722", 8000, 1), 13: ("cn", 8000, 1),
        ]
        for codec in assumed?.codecs ?? [] {
            names[codec.payloadType] = (codec.codec.encodingName, codec.codec.clockRate, 1)
        }
        for event in assumed?.events ?? [] { names[event.payloadType] = ("telephone-event", event.clockRate, 1) }
        for noise in assumed?.noises ?? [] { names[noise.payloadType] = ("cn", noise.clockRate, 1) }
        for red in assumed?.redundancies ?? [] { names[red.payloadType] = ("red", red.clockRate, 1) }
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
            let channels = parts.count > 2 ? DecimalText.value(parts[2].filter { $0 != " " }, maximum: 255) : 1
            names[UInt8(number)] = (parts[0].lowercased(), Int(rate), Int(channels ?? 0))
        }
        for format in section.formats {
            guard let number = DecimalText.value(format, maximum: 127) else { continue }
            let payloadType = UInt8(number)
            guard let (name, clockRate, channels) = names[payloadType] else { continue }
            if name == "telephone-event" {
                events.append(Event(payloadType: payloadType, clockRate: clockRate))
            } else if name == "red" {
                let listed = (parameters[payloadType] ?? "").split(separator: "/")
                let carried = listed.compactMap { DecimalText.value($0, maximum: 127).map { UInt8($0) } }
                // A list that cannot be read is of something else.
                guard carried.count == listed.count else { continue }
                redundancies.append(
                    Redundancy(payloadType: payloadType, clockRate: clockRate, carried: Set(carried)))
            } else if name == "cn" {
                noises.append(Event(payloadType: payloadType, clockRate: clockRate))
            } else if let codec = VoiceCodec(encodingName: name, clockRate: clockRate, channels: channels) {
                codecs.append(Codec(codec: codec, payloadType: payloadType, parameters: parameters[payloadType]))
            }
        }
    }

    /// The telephone-event whose clock is the codec's, else the one at 8 000 (phones that offer Opus often have only
    /// that one).
    func event(for codec: VoiceCodec) -> Event? {
        events.first { $0.clockRate == codec.clockRate } ?? events.first { $0.clockRate == 8000 }
    }

    /// Redundancy around one format: of its clock, and of nothing else.
    func redundancy(around format: Codec) -> Redundancy? {
        guard format.codec.hasRedundancy else { return nil }
        return redundancies.first {
            $0.clockRate == format.codec.clockRate
                && ($0.carried.isEmpty || $0.carried == [format.payloadType])
        }
    }

    /// Comfort noise that can stand in for the codec: of the same clock. Opus brings its own.
    func noise(for codec: VoiceCodec) -> Event? {
        codec == .opus ? nil : noises.first { $0.clockRate == codec.clockRate }
    }
}
