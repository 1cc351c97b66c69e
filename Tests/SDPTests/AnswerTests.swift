import SDP
import Testing

let here = LocalMedia(address: "10.0.0.9", port: 12_000, sessionID: 77, version: 1)

func answer(
    _ offer: String, _ capabilities: MediaCapabilities = MediaCapabilities(), previous: SessionDescription? = nil,
    local: LocalMedia = here
) throws -> (answer: SessionDescription, agreement: MediaAgreement) {
    var generator = SplitMix(seed: 1)
    return try OfferAnswer.answer(
        to: SessionDescription(parsing: offer), capabilities: capabilities, local: local, previous: previous,
        using: &generator)
}

private let secure = MediaCapabilities(protection: .offered, mayExchangeKeys: true)

@Suite("Answers")
struct AnswerTests {
    struct Expected: Sendable {
        var name: String
        var offer: String
        var codec: VoiceCodec
        var payloadType: UInt8
        var event: UInt8?
        var remote: MediaAddress
        var rtcp: UInt16
    }

    @Test(
        "known peers get the codec they like most of those we have",
        arguments: [
            Expected(
                name: "sipp", offer: Offers.sipp, codec: .pcmu, payloadType: 0, event: nil,
                remote: MediaAddress(host: "127.0.0.1", port: 6000), rtcp: 6001),
            Expected(
                name: "baresip", offer: Offers.baresip, codec: .opus, payloadType: 96, event: 101,
                remote: MediaAddress(host: "192.168.1.20", port: 10_084), rtcp: 10_085),
            Expected(
                name: "Asterisk", offer: Offers.asterisk, codec: .pcma, payloadType: 8, event: 101,
                remote: MediaAddress(host: "10.0.0.5", port: 17_328), rtcp: 17_329),
            Expected(
                name: "Linphone", offer: Offers.linphone, codec: .opus, payloadType: 96, event: 101,
                remote: MediaAddress(host: "192.168.0.18", port: 7078), rtcp: 7079),
            Expected(
                name: "IPv6", offer: Offers.ip6, codec: .pcma, payloadType: 8, event: 101,
                remote: MediaAddress(host: "2001:db8::10", port: 4000), rtcp: 4001),
            Expected(
                name: "many sections", offer: Offers.manySections, codec: .pcma, payloadType: 8, event: nil,
                remote: MediaAddress(host: "10.1.1.1", port: 5004), rtcp: 5005),
        ])
    func peers(expected: Expected) throws {
        let (description, agreement) = try answer(expected.offer)
        #expect(agreement.codec == expected.codec)
        #expect(agreement.sendPayloadType == expected.payloadType)
        #expect(agreement.receivePayloadType == expected.payloadType)
        #expect(agreement.telephoneEvent?.sendPayloadType == expected.event)
        #expect(agreement.remote == expected.remote)
        #expect(agreement.remoteRTCP == MediaAddress(host: expected.remote.host, port: expected.rtcp))
        #expect(agreement.direction == .sendReceive && agreement.srtp == nil)
        let section = try #require(description.media.first { $0.port != 0 })
        #expect(section.formats == [expected.payloadType, expected.event].compactMap { $0.map { String($0) } })
    }

    @Test("the answer to Linphone takes the audio and refuses the video")
    func text() throws {
        let (description, agreement) = try answer(Offers.linphone)
        #expect(
            description.text
                == Offers.lines(
                    """
                    v=0
                    o=- 77 1 IN IP4 10.0.0.9
                    s=-
                    c=IN IP4 10.0.0.9
                    t=0 0
                    m=audio 12000 RTP/AVPF 96 101
                    a=rtpmap:96 opus/48000/2
                    a=fmtp:96 useinbandfec=1
                    a=rtpmap:101 telephone-event/48000
                    a=fmtp:101 0-15
                    a=ptime:20
                    a=sendrecv
                    m=video 0 RTP/AVPF 96
                    """))
        #expect(agreement.opus.usesInbandFEC && agreement.telephoneEvent?.clockRate == 48_000)
    }

    @Test("of several sections the first that can be had is taken, in its place, under its name")
    func manySections() throws {
        let (description, _) = try answer(Offers.manySections)
        #expect(description.media.map { $0.port } == [0, 0, 0, 12_000, 0, 0])
        #expect(description.media.map { $0.kind } == ["video", "audio", "audio", "audio", "image", "audio"])
        #expect(description.media[3].attributes.contains(.init("mid", "voice")))
        #expect(description.media[4].formats == ["t38"])
    }

    @Test("only codecs that are allowed are taken")
    func allowedCodecs() throws {
        #expect(try answer(Offers.baresip, MediaCapabilities(codecs: [.pcma])).agreement.codec == .pcma)
        let (description, agreement) = try answer(Offers.baresip, MediaCapabilities(telephoneEvents: false))
        #expect(agreement.telephoneEvent == nil && !description.text.contains("telephone-event"))
    }

    @Test("Opus takes telephone-events at 8 000 when there are no others")
    func eventClock() throws {
        let event = try #require(try answer(Offers.baresip).agreement.telephoneEvent)
        #expect(event.clockRate == 8000 && event.sendPayloadType == 101)
    }

    @Test(
        "packet time is the peer's wish as far as it can be had",
        arguments: [
            ([], 20), (["a=ptime:10"], 10), (["a=ptime:30"], 30), (["a=ptime:40"], 40), (["a=ptime:100"], 60),
            (["a=ptime:5"], 5), (["a=ptime:3"], 5), (["a=ptime:60", "a=maxptime:40"], 40), (["a=maxptime:10"], 10),
            (["a=ptime:x"], 20),
            (["a=ptime:20.0"], 20), (["a=ptime:0"], 20),
        ] as [([String], Int)])
    func packetTime(lines: [String], milliseconds: Int) throws {
        let (description, agreement) = try answer(Offers.plain(lines))
        #expect(agreement.ptimeMilliseconds == milliseconds)
        #expect(description.media[0].attributes.contains(.init("ptime", String(milliseconds))))
    }

    @Test(
        "hold in all its forms",
        arguments: [
            (["a=sendonly"], [], "10.0.0.1", MediaDirection.receiveOnly), (["a=recvonly"], [], "10.0.0.1", .sendOnly),
            (["a=inactive"], [], "10.0.0.1", .inactive), ([], ["a=sendonly"], "10.0.0.1", .receiveOnly),
            (["a=sendrecv"], ["a=inactive"], "10.0.0.1", .sendReceive), ([], [], "0.0.0.0", .receiveOnly),
            (["a=recvonly"], [], "0.0.0.0", .inactive), (["a=inactive"], [], "0.0.0.0", .inactive),
        ] as [([String], [String], String, MediaDirection)])
    func hold(media: [String], session: [String], address: String, direction: MediaDirection) throws {
        let (description, agreement) = try answer(Offers.plain(media, session: session, address: address))
        #expect(agreement.direction == direction)
        #expect(agreement.isHeld == !direction.sends)
        #expect((agreement.remote == nil) == (address == "0.0.0.0"))
        #expect(description.media[0].attributes.contains(.init(direction.rawValue)))
    }

    @Test("RTCP goes where the peer says")
    func rtcp() throws {
        func control(_ lines: [String]) throws -> MediaAddress? { try answer(Offers.plain(lines)).agreement.remoteRTCP }
        #expect(try control(["a=rtcp:7777"]) == MediaAddress(host: "10.0.0.1", port: 7777))
        #expect(try control(["a=rtcp:7777 IN IP4 10.0.0.2"]) == MediaAddress(host: "10.0.0.2", port: 7777))
        #expect(try control(["a=rtcp:nonsense"]) == MediaAddress(host: "10.0.0.1", port: 6001))
        let (description, agreement) = try answer(Offers.plain(["a=rtcp-mux", "a=rtcp:7777"]))
        #expect(agreement.multiplexesRTCP && agreement.remoteRTCP == agreement.remote)
        #expect(description.media[0].attributes.contains(.init("rtcp-mux")))
        #expect(try !answer(Offers.plain()).answer.text.contains("rtcp-mux"))
    }

    @Test(
        "offers without audio of ours are refused",
        arguments: [
            Offers.browser, Offers.plain(formats: "18"), Offers.plain(["a=rtpmap:0 G729/8000"]),
            Offers.plain(profile: "udp"), Offers.plain(address: "224.2.1.1"),
            Offers.plain(["a=rtpmap:96 opus/16000"], formats: "96"), Offers.plain(formats: "96"),
            Offers.plain(["a=rtpmap:101 telephone-event/8000"], formats: "101"),
        ])
    func noCommonCodec(offer: String) {
        let refusal = #expect(throws: OfferRefusal.self) { try answer(offer) }
        #expect(refusal?.code == .noCommonCodec)
    }

    @Test("an offer without any section is malformed")
    func noSection() {
        let refusal = #expect(throws: OfferRefusal.self) {
            try answer("v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\n")
        }
        #expect(refusal?.code == .malformed)
    }

    // MARK: - SRTP

    @Test("GCM is taken before what the peer names first, and the profile is echoed")
    func suiteChoice() throws {
        let (description, agreement) = try answer(Offers.baresipSRTP, secure)
        let srtp = try #require(agreement.srtp)
        #expect(srtp.suite == .aeadAES128GCM && srtp.tag == 3)
        #expect(srtp.remoteKey.bytes == Array("0123456789012345678901234567".utf8))
        #expect(srtp.localKey != srtp.remoteKey && srtp.localKey.bytes.count == 28)
        #expect(description.media[0].profile == "RTP/SAVP")
        let line = try #require(description.media[0].attributes.first { $0.name == "crypto" }?.value)
        #expect(SDESCrypto(parsing: line) == SDESCrypto(tag: 3, suite: srtp.suite, key: srtp.localKey))
        #expect(description.media[0].attributes.count { $0.name == "crypto" } == 1)
        var trunk = secure
        trunk.suites = [.aesCM128SHA1Tag80]
        let other = try #require(try answer(Offers.baresipSRTP, trunk).agreement.srtp)
        #expect(other.tag == 2 && other.remoteKey.bytes == Array("abcdefghijklmnopqrstuvwxyzABCD".utf8))
    }

    enum Outcome: Sendable { case plain, secured, refused }
    private static let key = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNk"
    private static let odd = "a=crypto:1 AES_CM_256_HMAC_SHA1_80 inline:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNk"

    @Test(
        "SRTP by policy",
        arguments: [
            ("RTP/AVP", [], .off, true, .plain), ("RTP/AVP", [], .offered, true, .plain),
            ("RTP/AVP", [], .required, true, .refused), ("RTP/AVP", [key], .off, true, .plain),
            ("RTP/AVP", [key], .offered, true, .secured), ("RTP/AVP", [key], .offered, false, .plain),
            ("RTP/AVP", [key], .required, true, .refused), ("RTP/AVPF", [odd], .offered, true, .plain),
            ("RTP/SAVP", [key], .off, true, .refused), ("RTP/SAVP", [key], .offered, true, .secured),
            ("RTP/SAVPF", [key], .required, true, .secured), ("RTP/SAVP", [key], .required, false, .refused),
            ("RTP/SAVP", [key], .offered, false, .refused), ("RTP/SAVP", [], .required, true, .refused),
            ("RTP/SAVP", [odd], .offered, true, .refused), ("rtp/savp", [odd, key], .offered, true, .secured),
        ] as [(String, [String], MediaCapabilities.Protection, Bool, Outcome)])
    func policy(
        profile: String, lines: [String], protection: MediaCapabilities.Protection, mayExchangeKeys: Bool,
        outcome: Outcome
    ) throws {
        let capabilities = MediaCapabilities(protection: protection, mayExchangeKeys: mayExchangeKeys)
        let offer = Offers.plain(lines, profile: profile)
        switch outcome {
        case .refused:
            let refusal = #expect(throws: OfferRefusal.self) { try answer(offer, capabilities) }
            #expect(refusal?.code == .srtpPolicy)
        case .plain, .secured:
            let (description, agreement) = try answer(offer, capabilities)
            #expect((agreement.srtp != nil) == (outcome == .secured))
            #expect(description.text.contains("a=crypto") == (outcome == .secured))
            #expect(description.media[0].profile == profile)
        }
    }

    @Test("a peer that offers both ways gets the one that policy allows")
    func bothProfiles() throws {
        let offer = Offers.plain([Self.key, "m=audio 6002 RTP/AVP 0"], profile: "RTP/SAVP")
        #expect(try answer(offer).answer.media.map { $0.port } == [0, 12_000])
        #expect(try answer(offer, secure).answer.media.map { $0.port } == [12_000, 0])
    }

    @Test("our key stays when the peer offers again")
    func keptKey() throws {
        let first = try answer(Offers.baresipSRTP, secure)
        var generator = SplitMix(seed: 99)
        let second = try OfferAnswer.answer(
            to: SessionDescription(parsing: Offers.baresipSRTP), capabilities: secure, local: here,
            previous: first.answer, using: &generator)
        #expect(second.agreement.srtp == first.agreement.srtp)
    }
}
