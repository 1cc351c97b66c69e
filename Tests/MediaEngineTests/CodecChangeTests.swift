import CallModel
import EdgeProtocols
import Foundation
import Rings
import Testing

@testable import MediaEngine

@Suite(.serialized) struct CodecChangeTests {
    @Test("another codec within a call is heard without a click, in both directions of the change")
    func change() throws {
        let policy = MediaPolicy(codecs: ["pcmu", "pcma"])
        let near = try EngineBench(ports: 46_300...46_399)
        let far = try EngineBench(ports: 46_400...46_499)
        let phone = LoopbackPhone()
        defer {
            phone.stop()
            near.engine.stop()
            far.engine.stop()
        }
        let (leg, into, ear) = (LegID.make(), LegID.make(), LegID.make())
        let offer = try near.engine.offer(leg, policy: policy)
        let answer = try far.engine.accept(into, offer: offer, policy: policy, signallingAddress: EngineBench.peer)
        try near.engine.applyAnswer(leg, answer: answer, signallingAddress: EngineBench.peer)
        let (room, end) = (ConversationID.make(), ConversationID.make())
        far.engine.attach(try far.connect(phone, frequency: 90), to: end, audio: .flowing)
        far.engine.attach(into, to: end, audio: .flowing)
        let port = AudioPort(rate: 8000, doorbell: -1)
        try near.engine.openPort(ear, port)
        near.engine.attach(leg, to: room, audio: .flowing)
        near.engine.attach(ear, to: room, audio: .flowing)
        var heard: [Int16] = []
        func listen(_ milliseconds: Int) {
            for _ in 0..<milliseconds / 5 {
                heard += port.rings.fromMix.pop(port.rings.fromMix.fill)
                usleep(5000)
            }
        }
        #expect(
            eventually {
                listen(100)
                return heard.suffix(400).contains { $0 > 7000 }
            })
        heard = []
        for round in 0..<6 {
            let (old, new) = round % 2 == 0 ? (" 0 8", " 8") : (" 8 0", " 0")
            // The peer's next offer, of which one codec is left.
            let reoffer = try far.engine.renegotiate(into, offer: nil)
            let edited = reoffer.replacing("RTP/AVP 0 8", with: "RTP/AVP\(new)").replacing(
                "RTP/AVP 8 0", with: "RTP/AVP\(new)")
            #expect(edited != reoffer, "no\(old) in \(reoffer)")
            let reply = try near.engine.renegotiate(leg, offer: edited)
            try far.engine.applyAnswer(into, answer: reply, signallingAddress: EngineBench.peer)
            #expect(near.engine.statistics(leg).codec == (round % 2 == 0 ? "pcma" : "pcmu"))
            listen(200 + round * 3)
            #expect(heard.suffix(400).contains { $0 > 7000 }, "it is heard again")
        }
        // The tone rises by 566 a sample at most, and the codecs' steps are 512 where it is loud.
        let steps = zip(heard, heard.dropFirst()).map { abs(Int($1) - Int($0)) }
        let step = steps.max() ?? 0
        #expect(step < 1700)
    }
}
