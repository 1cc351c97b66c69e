/// Offer and answer for the one audio stream of a leg: pure decisions on descriptions.
///
/// - Reference: RFC 3264; SDES keys RFC 4568 §7; policy contract README 15.
public enum OfferAnswer {
    /// Answers an offer: takes its first audio stream that can be had, the first codec there that we have, and refuses
    /// every other stream (port 0).
    ///
    /// - Parameters:
    ///   - previous: our last description in this session, if any: its keys are kept, so that packet counters go on.
    ///   - wish: what we would like to do; the answer is at most that.
    ///   - generator: where new keys come from; `SystemRandomNumberGenerator` outside tests.
    /// - Throws: `noCommonCodec` when no audio stream is left, `srtpPolicy` when only its protection stands against it.
    public static func answer(
        to offer: SessionDescription, capabilities: MediaCapabilities, local: LocalMedia,
        previous: SessionDescription? = nil, wish: MediaDirection = .sendReceive,
        using generator: inout some RandomNumberGenerator
    ) throws(OfferRefusal) -> (answer: SessionDescription, agreement: MediaAgreement) {
        guard !offer.media.isEmpty else { throw OfferRefusal(.malformed, "the offer has no media section") }
        var refusal = OfferRefusal(.noCommonCodec, "no audio over RTP in the offer")
        for (index, section) in offer.media.enumerated() {
            guard let stream = PeerStream(section, of: offer) else { continue }
            guard let format = stream.formats.codecs.first(where: { capabilities.codecs.contains($0.codec) }) else {
                if refusal.code != .srtpPolicy { refusal.detail = "no codec of ours in the offer" }
                continue
            }
            let chosen: SDESCrypto?
            switch choice(of: stream, capabilities) {
            case .plain: chosen = nil
            case .secured(let crypto): chosen = crypto
            case .refused(let reason):
                refusal = OfferRefusal(.srtpPolicy, reason)
                continue
            }
            let srtp = chosen.map { crypto in
                SRTPAgreement(
                    suite: crypto.suite, tag: crypto.tag,
                    localKey: key(for: crypto.suite, previous, using: &generator), remoteKey: crypto.key)
            }
            let agreement = agreement(
                stream, format, capabilities, wish: wish, srtp: srtp)
            var answer = SessionDescription(
                origin: origin(local), connection: SessionDescription.Connection(address: local.address))
            answer.media = offer.media.map { $0.refused }
            answer.media[index] = answerSection(section, agreement, capabilities, port: local.port)
            return (answer, agreement)
        }
        throw refusal
    }

    private enum Choice {
        case plain
        case secured(SDESCrypto)
        case refused(String)
    }

    private static func choice(of stream: PeerStream, _ capabilities: MediaCapabilities) -> Choice {
        let crypto = capabilities.suites.lazy
            .compactMap { suite in stream.cryptos.first { $0.suite == suite } }.first
        switch (stream.profile.isSecure, capabilities.protection) {
        case (true, .off):
            return .refused("SRTP is off")
        case (true, .offered), (true, .required):
            guard capabilities.mayExchangeKeys else { return .refused("no SRTP keys over this signalling path") }
            guard let crypto else { return .refused("no suite of ours in the offer") }
            return .secured(crypto)
        case (false, .required):
            return .refused("SRTP is required")
        case (false, .offered):
            guard capabilities.mayExchangeKeys, let crypto else { return .plain }
            return .secured(crypto)
        case (false, .off):
            return .plain
        }
    }

    private static func agreement(
        _ stream: PeerStream, _ format: RTPFormats.Codec, _ capabilities: MediaCapabilities, wish: MediaDirection,
        srtp: SRTPAgreement?
    ) -> MediaAgreement {
        let event = capabilities.telephoneEvents ? stream.formats.event(for: format.codec) : nil
        return MediaAgreement(
            codec: format.codec, sendPayloadType: format.payloadType, receivePayloadType: format.payloadType,
            telephoneEvent: event.map {
                TelephoneEventFormat(
                    sendPayloadType: $0.payloadType, receivePayloadType: $0.payloadType, clockRate: $0.clockRate)
            },
            comfortNoise: capabilities.comfortNoise
                ? stream.formats.noise(for: format.codec).map {
                    ComfortNoiseFormat(sendPayloadType: $0.payloadType, receivePayloadType: $0.payloadType)
                } : nil,
            redundancy: capabilities.redundancy
                ? stream.formats.redundancy(around: format).map {
                    RedundancyFormat(sendPayloadType: $0.payloadType, receivePayloadType: $0.payloadType)
                } : nil,
            ptimeMilliseconds: stream.sendPtime(format.codec, ours: capabilities.ptimeMilliseconds),
            maximumPtimeMilliseconds: stream.maximumPtimeMilliseconds,
            opus: OpusParameters(formatParameters: format.codec == .opus ? format.parameters : nil),
            remote: stream.remote, remoteRTCP: stream.remoteRTCP, multiplexesRTCP: stream.multiplexesRTCP,
            direction: stream.ourDirection(wish: wish), srtp: srtp)
    }

    private static func answerSection(
        _ offered: MediaSection, _ agreement: MediaAgreement, _ capabilities: MediaCapabilities, port: UInt16
    ) -> MediaSection {
        var formats = [
            FormatLine(codec: agreement.codec, payloadType: agreement.receivePayloadType, opus: capabilities.opus)
        ]
        if let redundancy = agreement.redundancy {
            formats.append(
                FormatLine(
                    redundancyOf: agreement.codec, agreement.receivePayloadType,
                    payloadType: redundancy.receivePayloadType))
        }
        if let noise = agreement.comfortNoise {
            formats.append(
                FormatLine(noiseClockRate: agreement.codec.clockRate, payloadType: noise.receivePayloadType))
        }
        if let event = agreement.telephoneEvent {
            formats.append(FormatLine(eventClockRate: event.clockRate, payloadType: event.receivePayloadType))
        }
        let cryptos = agreement.srtp.map { [SDESCrypto(tag: $0.tag, suite: $0.suite, key: $0.localKey)] } ?? []
        var section = self.section(
            port: port, profile: offered.profile, formats, ptime: agreement.ptimeMilliseconds, cryptos: cryptos,
            multiplexesRTCP: agreement.multiplexesRTCP, direction: agreement.direction)
        // A section that is named must keep its name (RFC 5888 §9.1).
        if let name = offered.value(of: "mid") { section.attributes.append(SessionDescription.Attribute("mid", name)) }
        return section
    }

    // MARK: - Shared with offers

    static func origin(_ local: LocalMedia) -> SessionDescription.Origin {
        SessionDescription.Origin(
            sessionID: String(local.sessionID), version: String(local.version), address: local.address)
    }

    /// The key that our last description had for the suite, or a new one.
    static func key(
        for suite: SRTPSuite, _ previous: SessionDescription?, using generator: inout some RandomNumberGenerator
    ) -> SRTPMasterKey {
        let sections = previous?.media ?? []
        let lines = sections.flatMap { $0.attributes }.filter { $0.name == "crypto" }
        let kept = lines.lazy.compactMap { $0.value.flatMap { SDESCrypto(parsing: $0) } }.first { $0.suite == suite }
        return kept?.key ?? SRTPMasterKey(for: suite, using: &generator)
    }

    /// One payload type of ours with the lines that explain it.
    struct FormatLine {
        var payloadType: UInt8
        var rtpMap: String
        var parameters: String?

        init(codec: VoiceCodec, payloadType: UInt8, opus: OpusParameters) {
            self.payloadType = payloadType
            rtpMap = codec.rtpMap
            parameters = codec == .opus ? opus.formatParameters : nil
        }

        init(noiseClockRate: Int, payloadType: UInt8) {
            self.payloadType = payloadType
            rtpMap = "CN/\(noiseClockRate)"
        }

        /// The payload and up to two older ones.
        init(redundancyOf codec: VoiceCodec, _ carried: UInt8, payloadType: UInt8) {
            self.payloadType = payloadType
            rtpMap = codec == .opus ? "red/48000/2" : "red/\(codec.clockRate)"
            parameters = "\(carried)/\(carried)/\(carried)"
        }

        init(eventClockRate: Int, payloadType: UInt8) {
            self.payloadType = payloadType
            rtpMap = "telephone-event/\(eventClockRate)"
            parameters = "0-15"
        }
    }

    static func section(
        port: UInt16, profile: String, _ formats: [FormatLine], ptime: Int, cryptos: [SDESCrypto],
        multiplexesRTCP: Bool, direction: MediaDirection
    ) -> MediaSection {
        var attributes: [SessionDescription.Attribute] = []
        for format in formats {
            attributes.append(SessionDescription.Attribute("rtpmap", "\(format.payloadType) \(format.rtpMap)"))
            if let parameters = format.parameters {
                attributes.append(SessionDescription.Attribute("fmtp", "\(format.payloadType) \(parameters)"))
            }
        }
        attributes.append(SessionDescription.Attribute("ptime", String(ptime)))
        for crypto in cryptos { attributes.append(SessionDescription.Attribute("crypto", crypto.text)) }
        if multiplexesRTCP { attributes.append(SessionDescription.Attribute("rtcp-mux")) }
        attributes.append(SessionDescription.Attribute(direction.rawValue))
        return MediaSection(
            kind: "audio", port: port, profile: profile, formats: formats.map { String($0.payloadType) },
            attributes: attributes)
    }
}
