extension OfferAnswer {
    /// What the peer's answer to our offer settles.
    ///
    /// - Throws: `malformed` when the answer does not fit the offer, `noCommonCodec` when it takes nothing of it,
    ///   `srtpPolicy` when it breaks the protection that was offered.
    public static func apply(
        answer: SessionDescription, to offer: SessionDescription
    ) throws(OfferRefusal) -> MediaAgreement {
        guard let index = activeIndex(of: offer.media), let ours = PeerStream(offer.media[index], of: offer) else {
            throw OfferRefusal(.malformed, "our offer has no audio")
        }
        guard index < answer.media.count, answer.media[index].kind.lowercased() == "audio" else {
            throw OfferRefusal(.malformed, "the answer has no section for our audio")
        }
        let section = answer.media[index]
        guard section.port != 0 else { throw OfferRefusal(.noCommonCodec, "the peer refused the audio") }
        guard let stream = PeerStream(section, of: answer, assuming: ours.formats) else {
            throw OfferRefusal(.malformed, "the answer is no audio over unicast RTP")
        }
        var settled: (offered: RTPFormats.Codec, answered: RTPFormats.Codec)?
        for answered in stream.formats.codecs where settled == nil {
            if let offered = ours.formats.codecs.first(where: { $0.codec == answered.codec }) {
                settled = (offered, answered)
            }
        }
        guard let settled else { throw OfferRefusal(.noCommonCodec, "no codec of our offer in the answer") }
        return MediaAgreement(
            codec: settled.answered.codec, sendPayloadType: settled.answered.payloadType,
            receivePayloadType: settled.offered.payloadType,
            telephoneEvent: events(of: stream, ours, codec: settled.answered.codec),
            comfortNoise: noise(of: stream, ours, codec: settled.answered.codec),
            redundancy: redundancy(of: stream, ours, settled.answered, settled.offered),
            ptimeMilliseconds: stream.sendPtime(settled.answered.codec, ours: ours.ptimeMilliseconds ?? 20),
            maximumPtimeMilliseconds: stream.maximumPtimeMilliseconds,
            opus: OpusParameters(
                formatParameters: settled.answered.codec == .opus ? settled.answered.parameters : nil),
            remote: stream.remote,
            remoteRTCP: stream.remoteRTCP, multiplexesRTCP: ours.multiplexesRTCP && stream.multiplexesRTCP,
            direction: stream.ourDirection(wish: ours.direction), srtp: try protection(of: stream, ours))
    }

    private static func events(of stream: PeerStream, _ ours: PeerStream, codec: VoiceCodec) -> TelephoneEventFormat? {
        guard let answered = stream.formats.event(for: codec),
            let offered = ours.formats.events.first(where: { $0.clockRate == answered.clockRate })
        else { return nil }
        return TelephoneEventFormat(
            sendPayloadType: answered.payloadType, receivePayloadType: offered.payloadType,
            clockRate: answered.clockRate)
    }

    private static func noise(of stream: PeerStream, _ ours: PeerStream, codec: VoiceCodec) -> ComfortNoiseFormat? {
        guard let answered = stream.formats.noise(for: codec), let offered = ours.formats.noise(for: codec) else {
            return nil
        }
        return ComfortNoiseFormat(
            sendPayloadType: answered.payloadType, receivePayloadType: offered.payloadType)
    }

    private static func redundancy(
        of stream: PeerStream, _ ours: PeerStream, _ answered: RTPFormats.Codec, _ offered: RTPFormats.Codec
    ) -> RedundancyFormat? {
        guard let theirs = stream.formats.redundancy(around: answered),
            let own = ours.formats.redundancy(around: offered)
        else { return nil }
        return RedundancyFormat(sendPayloadType: theirs.payloadType, receivePayloadType: own.payloadType)
    }

    private static func protection(of stream: PeerStream, _ ours: PeerStream) throws(OfferRefusal) -> SRTPAgreement? {
        let pair = stream.cryptos.lazy.compactMap { answered in
            ours.cryptos.first { $0.tag == answered.tag && $0.suite == answered.suite }.map { ($0, answered) }
        }.first
        if let (offered, answered) = pair {
            return SRTPAgreement(
                suite: offered.suite, tag: offered.tag, localKey: offered.key, remoteKey: answered.key)
        }
        guard !ours.profile.isSecure, !stream.profile.isSecure, !stream.namesKeys else {
            throw OfferRefusal(.srtpPolicy, "the answer chooses none of the keys that were offered")
        }
        return nil
    }
}
