import Rings
import SoundDevice
import Testing

extension SoundDeviceTests {
    @Test(
        "a silent device keeps pace with the clock and says once that it is silent", arguments: [5000, 10_000, 20_000])
    func silentPace(periodMicroseconds: Int) async throws {
        let open = try OpenDevice(playback: ["none"], capture: ["none"], periodMicroseconds: periodMicroseconds)
        try await expectPace(of: open.device)
        #expect(
            open.reports.all == [
                .silent(
                    "sound device: playback is silent (configured as none), capture is silent (configured as none)")
            ])
        #expect(open.device.captureName == "none" && open.device.playbackName == "none")
    }

    @Test("when nothing can be opened one report names each PCM and why")
    func fallback() async throws {
        let open = try OpenDevice(playback: ["rig_nothing", "card:NOPE"], capture: ["rig_missing"])
        try #require(open.reports.all.count == 1)
        guard case .silent(let sentence) = open.reports.all[0] else {
            Issue.record("not a report of silence: \(open.reports.all)")
            return
        }
        for part in ["playback", "rig_nothing: open: No such file", "card:NOPE: open: ", "capture", "rig_missing: "] {
            #expect(sentence.contains(part), "\(sentence)")
        }
        try await expectPace(of: open.device)
    }

    @Test("a PCM without a clock is paced and does not spin", arguments: ["rig_null", "rig_file"])
    func clockless(name: String) async throws {
        let open = try OpenDevice(playback: [name], capture: ["rig_null"])
        #expect(open.reports.all.isEmpty)
        let before = try soundThreadSeconds()
        try await expectPace(of: open.device)
        #expect(try soundThreadSeconds() - before < 0.2)
        #expect(open.device.counters.losses == 0)
    }

    @Test("an idle device does not count the silence it plays as underruns, a starved one does")
    func underruns() async throws {
        let open = try OpenDevice(playback: ["none"], capture: ["none"])
        try await eventually("five periods") { open.device.counters.playbackFrames >= 2400 }
        #expect(open.device.counters.playbackUnderrunFrames == 0)
        #expect(open.play([Int16](repeating: 7, count: 500)) == 500)
        try await eventually("silence for the rest") { open.device.counters.playbackUnderrunFrames >= 460 }
    }

    @Test("a capture ring that nobody empties stays bounded and its loss is counted")
    func captureBound() async throws {
        let open = try OpenDevice(playback: ["none"], capture: ["none"])
        try await eventually("an overrun") { open.device.counters.captureOverrunFrames > 0 }
        #expect(open.device.captureRing.fill == open.device.captureRing.capacity)
    }

    @Test("a playback ring that is filled too far is shortened, so that delay does not creep")
    func playbackBound() async throws {
        let open = try OpenDevice(playback: ["none"], capture: ["none"])
        _ = open.play([Int16](repeating: 7, count: 8000))
        try await eventually("sound thrown away") { open.device.counters.playbackDiscardedFrames > 0 }
        #expect(open.device.playbackRing.fill <= 960)
    }

    @Test("what is put into the ring is played in order")
    func played() async throws {
        let rig = try SoundRig.shared.get()
        let sequence = (1...4000).map { Int16($0) }
        let open = try OpenDevice(playback: ["rig_file"], capture: ["none"])
        #expect(open.device.playbackName == "rig_file")
        try await eventually("the start") { open.device.counters.playbackFrames > 4800 }
        var next = 0
        try await eventually("the ring took it") {
            let room = max(0, 1000 - open.device.playbackRing.fill)
            next += open.play(Array(sequence[next..<min(sequence.count, next + room)]))
            return next == sequence.count && open.device.playbackRing.fill == 0
        }
        let frames = open.device.counters.playbackFrames
        try await eventually("the last period left") { open.device.counters.playbackFrames > frames + 960 }
        open.device.close()
        let heard = try rig.samples(of: "played.raw").filter { $0 != 0 }
        let isSame = heard == sequence
        #expect(isSame, "\(heard.count) samples came through")
    }

    @Test("a PCM that fails again and again is lost, does not spin, and the clock takes over")
    func failing() async throws {
        let open = try OpenDevice(playback: ["rig_failing"], capture: ["none"])
        let cpu = try soundThreadSeconds()
        try await eventually("the loss") { open.device.counters.losses > 0 }
        try await eventually("the clock") { open.device.counters.playbackFrames > 9600 }
        #expect(try soundThreadSeconds() - cpu < 0.2)
        #expect(open.reports.all.contains(.lost(.playback, name: "rig_failing", reason: "Broken pipe")))
    }

    @Test("what a PCM captures comes out of the ring in order")
    func captured() async throws {
        let rig = try SoundRig.shared.get()
        try rig.write((1...30_000).map { Int16($0) }, to: "heard.raw")
        let open = try OpenDevice(playback: ["none"], capture: ["rig_loop_in"])
        #expect(open.device.captureName == "rig_loop_in")
        var heard: [Int16] = []
        try await eventually("a second of sound") {
            heard += open.record()
            return heard.count > 20_000
        }
        let sound = heard.drop { $0 == 0 }.prefix(15_000)
        #expect(
            open.device.counters.captureOverrunFrames > 0 || zip(sound, sound.dropFirst()).allSatisfy { $1 == $0 + 1 })
    }

    @Test("closing is quick and may be repeated; the counters stay")
    func close() async throws {
        let open = try OpenDevice(playback: ["none"], capture: ["rig_null"])
        try await eventually("some periods") { open.device.counters.playbackFrames >= 2400 }
        let start = ContinuousClock.now
        open.device.close()
        #expect(ContinuousClock.now - start < .milliseconds(500))
        open.device.close()
        #expect(open.device.counters.playbackFrames >= 2400)
    }

    /// Frames against elapsed time over half a second, within 2 % and two periods.
    func expectPace(of device: SoundDevice, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let clock = ContinuousClock()
        // A PCM without clock first takes what its buffer and its lead hold.
        try await eventually("the first frames", sourceLocation: sourceLocation) {
            device.counters.playbackFrames > 9600 && device.counters.captureFrames > 9600
        }
        let begin = (clock.now, device.counters)
        try await eventually("half a second", sourceLocation: sourceLocation) {
            device.counters.playbackFrames >= begin.1.playbackFrames + 24_000
        }
        let end = (clock.now, device.counters)
        let elapsed = Double((end.0 - begin.0) / .microseconds(1)) * 48 / 1000
        for frames in [
            end.1.playbackFrames - begin.1.playbackFrames, end.1.captureFrames - begin.1.captureFrames,
        ] {
            #expect(
                abs(Double(frames) - elapsed) < elapsed * 0.02 + 2 * Double(device.periodFrames),
                sourceLocation: sourceLocation)
        }
    }
}
