import Testing

@testable import VoiceEnhancement

@Suite struct EchoTests {
    static let seconds = 12.0
    static let far = Sounds.voice(seconds: seconds, pitch: 190, seed: 3)
    static let near = Sounds.voice(seconds: seconds, pitch: 110, seed: 9)
    static let quiet = Sounds.noise(seconds: seconds, level: 0.0006, seed: 4)
    static let echo = Sounds.inRoom(far, delay: 640)
    static let noGain = VoiceSettings(controlsGain: false)

    static func saturated(_ sound: [Float]) -> [Float] { sound.map { max(-0.12, min(0.12, $0)) } }

    enum Loudspeaker: String, CaseIterable, CustomTestStringConvertible {
        case plain, saturated, drifting
        var testDescription: String { rawValue }
        var echo: [Float] {
            switch self {
            case .plain: EchoTests.echo
            case .saturated: Sounds.inRoom(EchoTests.saturated(EchoTests.far), delay: 640)
            case .drifting: Sounds.drifting(EchoTests.echo, partsPerMillion: 100)
            }
        }
    }

    @Test(
        "the echo of a room is gone by 24 dB, 20 from a loudspeaker that clips, after six seconds",
        arguments: Loudspeaker.allCases)
    func singleTalk(loudspeaker: Loudspeaker) throws {
        let echo = loudspeaker.echo
        let mic = zip(echo, Self.quiet).map { $0 + $1 }
        let (sound, report) = try Bench.run(mic: mic, far: Self.far, settings: Self.noGain, delay: 640)
        #expect(Bench.loss(echo, sound, 6..<11.9) > (loudspeaker == .saturated ? 20 : 24))
        if loudspeaker == .drifting { #expect(abs(report.driftPartsPerMillion - 100) < 5) }
        if loudspeaker == .plain { #expect(abs(report.driftPartsPerMillion) < 3) }
    }

    @Test("the near speaker stays when both speak, the echo does not", arguments: Loudspeaker.allCases)
    func doubleTalk(loudspeaker: Loudspeaker) throws {
        let echo = loudspeaker.echo
        let start = Int(6 * Double(Sounds.rate))
        let near = Self.near.enumerated().map { $0.offset < start ? 0 : $0.element }
        let mic = (0..<near.count).map { near[$0] + echo[$0] + Self.quiet[$0] }
        let (sound, _) = try Bench.run(mic: mic, far: Self.far, settings: Self.noGain, delay: 640)
        let before = Bench.likeness(mic, near, delay: 0, 6.5..<11.8)
        let after = Bench.likeness(sound, Bench.highPassed(near), delay: 80, 6.5..<11.8)
        #expect(after > before + 5)
        #expect(abs(Bench.loss(near, sound, 6.5..<11.8)) < 1.5)
    }

    @Test("an echo that changes its way is found again within three seconds")
    func pathChange() throws {
        let other = Sounds.inRoom(Self.far, delay: 900, seed: 77)
        let change = Int(5 * Double(Sounds.rate))
        let mic = (0..<other.count).map { ($0 < change ? Self.echo[$0] : other[$0]) + Self.quiet[$0] }
        let (sound, _) = try Bench.run(mic: mic, far: Self.far, settings: Self.noGain, delay: 640)
        #expect(Bench.loss(mic, sound, 8..<11.9) > 20)
    }

    @Test("a delay told that is wrong does no harm", arguments: [0, 320, 640, 800])
    func wrongDelay(told: Int) throws {
        let mic = zip(Self.echo, Self.quiet).map { $0 + $1 }
        let (sound, _) = try Bench.run(mic: mic, far: Self.far, settings: Self.noGain, delay: told)
        #expect(Bench.loss(Self.echo, sound, 6..<11.9) > 20)
    }

    @Test("a voice without echo passes, 5 ms later")
    func nothingPlayed() throws {
        let mic = zip(Self.near, Self.quiet).map { $0 + $1 }
        let (sound, _) = try Bench.run(mic: mic, settings: Self.noGain)
        #expect(Bench.likeness(sound, Bench.highPassed(Self.near), delay: 80, 2..<11.8) > 12)
    }

    @Test("what the far end says does not take away what the near end says when there is no echo")
    func headset() throws {
        let mic = zip(Self.near, Self.quiet).map { $0 + $1 }
        let (sound, _) = try Bench.run(mic: mic, far: Self.far, settings: Self.noGain)
        #expect(Bench.likeness(sound, Bench.highPassed(Self.near), delay: 80, 6..<11.8) > 10)
    }
}

@Suite struct ReferenceTests {
    @Test("at the end of the line the pace is not wound up, and turns at once", arguments: [true, false])
    func ends(isEarly: Bool) {
        var arena = LaneArena(capacity: ReferenceLine.lanes(rate: 8000) + 40)
        defer { unsafe arena.base.deallocate() }
        var line = ReferenceLine(&arena, rate: 8000, tuning: Tuning())
        let (sound, played) = unsafe (arena.samples(40), [Int16](repeating: 100, count: 40))
        line.setLag(isEarly ? 20 : 8000)
        let push = isEarly ? -1.0 : 1.0
        for turn in 0..<400 {
            unsafe played.withUnsafeBufferPointer { unsafe line.write($0.baseAddress!, count: 40) }
            unsafe line.read(into: sound, count: 40)
            line.steer(lateness: turn < 300 ? push : -push, pull: 0.1, integral: 1e-5)
            if turn == 299 { #expect(line.drift == 0) }
        }
        #expect(isEarly ? line.drift < 0 && line.lag > 10 : line.drift > 0)
    }
}
