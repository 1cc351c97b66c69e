import SDP
import Testing

@Suite("Redundancy (RFC 2198)")
struct RedundancyTests {
    private let willing = MediaCapabilities(redundancy: true)

    private func offer(_ lines: String) -> String {
        Offers.lines(
            """
            v=0
            o=- 1 1 IN IP4 10.0.0.5
            s=-
            c=IN IP4 10.0.0.5
            t=0 0
            """) + Offers.lines(lines)
    }

    private func made(_ capabilities: MediaCapabilities, previous: SessionDescription? = nil) throws
        -> SessionDescription
    {
        var generator = SplitMix(seed: 5)
        return try OfferAnswer.makeOffer(
            capabilities: capabilities, local: here, previous: previous, using: &generator)
    }

    @Test("an answer agrees to what was offered around the codec that it takes, where policy wants it")
    func answered() throws {
        let text = offer(
            """
            m=audio 4000 RTP/AVP 96 63 0 97
            a=rtpmap:96 opus/48000/2
            a=rtpmap:63 red/48000/2
            a=fmtp:63 96/96
            a=rtpmap:97 red/8000
            a=fmtp:97 0/0/0
            """)
        let (description, agreement) = try answer(text, willing)
        #expect(agreement.redundancy == RedundancyFormat(63))
        #expect(description.media[0].formats == ["96", "63"])
        #expect(description.media[0].attributes.contains { $0.name == "fmtp" && $0.value == "63 96/96/96" })
        #expect(try answer(text).agreement.redundancy == nil)
        let narrow = try answer(text, MediaCapabilities(codecs: [.pcmu], redundancy: true))
        #expect(narrow.agreement.redundancy == RedundancyFormat(97))
    }

    @Test(
        "redundancy around something else, or that cannot be read, is not agreed to",
        arguments: ["a=fmtp:97 8/8", "a=fmtp:97 0/8", "a=fmtp:97 0/x", "a=fmtp:97 128/128"])
    func refused(line: String) throws {
        let text = offer("m=audio 4000 RTP/AVP 0 97\na=rtpmap:97 red/8000\n\(line)")
        #expect(try answer(text, willing).agreement.redundancy == nil)
    }

    @Test("an offer names it once for each clock; both sides' types are kept, in later offers too")
    func offered() throws {
        let first = try made(willing)
        #expect(first.media[0].formats == ["111", "8", "0", "63", "121", "110", "101"])
        #expect(first.media[0].attributes.contains { $0.value == "121 8/8/8" })
        let reply = offer(
            """
            m=audio 4000 RTP/AVP 111 99
            a=rtpmap:111 opus/48000/2
            a=rtpmap:99 red/48000/2
            a=fmtp:99 111/111
            """)
        let agreement = try OfferAnswer.apply(answer: SessionDescription(parsing: reply), to: first)
        #expect(agreement.redundancy?.sendPayloadType == 99 && agreement.redundancy?.receivePayloadType == 63)
        #expect(try made(willing, previous: first).media[0].formats == first.media[0].formats)
        let plain = offer("m=audio 4000 RTP/AVP 0")
        #expect(try OfferAnswer.apply(answer: SessionDescription(parsing: plain), to: first).redundancy == nil)
    }
}

extension RedundancyFormat {
    fileprivate init(_ payloadType: UInt8) {
        self.init(sendPayloadType: payloadType, receivePayloadType: payloadType)
    }
}
