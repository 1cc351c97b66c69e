import Testing

import AudioGraph

@Suite struct SpeechEndpointerTests {
    private let loud = 3000.0 * 3000
    private let quiet = 20.0 * 20

    private func endpointer(silence: Double = 1, start: Int = 2, longest: Int = 5, sensitivity: Int = 90)
        -> SpeechEndpointer
    {
        SpeechEndpointer(endOnSilence: silence, startTimeout: start, maxDuration: longest, sensitivity: sensitivity)
    }

    /// Plays (power, frames) and returns what happened in which frame.
    private func run(_ endpointer: inout SpeechEndpointer, _ parts: (Double, Int)...) -> [(SpeechEndpointer.Event, Int)]
    {
        var events: [(SpeechEndpointer.Event, Int)] = []
        var frame = 0
        for (power, count) in parts {
            for _ in 0..<count {
                if let event = endpointer.hear(power) { events.append((event, frame)) }
                frame += 1
            }
        }
        return events
    }

    @Test("speech begins within 120 ms, and ends when silence has lasted its time")
    func ordinary() {
        var one = endpointer()
        one.arm()
        let events = run(&one, (quiet, 25), (loud, 50), (quiet, 100))
        #expect(events.map(\.0) == [.began, .endedBySilence])
        #expect((25...31).contains(events[0].1) && (124...126).contains(events[1].1))
    }

    @Test("the time to begin runs only once it is armed")
    func arming() {
        var one = endpointer()
        #expect(run(&one, (quiet, 500)).isEmpty)
        one.arm()
        let events = run(&one, (quiet, 500))
        #expect(events.map(\.0) == [.notBegun] && events[0].1 == 99)
    }

    @Test("a click is no speech, and a pause shorter than the silence is part of it")
    func clicksAndPauses() {
        var one = endpointer(start: 60)
        one.arm()
        #expect(run(&one, (quiet, 50), (loud, 3), (quiet, 50)).isEmpty)
        #expect(run(&one, (loud, 20), (quiet, 40), (loud, 20), (quiet, 40)).map(\.0) == [.began])
    }

    @Test("speech longer than maxDuration is cut off")
    func longest() {
        var one = endpointer()
        one.arm()
        var parts: [SpeechEndpointer.Event] = []
        for _ in 0..<20 { parts += run(&one, (loud, 20), (quiet, 5)).map(\.0) }
        #expect(parts == [.began, .tooLong])
    }

    @Test("a soft voice is heard by a high sensitivity only")
    func sensitivity() {
        let soft = 180.0 * 180
        for (setting, hears) in [(10, false), (60, false), (100, true)] {
            var one = endpointer(sensitivity: setting)
            #expect(run(&one, (quiet, 50), (soft, 30)).isEmpty != hears)
        }
    }

    @Test("steady noise is no speech, and speech above it is found")
    func noise() {
        let noise = 150.0 * 150
        var one = endpointer(start: 60)
        one.arm()
        let events = run(&one, (noise, 150), (noise + loud, 40), (noise, 100))
        #expect(events.map(\.0) == [.began, .endedBySilence])
        #expect((150...156).contains(events[0].1))
    }
}
