import SDP
import Testing

private func offer(
    _ capabilities: MediaCapabilities = MediaCapabilities(), previous: SessionDescription? = nil, seed: UInt64 = 5
) throws -> SessionDescription {
    var generator = SplitMix(seed: seed)
    return try OfferAnswer.makeOffer(
        capabilities: capabilities, local: here, previous: previous, using: &generator)
}

private let there = LocalMedia(address: "10.0.0.8", port: 14_000, sessionID: 5, version: 1)

@Suite("Offers")
struct OfferTests {
    @Test("a plain offer names all codecs, events at both clocks and RTCP on one port")
    func text() throws {
        #expect(
            try offer().text
                == Offers.lines(
                    """
                    v=0
                    o=- 77 1 IN IP4 10.0.0.9
                    s=-
                    c=IN IP4 10.0.0.9
                    t=0 0
                    m=audio 12000 RTP/AVP 111 8 0 110 101
                    a=rtpmap:111 opus/48000/2
                    a=fmtp:111 useinbandfec=1
                    a=rtpmap:8 PCMA/8000
                    a=rtpmap:0 PCMU/8000
                    a=rtpmap:110 telephone-event/48000
                    a=fmtp:110 0-15
                    a=rtpmap:101 telephone-event/8000
                    a=fmtp:101 0-15
                    a=ptime:20
                    a=rtcp-mux
                    a=sendrecv
                    """))
        #expect(try offer(MediaCapabilities(codecs: [.pcma])).media[0].formats == ["8", "101"])
    }

    @Test(
        "profile and keys by policy",
        arguments: [
            (MediaCapabilities.Protection.off, true, "RTP/AVP", 0), (.offered, true, "RTP/AVP", 3),
            (.offered, false, "RTP/AVP", 0), (.required, true, "RTP/SAVP", 3),
        ])
    func policy(protection: MediaCapabilities.Protection, mayExchangeKeys: Bool, profile: String, keys: Int) throws {
        let made = try offer(MediaCapabilities(protection: protection, mayExchangeKeys: mayExchangeKeys))
        #expect(made.media[0].profile == profile)
        #expect(made.media[0].attributes.count { $0.name == "crypto" } == keys)
    }

    @Test("no offer is made that policy forbids")
    func refused() {
        let noKeys = #expect(throws: OfferRefusal.self) { try offer(MediaCapabilities(protection: .required)) }
        #expect(noKeys?.code == .srtpPolicy)
        let noCodec = #expect(throws: OfferRefusal.self) { try offer(MediaCapabilities(codecs: [])) }
        #expect(noCodec?.code == .noCommonCodec)
    }

    @Test(
        "two of us agree, and each sees the other's side", arguments: MediaCapabilities.Protection.allCases,
        VoiceCodec.allCases)
    func agreement(protection: MediaCapabilities.Protection, codec: VoiceCodec) throws {
        let ours = MediaCapabilities(
            codecs: VoiceCodec.allCases, comfortNoise: true, offersComfortNoise: true, protection: protection,
            mayExchangeKeys: true)
        let theirs = MediaCapabilities(
            codecs: [codec], comfortNoise: true, protection: protection, mayExchangeKeys: true)
        let made = try offer(ours)
        let (answered, other) = try SDPTests.answer(made.text, theirs, local: there)
        let own = try OfferAnswer.apply(answer: SessionDescription(parsing: answered.text), to: made)
        #expect(own.codec == codec && other.codec == codec)
        #expect(own.sendPayloadType == other.receivePayloadType && own.receivePayloadType == other.sendPayloadType)
        #expect(own.telephoneEvent?.clockRate == codec.clockRate)
        #expect((own.comfortNoise != nil) == [.pcmu, .pcma, .g722, .l16Narrow, .l16Wide, .l16Full].contains(codec))
        #expect(own.comfortNoise?.sendPayloadType == other.comfortNoise?.receivePayloadType)
        #expect(own.ptimeMilliseconds == (codec == .l16Full ? 10 : 20))
        #expect(own.remote == MediaAddress(host: "10.0.0.8", port: 14_000))
        #expect(other.remote == MediaAddress(host: "10.0.0.9", port: 12_000))
        #expect(own.multiplexesRTCP && other.multiplexesRTCP)
        #expect(own.direction == .sendReceive && other.direction == .sendReceive)
        #expect((own.srtp != nil) == (protection != .off))
        #expect(own.srtp?.localKey == other.srtp?.remoteKey && own.srtp?.remoteKey == other.srtp?.localKey)
        #expect(own.srtp?.suite == other.srtp?.suite)
    }

    @Test("comfort noise is offered by who sends it, taken by who can make it, and kept once agreed")
    func comfortNoise() throws {
        let taking = MediaCapabilities(codecs: [.pcmu], comfortNoise: true)
        #expect(try offer(taking).media[0].formats == ["0", "101"])
        var sending = taking
        sending.offersComfortNoise = true
        let made = try offer(sending)
        #expect(made.media[0].formats == ["0", "13", "101"])
        let (answered, agreement) = try SDPTests.answer(made.text, taking, local: there)
        #expect(answered.media[0].formats == ["0", "13", "101"] && agreement.comfortNoise?.sendPayloadType == 13)
        var generator = SplitMix(seed: 5)
        let later = try OfferAnswer.makeOffer(
            capabilities: taking, local: there, previous: answered, using: &generator)
        #expect(later.media[0].formats == ["0", "13", "101"])
    }

    @Test("linear samples are taken with one channel only, and what an offer asks of Opus is read and written")
    func formats() throws {
        let stereo = Offers.plain(["a=rtpmap:97 L16/16000/2", "a=rtpmap:98 L16/16000"], formats: "97 98")
        let (_, agreement) = try SDPTests.answer(stereo, MediaCapabilities(codecs: [.l16Wide]))
        #expect(agreement.sendPayloadType == 98)
        var wish = OpusParameters.wished
        wish.usesDTX = true
        wish.isConstantRate = true
        wish.maximumAverageBitrate = 16_000
        let text = try offer(MediaCapabilities(codecs: [.opus], opus: wish)).text
        #expect(text.contains("a=fmtp:111 maxaveragebitrate=16000;useinbandfec=1;usedtx=1;cbr=1"))
        #expect(try SDPTests.answer(text, MediaCapabilities(codecs: [.opus])).agreement.opus == wish)
    }

    @Test("a peer that cannot do SRTP answers our best-effort offer plainly")
    func bestEffort() throws {
        let made = try offer(MediaCapabilities(protection: .offered, mayExchangeKeys: true))
        let (answered, _) = try SDPTests.answer(made.text, MediaCapabilities(), local: there)
        #expect(try OfferAnswer.apply(answer: answered, to: made).srtp == nil)
    }

    @Test("an answer with its own payload type and without rtpmap is understood")
    func payloadTypes() throws {
        let made = try offer()
        let renumbered = Offers.plain(
            ["a=rtpmap:120 OPUS/48000/2", "a=rtpmap:121 telephone-event/48000"], formats: "120 121")
        let own = try OfferAnswer.apply(answer: SessionDescription(parsing: renumbered), to: made)
        #expect(own.codec == .opus && own.sendPayloadType == 120 && own.receivePayloadType == 111)
        #expect(own.telephoneEvent?.sendPayloadType == 121 && own.telephoneEvent?.receivePayloadType == 110)
        let bare = try OfferAnswer.apply(
            answer: SessionDescription(parsing: Offers.plain(formats: "111 110")), to: made)
        #expect(bare.codec == .opus && bare.telephoneEvent?.clockRate == 48_000 && !bare.multiplexesRTCP)
    }

    @Test("the peer's direction is mirrored", arguments: MediaDirection.allCases)
    func direction(theirs: MediaDirection) throws {
        let text = Offers.plain(["a=\(theirs.rawValue)"])
        let own = try OfferAnswer.apply(answer: SessionDescription(parsing: text), to: try offer())
        #expect(own.direction == theirs.mirrored)
    }

    @Test(
        "answers that do not fit are refused",
        arguments: [
            (Offers.plain(formats: "18"), OfferRefusal.Code.noCommonCodec),
            (Offers.plain().replacing("m=audio 6000", with: "m=audio 0"), .noCommonCodec),
            (Offers.plain().replacing("m=audio", with: "m=video"), .malformed),
            ("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\n", .malformed), (Offers.browser, .malformed),
            (
                Offers.plain(["a=crypto:9 AES_CM_128_HMAC_SHA1_80 inline:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNk"]),
                .srtpPolicy
            ),
            (Offers.plain(profile: "RTP/SAVP"), .srtpPolicy),
        ])
    func misfits(text: String, code: OfferRefusal.Code) throws {
        let made = try offer(MediaCapabilities(protection: .offered, mayExchangeKeys: true))
        let description = try SessionDescription(parsing: text)
        let refusal = #expect(throws: OfferRefusal.self) { try OfferAnswer.apply(answer: description, to: made) }
        #expect(refusal?.code == code)
    }

    @Test("a plain answer to an offer that requires SRTP is refused")
    func downgrade() throws {
        let made = try offer(MediaCapabilities(protection: .required, mayExchangeKeys: true))
        let plain = try SessionDescription(parsing: Offers.plain())
        let refusal = #expect(throws: OfferRefusal.self) { try OfferAnswer.apply(answer: plain, to: made) }
        #expect(refusal?.code == .srtpPolicy)
    }

    @Test("a new offer within a session keeps sections, payload types, profile and keys")
    func reoffer() throws {
        let capabilities = MediaCapabilities(protection: .offered, mayExchangeKeys: true)
        let peer = Offers.plain(
            [
                "a=rtpmap:101 opus/48000/2", "a=rtpmap:96 telephone-event/48000",
                "a=crypto:4 AEAD_AES_128_GCM inline:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nw==",
                "m=video 6002 RTP/SAVPF 97",
            ], profile: "RTP/SAVPF", formats: "101 96")
        let (answered, agreement) = try SDPTests.answer(peer, capabilities)
        let again = try offer(capabilities, previous: answered, seed: 6)
        #expect(again.media.map { $0.port } == [12_000, 0])
        #expect(again.media[0].profile == "RTP/SAVPF")
        #expect(again.media[0].formats == ["101", "8", "0", "96", "97"])
        let cryptos = again.media[0].attributes.filter { $0.name == "crypto" }.compactMap {
            $0.value.flatMap { SDESCrypto(parsing: $0) }
        }
        #expect(cryptos.first { $0.suite == .aeadAES128GCM }?.key == agreement.srtp?.localKey)
    }
}
