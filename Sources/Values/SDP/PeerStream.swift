/// An RTP profile that can be spoken: what SDES and plain RTP use, with or without feedback (RFC 3551, 3711, 4585, 5124).
struct RTPProfile: Hashable {
    var isSecure: Bool

    init?(_ text: String) {
        switch text.uppercased() {
        case "RTP/AVP", "RTP/AVPF": isSecure = false
        case "RTP/SAVP", "RTP/SAVPF": isSecure = true
        default: return nil
        }
    }
}

/// The audio stream that one media section of the peer describes.
struct PeerStream {
    var profile: RTPProfile
    var formats: RTPFormats
    /// Nil when the address is 0.0.0.0 or ::.
    var remote: MediaAddress?
    var remoteRTCP: MediaAddress?
    /// The peer's own.
    var direction: MediaDirection
    var ptimeMilliseconds: Int?
    var maximumPtimeMilliseconds: Int?
    var multiplexesRTCP: Bool
    /// Usable `a=crypto` lines.
    var cryptos: [SDESCrypto]
    /// There are `a=crypto` lines, usable or not.
    var namesKeys: Bool

    /// Nil when it is no live unicast audio stream over RTP.
    /// - Parameter assumed: formats that the section may name without an `a=rtpmap` of its own.
    init?(_ section: MediaSection, of description: SessionDescription, assuming assumed: RTPFormats? = nil) {
        guard section.kind.lowercased() == "audio", section.port != 0, let profile = RTPProfile(section.profile),
            let connection = section.connection ?? description.connection,
            !AddressText.isMulticast(connection.address)
        else { return nil }
        self.profile = profile
        formats = RTPFormats(section, assuming: assumed)
        multiplexesRTCP = section.has("rtcp-mux")
        let host = connection.address
        if AddressText.isUnspecified(host) {
            remote = nil
            remoteRTCP = nil
        } else {
            remote = MediaAddress(host: host, port: section.port)
            remoteRTCP = Self.controlAddress(
                section.value(of: "rtcp"), host: host, port: section.port, isMultiplexed: multiplexesRTCP)
        }
        let attributes = section.attributes + description.attributes  // the section's own come first
        direction = attributes.lazy.compactMap { MediaDirection(rawValue: $0.name) }.first ?? .sendReceive
        ptimeMilliseconds = Self.milliseconds(section.value(of: "ptime"))
        maximumPtimeMilliseconds = Self.milliseconds(section.value(of: "maxptime"))
        let keys = section.attributes.filter { $0.name == "crypto" }
        namesKeys = !keys.isEmpty
        cryptos = keys.prefix(16).compactMap { $0.value.flatMap { SDESCrypto(parsing: $0) } }
    }

    /// `a=rtcp:port [IN IP4 address]` (RFC 3605); else the next port.
    private static func controlAddress(
        _ value: String?, host: String, port: UInt16, isMultiplexed: Bool
    ) -> MediaAddress? {
        if isMultiplexed { return MediaAddress(host: host, port: port) }
        let fields = (value ?? "").split(separator: " ")
        if let first = fields.first, let number = DecimalText.value(first, maximum: 65_535), number > 0 {
            let ownHost = fields.count == 4 && AddressText.family(of: fields[3]) != nil ? String(fields[3]) : host
            return MediaAddress(host: ownHost, port: UInt16(number))
        }
        return port == 65_535 ? nil : MediaAddress(host: host, port: port + 1)
    }

    /// Whole milliseconds; `20.0` is seen too. Nil when it makes no sense.
    private static func milliseconds(_ text: String?) -> Int? {
        guard let text, let value = DecimalText.value(text.prefix { $0 != "." && $0 != " " }, maximum: 1000), value > 0
        else { return nil }
        return Int(value)
    }

    /// Packet time to send: the longest of the codec's that the peer's wish (else ours) and its bound allow.
    func sendPtime(_ codec: VoiceCodec, ours: Int) -> Int {
        let wish = min(ptimeMilliseconds ?? ours, maximumPtimeMilliseconds ?? .max)
        return codec.packetTimes.last { $0 <= wish } ?? codec.packetTimes[0]
    }

    /// Our direction when we would like `wish`: nothing is sent to a peer that has no address.
    func ourDirection(wish: MediaDirection) -> MediaDirection {
        let mirrored = direction.mirrored
        let possible = MediaDirection(sends: mirrored.sends && remote != nil, receives: mirrored.receives)
        return possible.limited(by: wish)
    }
}
