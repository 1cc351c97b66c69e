import Foundation
import Rings
import SoundDevice
import Testing

extension SoundDeviceTests {
    @Test("what is put into the ring is in the air of a virtual card, in order", arguments: [5000, 10_000])
    func inTheAir(periodMicroseconds: Int) async throws {
        let rig = try SoundRig.shared.get()
        let sequence = (1...4000).map { Int16($0) }
        let open = try OpenDevice(playback: ["loop"], capture: ["none"], periodMicroseconds: periodMicroseconds)
        var next = 0
        try await eventually("the ring took it") {
            let room = max(0, 1000 - open.device.playbackRing.fill)
            next += open.play(Array(sequence[next..<min(sequence.count, next + room)]))
            return next == sequence.count && open.device.playbackRing.fill == 0
        }
        let frames = open.device.counters.playbackFrames
        try await eventually("the last period left") { open.device.counters.playbackFrames > frames + 1920 }
        let heard = try Medium(rig.folder + "/card/loop").newest(12_000).samples.filter { $0 != 0 }
        let isSame = heard == sequence
        #expect(isSame, "\(heard.count) samples came through")
    }

    @Test("an xrun on command is counted and survived", arguments: SoundDirection.allCases)
    func xrun(direction: SoundDirection) async throws {
        let rig = try SoundRig.shared.get()
        try rig.command("loop-control", [:])
        let open = try OpenDevice(playback: ["loop"], capture: ["loop"])
        try await eventually("sound") { min(open.frames(.playback), open.frames(.capture)) > 9600 }
        let before = open.xruns(direction)
        try rig.command("loop-control", ["\(direction)_xruns": 1])
        try await eventually("the xrun") { open.xruns(direction) > before }
        let frames = open.frames(direction)
        try await eventually("sound again") { open.frames(direction) > frames + 9600 }
        #expect(open.reports.all.isEmpty && open.device.counters.losses == 0)
    }

    @Test("after an xrun sound goes on within two periods", arguments: SoundDirection.allCases)
    func recovery(direction: SoundDirection) async throws {
        let rig = try SoundRig.shared.get()
        try rig.command("loop-control", [:])
        let open = try OpenDevice(playback: ["loop"], capture: ["loop"])
        try await eventually("sound") { min(open.frames(.playback), open.frames(.capture)) > 9600 }
        var gaps: [Duration] = []
        // The machine may be late by itself: the quickest of five counts.
        for number in 1...5 {
            let before = open.xruns(direction)
            try rig.command("loop-control", ["\(direction)_xruns": Double(number)])
            try await eventually("the xrun") { open.xruns(direction) > before }
            let start = ContinuousClock.now
            let frames = open.frames(direction)
            try await eventually("sound again") { open.frames(direction) > frames }
            gaps.append(ContinuousClock.now - start)
        }
        #expect(try #require(gaps.min()) < .milliseconds(21))
    }

    @Test("a card's return is noticed within half a second")
    func quickReturn() async throws {
        let rig = try SoundRig.shared.get()
        try rig.command("control", [:])
        let open = try OpenDevice(playback: ["none"], capture: ["kiosk"])
        try await eventually("sound") { open.frames(.capture) > 9600 }
        try rig.command("control", ["unplugged": 1])
        try await eventually("the loss") { open.reports.all.count == 2 }
        let start = ContinuousClock.now
        try rig.command("control", [:])
        try await eventually("the return") { open.reports.all.count == 3 }
        #expect(ContinuousClock.now - start < .milliseconds(500))
    }

    @Test("a channel that the card does not have is a reason in words")
    func missingChannel() throws {
        var configuration = SoundDeviceConfiguration(playback: ["loop"], capture: ["none"])
        configuration.playbackChannels = [5]
        let reports = Reports()
        let device = try SoundDevice(configuration) { reports.add($0) }
        defer { device.close() }
        guard case .silent(let sentence)? = reports.all.first else {
            Issue.record("no report of silence: \(reports.all)")
            return
        }
        #expect(sentence.contains("it has 1 channels, none is number 5"), "\(sentence)")
    }

    @Test("a card that is unplugged is reported, and its return is too")
    func unplugged() async throws {
        let rig = try SoundRig.shared.get()
        try rig.command("control", [:])
        let open = try OpenDevice(playback: ["kiosk"], capture: ["kiosk"])
        try await eventually("sound") { min(open.frames(.playback), open.frames(.capture)) > 9600 }
        try rig.command("control", ["unplugged": 1])
        try await eventually("both losses") { open.reports.all.count >= 2 }
        let frames = open.frames(.capture)
        try await eventually("the clock") { open.frames(.capture) > frames + 9600 }
        try rig.command("control", [:])
        try await eventually("both returns") { open.reports.all.count >= 4 }
        #expect(
            Set(open.reports.all) == [
                .lost(.playback, name: "kiosk", reason: "No such device"),
                .lost(.capture, name: "kiosk", reason: "No such device"), .back(.playback, name: "kiosk"),
                .back(.capture, name: "kiosk"),
            ])
    }

    @Test("the next card of the list takes over from one that is unplugged")
    func nextCard() async throws {
        let rig = try SoundRig.shared.get()
        try rig.command("control", [:])
        try rig.command("spare-control", [:])
        let open = try OpenDevice(playback: ["kiosk", "spare"], capture: ["none"])
        try await eventually("sound") { open.frames(.playback) > 9600 }
        try rig.command("control", ["unplugged": 1])
        try await eventually("the other card") { open.reports.all.count >= 3 }
        #expect(
            Array(open.reports.all.dropFirst()) == [
                .lost(.playback, name: "kiosk", reason: "No such device"), .back(.playback, name: "spare"),
            ])
        try rig.command("control", [:])
    }

    @Test("the preferred card takes over again when it is back")
    func preferredCard() async throws {
        let rig = try SoundRig.shared.get()
        try rig.command("control", ["unplugged": 1])
        try rig.command("spare-control", [:])
        let open = try OpenDevice(playback: ["kiosk", "spare"], capture: ["none"])
        defer { open.device.close() }
        try await eventually("sound of the other card") { open.frames(.playback) > 9600 }
        #expect(open.reports.all.count == 1, "the microphone is silent")
        try rig.command("control", [:])
        try await eventually("the return") { open.reports.all.count == 2 }
        // A card that is gone again is replaced, and comes back again.
        try rig.command("control", ["unplugged": 1])
        try await eventually("the other card") { open.reports.all.count == 4 }
        try rig.command("control", [:])
        try await eventually("the second return") { open.reports.all.count == 5 }
        #expect(
            Array(open.reports.all.dropFirst()) == [
                .preferred(.playback, name: "kiosk", from: "spare"),
                .lost(.playback, name: "kiosk", reason: "No such device"), .back(.playback, name: "spare"),
                .preferred(.playback, name: "kiosk", from: "spare"),
            ])
        let frames = open.frames(.playback)
        try await eventually("sound") { open.frames(.playback) > frames + 9600 }
    }

    @Test("controls of a card's mixer are set by name, and what is not there is told with what there is")
    func mixer() async throws {
        let rig = try SoundRig.shared.get()
        try rig.command("control", [:])
        func state() throws -> [Int] {
            try String(contentsOfFile: rig.folder + "/card/mixer", encoding: .utf8).split(separator: " ")
                .compactMap { Int($0) }
        }
        var configuration = SoundDeviceConfiguration(playback: ["kiosk"], capture: ["kiosk"])
        configuration.mixer = [
            MixerLevel(control: "Master", percent: 75), MixerLevel(control: "Capture", percent: nil),
            MixerLevel(control: "Beep", percent: 10), MixerLevel(control: "Headphone", percent: 10),
        ]
        let reports = Reports()
        let device = try SoundDevice(configuration) { reports.add($0) }
        defer { device.close() }
        // Master 48 of 64 and on, Capture off.
        #expect(try state().prefix(4) == [48, 1, 16, 0])
        #expect(
            reports.all == [
                .mixer(
                    "kiosk: Beep: it has no volume, it is only on or off; "
                        + "no control 'Headphone'; there are Master, Beep, Capture")
            ])
        // Set anew when the card is back.
        try "1 0 1 1 1 ".write(toFile: rig.folder + "/card/mixer", atomically: true, encoding: .utf8)
        try rig.command("control", ["unplugged": 1])
        try await eventually("both losses") { reports.all.count >= 3 }
        try rig.command("control", [:])
        try await eventually("the mixer") { try state().prefix(4) == [48, 1, 1, 0] }
    }

    @Test("a card that sleeps for a moment goes on when it wakes")
    func suspended() async throws {
        let rig = try SoundRig.shared.get()
        try rig.command("loop-control", [:])
        let open = try OpenDevice(playback: ["loop"], capture: ["loop"])
        try await eventually("sound") { min(open.frames(.playback), open.frames(.capture)) > 9600 }
        try rig.command("loop-control", ["suspended": 1])
        var seen = (frames: 0, since: ContinuousClock.now)
        try await eventually("the standstill") {
            let frames = open.frames(.capture)
            if frames != seen.frames { seen = (frames, .now) }
            return ContinuousClock.now - seen.since > .milliseconds(100)
        }
        try rig.command("loop-control", [:])
        try rig.command("loop-control", ["suspended": 0])
        let frames = (open.frames(.playback), open.frames(.capture))
        try await eventually("sound again") {
            open.frames(.playback) > frames.0 + 9600 && open.frames(.capture) > frames.1 + 9600
        }
        #expect(open.reports.all.isEmpty)
    }
}

extension OpenDevice {
    fileprivate func frames(_ direction: SoundDirection) -> Int {
        direction == .playback ? device.counters.playbackFrames : device.counters.captureFrames
    }

    fileprivate func xruns(_ direction: SoundDirection) -> Int {
        direction == .playback ? device.counters.playbackXruns : device.counters.captureXruns
    }
}
