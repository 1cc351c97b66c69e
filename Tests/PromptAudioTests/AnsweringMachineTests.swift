import AudioGraph
import EdgeProtocols
import Logging
import PromptAudio
import Testing

/// How the detector judges synthetic greetings: 36 people, 36 machines, in varied voices, levels and noise.
@Suite struct AnsweringMachineTests {
    private static let people = [
        "Hello?", "Hello, this is John speaking.", "Yes?", "Good morning, Smith residence.", "Hi, Anna here.",
        "Hello, who is this?", "Miller.", "Good evening.", "Speaking.", "Hello, how can I help you?",
        "Yes, hello?", "Reception, good afternoon.",
    ]
    private static let machines = [
        "Hello, you have reached the voice mail of John Smith. Please leave a message after the tone.",
        "Hi, this is Anna. I can not come to the phone right now, but leave a message and I will call you back.",
        "The person you are calling is not available. Please record your message after the beep.",
        "You have reached four four one six three two. Nobody is here. Please speak after the signal.",
        "Welcome to Miller and sons. Our office is closed. We are open from nine to five on weekdays.",
        "Sorry we missed your call. Leave your name and number and we will get back to you as soon as we can.",
        "The subscriber can not be reached at the moment. Please try again later or leave a message.",
        "Hey, it is Tom, you know what to do, so do it after the tone and have a nice day.",
        "This mailbox belongs to the Green family. Please leave us a message and do not forget your number.",
        "Your call has been forwarded to an automated voice messaging system. Please record your message.",
        "Thank you for calling. All our lines are busy. If you leave a message we shall return your call.",
        "Good day. This is the answering machine of doctor Brown. In an emergency please dial one one two.",
    ]
    private static let rate = ToneTracker.sampleRate
    private static let prompts = PromptLibrary(
        folder: ".", log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) { _ throws(PromptFault) in throw PromptFault("nothing is fetched here") }

    /// Small and the same everywhere (Numerical Recipes' constants).
    private struct Dice {
        var state: UInt32
        mutating func next() -> Double {
            state = state &* 1_664_525 &+ 1_013_904_223
            return Double(state >> 8) / Double(1 << 24)
        }
        mutating func between(_ low: Double, _ high: Double) -> Double { low + (high - low) * next() }
    }

    /// Silence, a greeting, silence, and perhaps a beep, over noise.
    private static func sound(_ text: String, style: Int, beeps: Bool, seed: UInt32) async throws -> [Int16] {
        var dice = Dice(state: seed)
        let clip = try await prompts.load(
            .speech(text: text, language: seed % 2 == 0 ? "en-US" : "en-GB", style: style))
        #expect(clip.sampleRate == rate)
        let gain = dice.between(0.15, 0.9)
        var samples = [Double](repeating: 0, count: Int(dice.between(0.2, 1.2) * Double(rate)))
        samples += clip.samples.map { Double($0) * gain }
        if beeps {
            samples += [Double](repeating: 0, count: Int(dice.between(0.2, 1.5) * Double(rate)))
            let (frequency, loudness) = (dice.between(420, 1500), dice.between(2000, 9000))
            let length = Int(dice.between(0.2, 0.9) * Double(rate))
            // A rotating phasor, so that no sine is needed.
            let angle = 2 * Double.pi * frequency / Double(rate)
            let cosine = 1 - angle * angle / 2 + angle * angle * angle * angle / 24
            let coefficient = 2 * cosine
            var (one, two) = (0.0, -loudness * angle * (1 - angle * angle / 6))
            for _ in 0..<length {
                let next = coefficient * one - two
                samples.append(one)
                (two, one) = (one, next)
            }
        }
        samples += [Double](repeating: 0, count: 3 * rate)
        let noise = dice.between(5, 120)
        return samples.map { sample in
            Int16(max(-32_768, min(32_767, sample + noise * (dice.next() + dice.next() - 1) * 2)))
        }
    }

    private static func events(_ samples: [Int16], beepTimeout: Int?) -> [(AnsweringMachineDetector.Event, Double)] {
        var detector = AnsweringMachineDetector(beepTimeoutSeconds: beepTimeout)
        var events: [(AnsweringMachineDetector.Event, Double)] = []
        for start in stride(from: 0, through: samples.count - ToneTracker.frameCount, by: ToneTracker.frameCount) {
            for event in detector.hear(Array(samples[start..<start + ToneTracker.frameCount])) {
                events.append((event, Double(start + ToneTracker.frameCount) / Double(rate)))
            }
        }
        return events
    }

    @Test("of 72 greetings at least 95 % are told apart, within 5 s, and of the beeps at least 95 % are found")
    func greetings() async throws {
        var (right, beeps, latest, wrong) = (0, 0, 0.0, [String]())
        for index in 0..<36 {
            let person = Self.people[index % Self.people.count]
            let samples = try await Self.sound(
                person, style: index / 12 * 2 + index % 2, beeps: false, seed: UInt32(index + 1))
            if case (.human, let second)? = Self.events(samples, beepTimeout: 45).first {
                right += 1
                latest = max(latest, second)
            } else {
                wrong.append("person \(index): \(person)")
            }
            let machine = Self.machines[index % Self.machines.count]
            let recorded = try await Self.sound(
                machine, style: index / 12 * 2 + index % 2, beeps: true, seed: UInt32(index + 101))
            let heard = Self.events(recorded, beepTimeout: 45)
            if case (.machine, let second)? = heard.first {
                right += 1
                latest = max(latest, second)
            } else {
                wrong.append("machine \(index): \(machine)")
            }
            // A beep is found when it is, not a vowel before it: the message has been read by then.
            let spoken = Double(recorded.count) / Double(Self.rate) - 3
            if let (_, second) = heard.first(where: { $0.0 == .beep }), second > spoken - 0.3, second < spoken + 0.3 {
                beeps += 1
            } else {
                wrong.append("beep of \(index), due at \(spoken), heard \(heard)")
            }
        }
        #expect(right >= 69, "of 72; wrong: \(wrong)")
        #expect(beeps >= 35, "of 36; wrong: \(wrong)")
        #expect(latest <= 5)
    }

    @Test("nobody at all is taken for a person after 4.5 s")
    func silence() {
        let events = Self.events([Int16](repeating: 3, count: 6 * Self.rate), beepTimeout: 45)
        #expect(events.count == 1)
        guard case (.human, let second)? = events.first else { return }
        #expect((4.4...4.6).contains(second))
    }

    @Test("a machine that never beeps is told after its time, one that nobody asks about its beep never")
    func noBeep() async throws {
        var samples = try await Self.sound(Self.machines[0], style: 0, beeps: false, seed: 7)
        samples += [Int16](repeating: 0, count: 50 * Self.rate)
        #expect(Self.events(samples, beepTimeout: 45).map(\.0).last == .noBeep)
        #expect(Self.events(samples, beepTimeout: nil).count == 1)
    }
}
