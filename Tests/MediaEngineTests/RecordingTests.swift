import CallModel
import EdgeProtocols
import Foundation
import Rings
import Synchronization
import Testing

@testable import MediaEngine

@Suite(.serialized) struct RecordingTests {
    /// Channels of a 16-bit WAV file, read by hand.
    private func channels(_ path: String) throws -> (rate: Int, channels: [[Int16]]) {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        func number(_ offset: Int, _ count: Int) -> Int {
            bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        let (count, rate) = (number(22, 2), number(24, 4))
        var offset = 12
        while String(decoding: bytes[offset..<offset + 4], as: UTF8.self) != "data" {
            offset += 8 + number(offset + 4, 4)
        }
        let samples = stride(from: offset + 8, to: offset + 8 + number(offset + 4, 4), by: 2).map {
            Int16(truncatingIfNeeded: number($0, 2))
        }
        return (
            rate, (0..<count).map { channel in stride(from: channel, to: samples.count, by: count).map { samples[$0] } }
        )
    }

    private func path(_ name: String) -> String { NSTemporaryDirectory() + UUID().uuidString + name }

    private func result(_ bench: EngineBench, _ id: RecordingID) -> RecordingResult? {
        for report in bench.reports { if case .recordingEnded(id, let result) = report { return result } }
        return nil
    }

    private func end(_ bench: EngineBench, _ id: RecordingID) throws -> RecordingResult {
        bench.engine.stopRecording(id)
        #expect(eventually { result(bench, id) != nil })
        #expect(bench.reports.filter { if case .recordingEnded(id, _) = $0 { true } else { false } }.count == 1)
        return try #require(result(bench, id))
    }

    private func level(_ frequency: Double, _ samples: [Int16]) -> Double {
        Tones.level(of: frequency, in: Array(samples.suffix(8000)), rate: 16_000)
    }

    @Test(
        "split: the leg on the left, what it hears and its prompts on the right; relaying stops and comes back unheard")
    func split() throws {
        let bench = try EngineBench(ports: 44_000...44_099)
        defer { bench.engine.stop() }
        let (a, b) = (LoopbackPhone(), LoopbackPhone())
        defer { [a, b].forEach { $0.stop() } }
        let room = ConversationID.make()
        let frequency = 437.0
        let leg = try bench.connect(a, frequency: frequency)
        bench.engine.attach(leg, to: room, audio: .flowing)
        bench.engine.attach(try bench.connect(b, frequency: 700), to: room, audio: .flowing)
        #expect(eventually { bench.engine.gauges().packetsRelayed > 20 })
        #expect(eventually { abs(Tones.level(of: frequency, in: b.heard(last: 25)) - 8000) < 300 })
        b.clear()
        let (id, file) = (RecordingID.make(), path(".wav"))
        bench.engine.startRecording(
            id, of: .leg(leg), setting: RecordingSetting(format: .wav, channels: 2, path: file))
        let prompt = PCMClip(sampleRate: 8000, samples: Tones.sine(1100, rate: 8000, seconds: 5))
        bench.engine.play(prompt, as: .make(), to: .conversation(room), loop: 1, gainDecibels: 0)
        usleep(1_200_000)
        let ended = try end(bench, id)
        #expect(ended.failure == nil && ended.milliseconds > 900)
        let (rate, sound) = try channels(file)
        #expect(rate == 16_000 && sound.count == 2)
        #expect(level(frequency, sound[0]) > 7500 && level(700, sound[0]) < 100 && level(1100, sound[0]) < 100)
        #expect(level(700, sound[1]) > 7500 && level(1100, sound[1]) > 7000 && level(frequency, sound[1]) < 100)
        try FileManager.default.removeItem(atPath: file)
    }

    @Test("a recording of a relayed call begins and ends without a seam in what is heard")
    func seam() throws {
        let bench = try EngineBench(ports: 44_100...44_199)
        defer { bench.engine.stop() }
        let (a, b) = (LoopbackPhone(), LoopbackPhone())
        defer { [a, b].forEach { $0.stop() } }
        let room = ConversationID.make()
        let frequency = 437.0
        let leg = try bench.connect(a, frequency: frequency)
        bench.engine.attach(leg, to: room, audio: .flowing)
        bench.engine.attach(try bench.connect(b, frequency: nil), to: room, audio: .flowing)
        #expect(eventually { abs(Tones.level(of: frequency, in: b.heard(last: 25)) - 8000) < 300 })
        b.clear()
        for _ in 1...3 {
            let (id, file) = (RecordingID.make(), path(".ogg"))
            bench.engine.startRecording(
                id, of: .leg(leg), setting: RecordingSetting(format: .ogg, channels: 1, path: file))
            usleep(300_000)
            let ended = try end(bench, id)
            #expect(ended.milliseconds > 100 && ended.byteCount > 0)
            let relayed = bench.engine.gauges().packetsRelayed
            #expect(eventually { bench.engine.gauges().packetsRelayed > relayed + 10 })
            try FileManager.default.removeItem(atPath: file)
        }
        let heard = b.heard(last: 1000)
        #expect(heard.count > 8000)
        let turn = 2 * cos(2 * Double.pi * frequency / 8000)
        let breaks = (2..<heard.count).filter { index in
            abs(Double(heard[index]) - turn * Double(heard[index - 1]) + Double(heard[index - 2])) > 1200
        }
        #expect(breaks.isEmpty, "\(breaks.count) of \(heard.count)")
    }

    @Test("more channels: the leg, then one for each party, the last for the rest; a muted party is left out")
    func parties() throws {
        let bench = try EngineBench(ports: 44_200...44_299)
        defer { bench.engine.stop() }
        let frequencies = [400.0, 700.0, 1100.0, 1700.0]
        let phones = frequencies.map { _ in LoopbackPhone() }
        defer { phones.forEach { $0.stop() } }
        let room = ConversationID.make()
        var legs: [LegID] = []
        for (phone, frequency) in zip(phones, frequencies) {
            legs.append(try bench.connect(phone, frequency: frequency))
            bench.engine.attach(legs[legs.count - 1], to: room, audio: .flowing)
        }
        #expect(eventually { phones.allSatisfy { $0.packets.count > 20 } })
        let (id, file) = (RecordingID.make(), path(".wav"))
        let (mixed, mixedFile) = (RecordingID.make(), path(".wav"))
        bench.engine.startRecording(
            id, of: .leg(legs[0]), setting: RecordingSetting(format: .wav, channels: 3, path: file))
        bench.engine.startRecording(
            mixed, of: .conversation(room), setting: RecordingSetting(format: .wav, channels: 1, path: mixedFile))
        bench.engine.update(legs[3], audio: MemberAudio(flowing: true, muted: true))
        usleep(900_000)
        _ = try end(bench, id)
        _ = try end(bench, mixed)
        let sound = try channels(file).channels
        try #require(sound.count == 3)
        #expect(level(400, sound[0]) > 7500 && level(700, sound[1]) > 7500 && level(1100, sound[2]) > 7500)
        #expect(level(1100, sound[1]) < 100 && level(700, sound[2]) < 100 && level(1700, sound[2]) < 100)
        let all = try channels(mixedFile).channels
        for frequency in frequencies.dropLast() { #expect(level(frequency, all[0]) > 7500) }
        #expect(level(1700, all[0]) < 100)
        for name in [file, mixedFile] { try FileManager.default.removeItem(atPath: name) }
    }

    /// Ports at 8, 16 and 48 kHz, fed from a thread of its own with a tone each.
    private final class Speakers: Sendable {
        let ports: [AudioPort]
        private let shouldStop = Atomic<Bool>(false)

        init(_ voices: [(rate: Int, tones: [Double])]) {
            ports = voices.map { AudioPort(rate: $0.rate, doorbell: -1) }
            let sounds = voices.map { voice in
                (0..<voice.rate).map { index -> Int16 in
                    let phase = 2 * Double.pi * Double(index) / Double(voice.rate)
                    return Int16(voice.tones.reduce(0) { $0 + 6000 * sin(phase * $1) })
                }
            }
            Thread { [ports, self] in
                var said = ports.map { _ in 0 }
                while !self.shouldStop.load(ordering: .relaxed) {
                    for (index, port) in ports.enumerated() {
                        while port.rings.toMix.space >= port.rate / 100 {
                            let start = said[index] % port.rate
                            said[index] += port.rings.toMix.push(sounds[index][start..<start + port.rate / 100])
                        }
                        _ = port.rings.fromMix.pop(port.rings.fromMix.fill)
                    }
                    usleep(2000)
                }
            }.start()
        }

        func stop() { shouldStop.store(true, ordering: .relaxed) }
    }

    @Test("members at 8, 16 and 48 kHz are recorded each on its channel, all in the mix, at their level and unbroken")
    func rates() throws {
        let bench = try EngineBench(ports: 45_600...45_699)
        // What a file of 16 kHz cannot hold (12 300 Hz) must not come back as 3 700 Hz.
        let speakers = Speakers([(8000, [400]), (16_000, [5000]), (48_000, [1100, 12_300])])
        defer {
            speakers.stop()
            bench.engine.stop()
        }
        let room = ConversationID.make()
        let phone = LoopbackPhone()
        defer { phone.stop() }
        let leg = try bench.connect(phone, frequency: 700)
        bench.engine.attach(leg, to: room, audio: .flowing)
        for port in speakers.ports {
            let member = LegID.make()
            try bench.engine.openPort(member, port)
            bench.engine.attach(member, to: room, audio: .flowing)
        }
        #expect(eventually { phone.packets.count > 20 })
        let settings: [(RecordingSource, Int)] = [
            (.leg(leg), 5), (.leg(leg), 2), (.conversation(room), 1),
        ]
        let started = settings.map { ($0, $1, RecordingID.make(), path(".wav")) }
        for (source, channels, id, file) in started {
            bench.engine.startRecording(
                id, of: source, setting: RecordingSetting(format: .wav, channels: channels, path: file))
        }
        let before = phone.packets.count
        #expect(eventually { phone.packets.count > before + 75 })
        var sounds: [[[Int16]]] = []
        for (_, channels, id, file) in started {
            #expect(try end(bench, id).failure == nil)
            let (rate, sound) = try self.channels(file)
            #expect(rate == 16_000 && sound.count == channels)
            sounds.append(sound)
            try FileManager.default.removeItem(atPath: file)
        }
        /// The last second has these tones and no others.
        func holds(_ sound: [Int16], _ tones: [(Double, Double)], _ name: String) {
            for frequency in [400.0, 700, 1100, 3700, 5000] {
                let wanted = tones.first { $0.0 == frequency }?.1 ?? 0
                let level = level(frequency, sound)
                #expect(abs(level - wanted) < max(60, wanted * 0.05), "\(frequency) Hz in \(name): \(level)")
            }
        }
        let all = [(700.0, 8000.0), (400, 6000), (5000, 6000), (1100, 6000)]
        let parts = sounds[0]
        holds(parts[0], [all[0]], "own channel")
        // In the order in which the legs were made.
        for index in 1...3 { holds(parts[index], [all[index]], "channel \(index)") }
        holds(parts[4], [], "the rest")
        holds(sounds[1][0], [all[0]], "left")
        // The leg hears what 8 kHz carry.
        holds(sounds[1][1], [all[1], all[3]], "right")
        holds(sounds[2][0], all, "mix")
        // No seam: a pure tone goes on by its own law from sample to sample.
        for (index, frequency) in [(1, 400.0), (2, 5000.0), (3, 1100.0)] {
            let sound = parts[index].suffix(8000).map(Double.init)
            let turn = 2 * cos(2 * Double.pi * frequency / 16_000)
            let breaks = (2..<sound.count).count { abs(sound[$0] - turn * sound[$0 - 1] + sound[$0 - 2]) > 60 }
            #expect(breaks == 0, "\(breaks) at \(frequency) Hz")
        }
    }

    @Test("a recording follows its leg between two workers, and keeps time")
    func follows() throws {
        let bench = try EngineBench(ports: 44_300...44_399, workers: 2)
        defer { bench.engine.stop() }
        let (mover, a, b) = (LoopbackPhone(), LoopbackPhone(), LoopbackPhone())
        defer { [mover, a, b].forEach { $0.stop() } }
        let rooms = [ConversationID.make(), ConversationID.make()]
        bench.engine.attach(try bench.connect(a, frequency: 700), to: rooms[0], audio: .flowing)
        bench.engine.attach(try bench.connect(b, frequency: 1100), to: rooms[1], audio: .flowing)
        let leg = try bench.connect(mover, frequency: 400)
        let workers = bench.engine.state.withLock { state in rooms.map { state.mixes[$0]?.worker } }
        try #require(Set(workers).count == 2)
        bench.engine.attach(leg, to: rooms[0], audio: .flowing)
        #expect(eventually { mover.packets.count > 20 })
        let (id, file) = (RecordingID.make(), path(".wav"))
        let began = ProcessInfo.processInfo.systemUptime
        bench.engine.startRecording(
            id, of: .leg(leg), setting: RecordingSetting(format: .wav, channels: 2, path: file))
        for move in 1...20 {
            bench.engine.attach(leg, to: rooms[move % 2], audio: .flowing)
            usleep(50_000)
        }
        bench.engine.attach(leg, to: rooms[1], audio: .flowing)
        usleep(700_000)
        let took = (ProcessInfo.processInfo.systemUptime - began) * 1000
        let ended = try end(bench, id)
        #expect(abs(Double(ended.milliseconds) - took) < 120)
        let sound = try channels(file).channels
        #expect(level(400, sound[0]) > 7500 && level(1100, sound[1]) > 7500 && level(700, sound[1]) < 100)
        try FileManager.default.removeItem(atPath: file)
    }

    @Test("a full disk ends the recording with the system's words, once, and the call is heard all the same")
    func diskFull() throws {
        let bench = try EngineBench(ports: 44_400...44_499)
        defer { bench.engine.stop() }
        let (a, b) = (LoopbackPhone(), LoopbackPhone())
        defer { [a, b].forEach { $0.stop() } }
        let room = ConversationID.make()
        let leg = try bench.connect(a, frequency: 400)
        bench.engine.attach(leg, to: room, audio: .flowing)
        bench.engine.attach(try bench.connect(b, frequency: 700), to: room, audio: .flowing)
        for format in [RecordingFormat.wav, .mp3] {
            let id = RecordingID.make()
            bench.engine.startRecording(
                id, of: .leg(leg), setting: RecordingSetting(format: format, channels: 1, path: "/dev/full"))
            #expect(eventually { result(bench, id) != nil })
            #expect(result(bench, id)?.failure == "No space left on device")
            bench.engine.stopRecording(id)
        }
        #expect(eventually { Tones.level(of: 400, in: b.heard(last: 20)) > 7500 })
        #expect(eventually { bench.engine.gauges().recordings == 0 })
    }

    @Test("so many legs are listened to at once as the limit says; more are refused by name")
    func listenings() throws {
        let bench = try EngineBench(ports: 45_900...45_999) { $0.maximumListenings = 1 }
        let phone = LoopbackPhone()
        defer {
            phone.stop()
            bench.engine.stop()
        }
        let leg = try bench.connect(phone, frequency: nil)
        let (first, second) = (ListeningID.make(), ListeningID.make())
        for id in [first, second] { bench.engine.startListening(id, to: leg, task: .machine(beepTimeoutSeconds: nil)) }
        let reasons = bench.reports.compactMap { report in
            if case .listened(second, .failed(let reason)) = report { return reason }
            return nil
        }
        #expect(reasons == ["limits.listenings is reached: 1 at once"])
        #expect(bench.engine.gauges().listenings == 1)
        bench.engine.stopListening(first)
        #expect(eventually { bench.engine.gauges().listenings == 0 })
    }

    @Test("silence is told once after its time; limits, closed legs and a stopped engine end recordings with a reason")
    func ends() throws {
        let bench = try EngineBench(ports: 44_500...44_599) { $0.maximumRecordings = 1 }
        let phone = LoopbackPhone()
        defer { phone.stop() }
        let leg = try bench.connect(phone, frequency: nil)
        bench.engine.attach(leg, to: .make(), audio: .flowing)
        let (id, second, third) = (RecordingID.make(), RecordingID.make(), RecordingID.make())
        let file = path(".wav")
        var setting = RecordingSetting(format: .wav, channels: 1, path: file)
        setting.silenceSeconds = 0.5
        bench.engine.startRecording(id, of: .leg(leg), setting: setting)
        bench.engine.startRecording(second, of: .leg(leg), setting: setting)
        #expect(result(bench, second)?.failure?.hasPrefix("limits.recordings") == true)
        #expect(eventually { bench.reports.contains { if case .recordingSilent(id) = $0 { true } else { false } } })
        usleep(300_000)
        #expect(bench.reports.filter { if case .recordingSilent = $0 { true } else { false } }.count == 1)
        bench.engine.close(leg)
        #expect(eventually { (result(bench, id)?.byteCount ?? 0) > 1000 })
        #expect(result(bench, id)?.failure == nil)
        bench.engine.startRecording(third, of: .leg(leg), setting: setting)
        #expect(result(bench, third)?.failure == "the leg has ended")
        bench.engine.stop()
        try FileManager.default.removeItem(atPath: file)
    }
}
