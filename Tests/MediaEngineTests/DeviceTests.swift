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
    @Test("a device that drives its mix is taken a step at a time as it comes, from the newest on")
    func driving() throws {
        let ring = try SampleRingBench(drives: true)
        defer { ring.close() }
        for _ in 1...3 { ring.deviceCaptures(480) }
        #expect(ring.workerPulls(480) == [3, 3])
        #expect(ring.workerPulls(480) == nil)
        for period in 4..<100 {
            ring.deviceCaptures(480)
            #expect(ring.workerPulls(480) == [Int16(period), Int16(period)])
            #expect(ring.captureFill == 0)
        }
    }

    @Test("a device that does not drive waits for a period more, which is there at every step from then on")
    func following() throws {
        let ring = try SampleRingBench(drives: false)
        defer { ring.close() }
        ring.deviceCaptures(480)
        #expect(ring.workerPulls(480) == nil)
        ring.deviceCaptures(480)
        #expect(ring.workerPulls(480) == nil)
        ring.deviceCaptures(480)
        #expect(ring.workerPulls(480) != nil)
        for _ in 0..<100 {
            ring.deviceCaptures(480)
            #expect(ring.workerPulls(480) != nil)
            #expect(ring.captureFill == 480 + 96)
        }
    }

    @Test("a worker that stood still does not tell late what it missed")
    func standstill() throws {
        let ring = try SampleRingBench(drives: true)
        defer { ring.close() }
        ring.deviceCaptures(480)
        #expect(ring.workerPulls(480) == [1, 1])
        for _ in 0..<8 { ring.deviceCaptures(480) }
        #expect(ring.workerPulls(480) == [9, 9])
        ring.workerPushes(480)
        #expect(ring.playbackFill == 480)
    }
}
