import CallModel
import EdgeProtocols
import Testing

@testable import MediaEngine

@Suite(.serialized) struct DeviceTests {
    @Test("a silent paced device is a member like others and gives its memory back")
    func silentDevice() throws {
        let bench = try EngineBench(ports: 44_000...44_099)
        defer { bench.engine.stop() }
        let phone = LoopbackPhone()
        defer { phone.stop() }
        let kiosk = LegID.make()
        try bench.engine.openDevice(kiosk, device: DeviceSetting(playback: ["none"], capture: ["none"]))
        let room = ConversationID.make()
        bench.engine.attach(kiosk, to: room, audio: .flowing)
        bench.engine.attach(try bench.connect(phone, frequency: 400), to: room, audio: .flowing)
        // The mix is wide and ticks every 10 ms: the phone still gets its 20 ms packets without a hole.
        #expect(eventually { phone.packets.count > 50 })
        let packets = phone.packets
        for (one, next) in zip(packets, packets.dropFirst()) {
            #expect(next.sequence == one.sequence &+ 1 && next.timestamp == one.timestamp &+ 160)
        }
        #expect(
            eventually {
                bench.reports.contains { report in
                    if case .firstAudio(kiosk, at: _) = report { return true }
                    return false
                }
            })
        let play = PlayID.make()
        let clip = PCMClip(sampleRate: 8000, samples: Tones.sine(500, rate: 8000, seconds: 0.5))
        bench.engine.play(clip, as: play, to: .conversation(room), loop: 1, gainDecibels: 0)
        #expect(eventually { abs(Tones.level(of: 500, in: phone.heard(last: 15)) - 8000) < 400 })
        #expect(eventually { bench.donePlays() == [play] })
        bench.engine.close(kiosk)
        #expect(eventually { bench.engine.gauges().legs == 1 })
        #expect(throws: MediaRefusal.self) { try bench.engine.renegotiate(kiosk, offer: nil) }
    }
}

@Suite struct DeviceLinkTests {
    /// A card that runs 300 ppm off, for ten minutes of 10 ms steps, by hand.
    @Test("a ring between two crystals neither runs dry nor fills up", arguments: [-300, 0, 300])
    func drift(partsPerMillion: Int) {
        let capture = SampleRingBench()
        defer { capture.close() }
        var produced = 0.0
        var dry = 0
        var highest = 0
        for step in 0..<60_000 {
            produced += 480 * (1 + Double(partsPerMillion) / 1e6)
            while produced >= 480 {
                produced -= 480
                capture.deviceCaptures(480)
                capture.devicePlays(480)
            }
            let isVoiced = capture.workerPulls(480)
            capture.workerPushes(480)
            if step > 100 {
                if !isVoiced { dry += 1 }
                highest = max(highest, capture.captureFill, capture.playbackFill)
            }
        }
        #expect(dry == 0)
        #expect(capture.playbackDry <= 1)
        #expect(highest <= 480 * 4)
    }
}
