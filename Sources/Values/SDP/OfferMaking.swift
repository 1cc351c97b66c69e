extension OfferAnswer {
    /// Makes our offer: one audio section with all our codecs. Within a session it keeps the sections, the payload
    /// types, the profile and the keys of our last description.
    ///
    /// - Parameters: as in `answer`.
    /// - Throws: `srtpPolicy` when SRTP is required but no key may be sent, `noCommonCodec` when there is no codec.
    public static func makeOffer(
        capabilities: MediaCapabilities, local: LocalMedia, previous: SessionDescription? = nil,
        wish: MediaDirection = .sendReceive, using generator: inout some RandomNumberGenerator
    ) throws(OfferRefusal) -> SessionDescription {
        guard !capabilities.codecs.isEmpty else { throw OfferRefusal(.noCommonCodec, "no codec is allowed") }
        let sections = previous?.media ?? []
        let index = activeIndex(of: sections)
        let last = index.map { sections[$0] }
        var profile = capabilities.protection == .required ? "RTP/SAVP" : "RTP/AVP"
        if let last, let known = RTPProfile(last.profile), known.isSecure || capabilities.protection != .required {
            profile = last.profile
        }
        let wantsKeys = capabilities.protection != .off || RTPProfile(profile)?.isSecure == true
        let mayHaveKeys = capabilities.mayExchangeKeys && !capabilities.suites.isEmpty
        if profile.uppercased().hasPrefix("RTP/SAVP"), !mayHaveKeys {
            throw OfferRefusal(.srtpPolicy, "SRTP is required, but no keys may go over this signalling path")
        }
        var cryptos: [SDESCrypto] = []
        if wantsKeys, mayHaveKeys {
            for (position, suite) in capabilities.suites.enumerated() {
                let key = key(for: suite, previous, using: &generator)
                cryptos.append(SDESCrypto(tag: UInt32(position + 1), suite: suite, key: key))
            }
        }
        let section = section(
            port: local.port, profile: profile, formats(capabilities, keeping: last.map { RTPFormats($0) }),
            ptime: capabilities.ptimeMilliseconds, cryptos: cryptos, multiplexesRTCP: true, direction: wish)
        var offer = SessionDescription(
            origin: origin(local), connection: SessionDescription.Connection(address: local.address))
        offer.media = sections.map { $0.refused }
        if let index { offer.media[index] = section } else { offer.media.append(section) }
        return offer
    }

    /// The section that carries the audio: the first live one, else the first of that kind.
    static func activeIndex(of sections: [MediaSection]) -> Int? {
        sections.firstIndex { $0.port != 0 && $0.kind.lowercased() == "audio" }
            ?? sections.firstIndex { $0.kind.lowercased() == "audio" }
    }

    /// Codecs in our order, then redundancy around the first of each clock, the comfort noise and telephone-events they
    /// need: events at each clock rate, and at 8 000 always, as many phones know only those.
    private static func formats(_ capabilities: MediaCapabilities, keeping last: RTPFormats?) -> [FormatLine] {
        // The meaning of a payload type must not change within a session (RFC 3264 §8.3.2).
        let others = (last?.events ?? []) + (last?.noises ?? [])
        var taken = Set((last?.codecs.map { $0.payloadType } ?? []) + others.map { $0.payloadType })
        taken.formUnion(last?.redundancies.map { $0.payloadType } ?? [])
        func payloadType(preferred: UInt8, kept: UInt8?) -> UInt8 {
            if let kept { return kept }
            let free = [preferred] + Array(96...127)
            let chosen = free.first { !taken.contains($0) } ?? preferred
            taken.insert(chosen)
            return chosen
        }
        var lines: [FormatLine] = []
        for codec in capabilities.codecs {
            let kept = last?.codecs.first { $0.codec == codec }?.payloadType
            let number = payloadType(preferred: codec.offeredPayloadType, kept: kept)
            lines.append(FormatLine(codec: codec, payloadType: number, opus: capabilities.opus))
        }
        var wrapped: Set<Int> = []
        for (position, codec) in capabilities.codecs.enumerated()
        where capabilities.redundancy && codec.hasRedundancy && wrapped.insert(codec.clockRate).inserted {
            let kept = last?.redundancies.first { $0.clockRate == codec.clockRate }?.payloadType
            let number = payloadType(preferred: codec == .opus ? 63 : 121, kept: kept)
            lines.append(
                FormatLine(redundancyOf: codec, lines[position].payloadType, payloadType: number))
        }
        let linear = Set(capabilities.codecs.filter { $0 != .opus }.map { $0.clockRate }).sorted()
        for rate in linear {
            let kept = last?.noises.first { $0.clockRate == rate }?.payloadType
            guard capabilities.offersComfortNoise || (capabilities.comfortNoise && kept != nil) else { continue }
            let number = payloadType(preferred: rate == 8000 ? 13 : 115, kept: kept)
            lines.append(FormatLine(noiseClockRate: rate, payloadType: number))
        }
        guard capabilities.telephoneEvents else { return lines }
        for (rate, preferred) in [(48_000, UInt8(110)), (16_000, 109), (8000, 101)]
        where rate == 8000 || capabilities.codecs.contains(where: { $0.clockRate == rate }) {
            let kept = last?.events.first { $0.clockRate == rate }?.payloadType
            let number = payloadType(preferred: preferred, kept: kept)
            lines.append(FormatLine(eventClockRate: rate, payloadType: number))
        }
        return lines
    }
}
