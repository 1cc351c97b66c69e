import CallModel
import EdgeProtocols
import Testing

@testable import MediaEngine

@Suite(.serialized) struct NegotiationTests {
    /// Phone → engine → (codec, SRTP or not) → engine → phone.
    @Test(
        "sound goes through two engines by every codec, plain and protected",
        arguments: ["opus", "pcma", "pcmu", "g722", "l16/8000", "l16/16000", "l16/48000"], [SRTPPolicy.off, .required])
    func chain(codec: String, srtp: SRTPPolicy) throws {
        let bench = try EngineBench(ports: 43_000...43_099)
        let far = try EngineBench(ports: 43_100...43_199)
        defer {
            bench.engine.stop()
            far.engine.stop()
        }
        let (phone, other) = (LoopbackPhone(), LoopbackPhone())
        defer {
            phone.stop()
            other.stop()
        }
        let policy = MediaPolicy(codecs: [codec], srtp: srtp, mayExchangeKeys: true)
        let (out, into) = (LegID.make(), LegID.make())
        let offer = try bench.engine.offer(out, policy: policy)
        let answer = try far.engine.accept(into, offer: offer, policy: policy, signallingAddress: EngineBench.peer)
        #expect(
            try far.engine.accept(into, offer: offer, policy: policy, signallingAddress: EngineBench.peer) == answer)
        try bench.engine.applyAnswer(out, answer: answer, signallingAddress: EngineBench.peer)
        let (near, end) = (ConversationID.make(), ConversationID.make())
        bench.engine.attach(try bench.connect(phone, frequency: 400), to: near, audio: .flowing)
        bench.engine.attach(out, to: near, audio: .flowing)
        far.engine.attach(try far.connect(other, frequency: 700), to: end, audio: .flowing)
        far.engine.attach(into, to: end, audio: .flowing)
        #expect(eventually(within: 8) { abs(Tones.level(of: 400, in: other.heard(last: 25)) - 8000) < 1500 })
        #expect(eventually(within: 8) { abs(Tones.level(of: 700, in: phone.heard(last: 25)) - 8000) < 1500 })
        #expect(Tones.level(of: 400, in: phone.heard(last: 25)) < 200)
        #expect(far.engine.statistics(into).codec == codec)
        far.engine.sendDigits(into, "7")
        #expect(eventually { bench.digits == "7" })
    }

    @Test("the codec changes within a call, up and down, and both go on hearing each other")
    func codecChange() throws {
        let bench = try EngineBench(ports: 43_800...43_899)
        let far = try EngineBench(ports: 43_900...43_999)
        defer {
            bench.engine.stop()
            far.engine.stop()
        }
        let (phone, other) = (LoopbackPhone(), LoopbackPhone())
        defer {
            phone.stop()
            other.stop()
        }
        let policy = MediaPolicy(codecs: ["opus", "g722", "pcmu", "l16/16000"])
        let (out, into) = (LegID.make(), LegID.make())
        let (near, end) = (ConversationID.make(), ConversationID.make())
        let peer = EngineBench.peer
        let offer = Self.narrowed(try bench.engine.offer(out, policy: policy), to: "0")
        let answer = try far.engine.accept(into, offer: offer, policy: policy, signallingAddress: peer)
        try bench.engine.applyAnswer(out, answer: answer, signallingAddress: peer)
        bench.engine.attach(try bench.connect(phone, frequency: 400), to: near, audio: .flowing)
        bench.engine.attach(out, to: near, audio: .flowing)
        far.engine.attach(try far.connect(other, frequency: 700), to: end, audio: .flowing)
        far.engine.attach(into, to: end, audio: .flowing)
        for (format, name) in [("0", "pcmu"), ("9", "g722"), ("111", "opus"), ("113", "l16/16000"), ("0", "pcmu")] {
            let again = Self.narrowed(try bench.engine.renegotiate(out, offer: nil), to: format)
            let taken = try far.engine.renegotiate(into, offer: again)
            try bench.engine.applyAnswer(out, answer: taken, signallingAddress: peer)
            #expect(far.engine.statistics(into).codec == name)
            phone.clear()
            other.clear()
            for (heard, tone) in [(other, 400.0), (phone, 700)] {
                #expect(
                    eventually(within: 8) { abs(Tones.level(of: tone, in: heard.heard(last: 25)) - 8000) < 1500 },
                    "\(tone) Hz by \(name)")
            }
        }
    }

    /// An offer that names one format and telephone-events alone.
    private static func narrowed(_ offer: String, to format: String) -> String {
        let lines = offer.split(whereSeparator: \.isNewline).map { line -> String in
            guard line.hasPrefix("m=audio") else { return String(line) }
            return line.split(separator: " ").prefix(3).joined(separator: " ") + " \(format) 101"
        }
        return lines.map { $0 + "\r\n" }.joined()
    }

    @Test("packets of a stranger are neither heard nor answered")
    func stranger() throws {
        let bench = try EngineBench(ports: 43_200...43_299)
        defer { bench.engine.stop() }
        let phone = LoopbackPhone()
        let stranger = LoopbackPhone()
        defer { phone.stop() }
        let leg = LegID.make()
        var policy = MediaPolicy(codecs: ["pcmu"])
        policy.lock = .any
        let answer = try bench.engine.accept(
            leg, offer: phone.offer(), policy: policy, signallingAddress: EngineBench.peer)
        bench.engine.attach(leg, to: ConversationID.make(), audio: .flowing)
        phone.start(answer: answer, frequency: 400)
        #expect(eventually { phone.packets.count > 10 })
        let port = try #require(LoopbackPhone.port(in: answer))
        let refused = bench.engine.gauges().packetsRefused
        for _ in 0..<20 { phone.forge(from: stranger, to: port) }
        #expect(eventually { bench.engine.gauges().packetsRefused >= refused + 20 })
        let before = phone.packets.count
        #expect(eventually { phone.packets.count > before + 10 })
        #expect(stranger.packets.isEmpty)
        #expect(bench.engine.statistics(leg).packetsLost == 0)
    }

    @Test("on hold nothing is sent and the numbers go on afterwards")
    func hold() throws {
        let bench = try EngineBench(ports: 43_300...43_399)
        defer { bench.engine.stop() }
        let phone = LoopbackPhone()
        defer { phone.stop() }
        let leg = try bench.connect(phone, frequency: 400)
        bench.engine.attach(leg, to: ConversationID.make(), audio: .flowing)
        #expect(eventually { phone.packets.count > 10 })
        let held = try bench.engine.renegotiate(leg, offer: phone.offer(direction: "sendonly"))
        #expect(held.contains("a=recvonly"))
        #expect(eventually { bench.engine.statistics(leg).packetsReceived > 20 })
        let sent = bench.engine.statistics(leg).packetsSent
        let received = bench.engine.statistics(leg).packetsReceived
        #expect(eventually { bench.engine.statistics(leg).packetsReceived > received + 10 })
        #expect(bench.engine.statistics(leg).packetsSent <= sent + 1)
        let last = try #require(phone.packets.last)
        phone.clear()
        let resumed = try bench.engine.renegotiate(leg, offer: phone.offer())
        #expect(resumed.contains("a=sendrecv"))
        #expect(eventually { phone.packets.count > 10 })
        let next = try #require(phone.packets.first)
        #expect(next.sequence == last.sequence &+ 1 && next.ssrc == last.ssrc)
        #expect(Int32(bitPattern: next.timestamp &- last.timestamp) > 160)
    }

    @Test("bad offers are refused with their code and leave nothing behind")
    func refusals() throws {
        let bench = try EngineBench(ports: 43_400...43_401)
        defer { bench.engine.stop() }
        let phone = LoopbackPhone()
        func code(_ offer: String, _ policy: MediaPolicy) -> MediaRefusal.Code? {
            do throws(MediaRefusal) {
                _ = try bench.engine.accept(
                    LegID.make(), offer: offer, policy: policy, signallingAddress: EngineBench.peer)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code("nonsense", MediaPolicy()) == .malformedSDP)
        #expect(code(phone.offer(), MediaPolicy(codecs: ["opus"])) == .noCommonCodec)
        #expect(eventually { bench.engine.gauges().portPairsTaken == 0 })
        #expect(code(phone.offer(), MediaPolicy(srtp: .required, mayExchangeKeys: true)) == .srtpPolicy)
        #expect(eventually { bench.engine.gauges().portPairsTaken == 0 })
        #expect(code(phone.offer(), MediaPolicy()) == nil)
        #expect(code(phone.offer(), MediaPolicy()) == .noPorts)
    }

    @Test("a leg in a conversation that sends nothing is reported once")
    func timeout() throws {
        let bench = try EngineBench(ports: 43_500...43_599) { $0.rtpTimeoutSeconds = 1 }
        defer { bench.engine.stop() }
        let phone = LoopbackPhone()
        let leg = LegID.make()
        _ = try bench.engine.accept(
            leg, offer: phone.offer(), policy: MediaPolicy(codecs: ["pcmu"]), signallingAddress: EngineBench.peer)
        bench.engine.attach(leg, to: ConversationID.make(), audio: .flowing)
        func timeouts() -> Int {
            bench.reports.count { report in
                if case .rtpTimeout(leg) = report { return true }
                return false
            }
        }
        #expect(eventually { timeouts() == 1 })
        #expect(!eventually(within: 1) { timeouts() > 1 })
    }

    @Test("two engines tell each other by RTCP what they received, and how long the way is")
    func reports() throws {
        let bench = try EngineBench(ports: 43_600...43_699)
        let far = try EngineBench(ports: 43_700...43_799)
        defer {
            bench.engine.stop()
            far.engine.stop()
        }
        let policy = MediaPolicy(codecs: ["pcmu"])
        let (out, into) = (LegID.make(), LegID.make())
        let offer = try bench.engine.offer(out, policy: policy)
        let answer = try far.engine.accept(into, offer: offer, policy: policy, signallingAddress: EngineBench.peer)
        try bench.engine.applyAnswer(out, answer: answer, signallingAddress: EngineBench.peer)
        bench.engine.attach(out, to: ConversationID.make(), audio: .flowing)
        far.engine.attach(into, to: ConversationID.make(), audio: .flowing)
        #expect(
            eventually(within: 12) {
                [bench.engine.statistics(out), far.engine.statistics(into)].allSatisfy { statistics in
                    guard let trip = statistics.roundTripMilliseconds else { return false }
                    return trip < 200 && statistics.jitterMaximumMilliseconds >= statistics.jitterMinimumMilliseconds
                }
            })
    }
}
