import CallModel
import EdgeProtocols
import Rings
import Testing

@testable import MediaEngine

@Suite(.serialized) struct PortTests {
    @Test(
        "a port at any rate hears a G.711 phone and is heard by it, also where the mix runs at another rate",
        arguments: [8000, 16_000, 24_000, 48_000])
    func bothWays(rate: Int) throws {
        let bench = try EngineBench(ports: 45_000...45_099)
        defer { bench.engine.stop() }
        let phone = LoopbackPhone()
        defer { phone.stop() }
        let port = AudioPort(rate: rate, doorbell: -1)
        let bot = LegID.make()
        try bench.engine.openPort(bot, port)
        let room = ConversationID.make()
        bench.engine.attach(bot, to: room, audio: .flowing)
        bench.engine.attach(try bench.connect(phone, frequency: 400), to: room, audio: .flowing)
        let speech = Tones.sine(700, rate: rate, seconds: 3)
        var said = 0
        var heard: [Int16] = []
        let isHeard = eventually(within: 4) {
            said += port.rings.toMix.push(speech[said..<min(speech.count, said + port.rings.toMix.space)])
            while port.rings.fromMix.fill >= port.frame { heard += port.rings.fromMix.pop(port.frame) }
            return said == speech.count
        }
        #expect(isHeard)
        let middle = Array(heard.suffix(rate))
        #expect(abs(Tones.level(of: 400, in: middle, rate: rate) - 8000) < 500)
        #expect(Tones.level(of: 700, in: middle, rate: rate) < 100, "it hears itself")
        #expect(abs(Tones.level(of: 700, in: phone.heard(last: 40)) - 8000) < 500)
        bench.engine.close(bot)
        #expect(eventually { bench.engine.gauges().legs == 1 })
        #expect(throws: MediaRefusal.self) { try bench.engine.renegotiate(bot, offer: nil) }
    }
}

@Suite struct PortLinkTests {
    @Test("sound begins one frame after it came, ends in silence, and a lone half frame is said too")
    func preRoll() {
        let bench = PortBench(rate: 8000)
        defer { bench.close() }
        bench.says(160)
        #expect(bench.pull(160) == 0, "one frame waits for another")
        bench.says(160)
        #expect(bench.pull(160) == 160)
        #expect(bench.pull(160) == 160)
        #expect(bench.pull(160) == 0)
        bench.says(80)
        #expect(bench.pull(160) == 0)
        #expect(bench.pull(160) == 80)
        #expect(bench.pull(160) == 0)
    }

    @Test("what is taken back is not said, but for the rest of the frame that was begun")
    func takenBack() {
        let bench = PortBench(rate: 8000)
        defer { bench.close() }
        bench.says(800)
        #expect(bench.pull(80) == 80)
        bench.rings.takeBack()
        #expect(bench.pull(80) == 80)
        #expect(bench.pull(80) == 0)
        #expect(bench.rings.toMix.fill == 0)
        bench.says(320)
        #expect(bench.pull(80) == 80, "what came later is said")
    }
}
