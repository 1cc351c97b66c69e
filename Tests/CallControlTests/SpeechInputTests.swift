import CallControl
import CallModel
import EdgeProtocols
import NCCO
import Testing
import WireJSON

@Suite struct SpeechInputTests {
    private func input(_ change: (inout Input.Speech) -> Void = { _ in }, dtmf: Bool = false) -> Input {
        var input = Input()
        var speech = Input.Speech()
        change(&speech)
        input.speech = speech
        if dtmf { input.dtmf = Input.DTMF() }
        return input
    }

    private func listening(_ rig: Rig) throws -> (id: ListeningID, setting: SpeechListening) {
        let found = rig.effects.compactMap { effect -> (ListeningID, SpeechListening)? in
            guard case .startListening(let id, _, _, .speech(let setting)) = effect else { return nil }
            return (id, setting)
        }
        return try #require(found.last)
    }

    private func count(_ rig: Rig, _ fits: (Effect) -> Bool) -> Int { rig.effects.count { fits($0) } }

    private let heard = SpeechResult(
        readings: [SpeechReading(text: "open the door", confidence: 0.91)], end: .silence)

    @Test("what was said is the event, with confidence as text and the unused dtmf beside it")
    func event() throws {
        let rig = Rig()
        rig.call(
            .input(
                input {
                    $0.context = ["open the door"]
                    $0.endOnSilence = 0.5
                }), .talk(Talk(text: "next")))
        let (id, setting) = try listening(rig)
        #expect(setting.context == ["open the door"] && setting.endOnSilence == 0.5 && setting.startTimeout == 10)
        #expect(count(rig) { if case .armListening(id) = $0 { true } else { false } } == 1)
        rig.send(.listened(rig.caller, id, .speechBegan))
        rig.send(.listened(rig.caller, id, .speech(heard)))
        let event = try #require(rig.voice("input"))
        #expect(
            event["speech"] == [
                "results": [["text": "open the door", "confidence": "0.9100"]],
                "timeout_reason": "end_on_silence_timeout",
            ])
        #expect(event["dtmf"] == ["digits": .null, "timed_out": false])
        #expect(event["status"] == nil && event["uuid"]?.string == rig.caller.text)
        let done = try JSON(parsing: try #require(rig.rows.last { $0.type == "audio:asr:done" }).body)
        #expect(done["body"]?["asr"]?["results"] == [["word": "open the door", "confidence": 0.91]])
        #expect(done["body"]?["asr"]?["asr_id"]?.string == id.text)
        rig.give(.nothing)
        #expect(rig.rows.contains { $0.type == "audio:say" }, "the script goes on")
    }

    @Test(
        "nothing said, too long, and a recogniser that fails are told apart",
        arguments: [
            (SpeechResult(readings: [], end: .startTimeout), "start_timeout", nil as String?),
            (SpeechResult(readings: [], end: .maxDuration), "max_duration", nil),
            (
                SpeechResult(readings: [], end: .silence, error: "no model"), "end_on_silence_timeout",
                "ERR1: Failed to analyze audio: no model"
            ),
        ])
    func endings(result: SpeechResult, reason: String, error: String?) throws {
        let rig = Rig()
        rig.call(.input(input()))
        rig.send(.listened(rig.caller, try listening(rig).id, .speech(result)))
        let speech = try #require(rig.voice("input"))["speech"]
        #expect(speech?["results"] == [] && speech?["timeout_reason"]?.string == reason)
        #expect(speech?["error"]?.string == error)
    }

    @Test("an engine that cannot listen, or that never answers, ends the input with its error")
    func failures() throws {
        for silent in [true, false] {
            let rig = Rig()
            rig.call(.input(input()))
            if silent {
                rig.send(.timer(.speech(rig.caller)))
            } else {
                rig.send(.listened(rig.caller, try listening(rig).id, .failed("the leg has ended")))
            }
            let speech = try #require(rig.voice("input"))["speech"]
            #expect(speech?["error"]?.string?.hasPrefix("ERR1: Failed to analyze audio: ") == true)
            #expect(speech?["results"] == [])
        }
    }

    @Test("of keys and speech the first to finish wins, and the other is reported empty")
    func firstWins() throws {
        let rig = Rig()
        rig.call(.input(input(dtmf: true)))
        let (id, _) = try listening(rig)
        for digit in "1234" { rig.send(.digit(rig.caller, digit, durationMilliseconds: 100)) }
        let event = try #require(rig.voice("input"))
        #expect(event["dtmf"] == ["digits": "1234", "timed_out": false] && event["speech"] == ["results": []])
        #expect(count(rig) { if case .stopListening(id) = $0 { true } else { false } } >= 1)
        rig.send(.listened(rig.caller, id, .speech(heard)))
        #expect(rig.rows.count { $0.type == "input" } == 1, "what comes too late is dropped")

        let other = Rig()
        other.call(.input(input(dtmf: true)))
        other.send(.timer(.digits(other.caller)))
        #expect(other.voice("input") == nil, "the time for keys does not cut off a speaker")
        other.send(.listened(other.caller, try listening(other).id, .speech(heard)))
        #expect(try #require(other.voice("input"))["dtmf"] == ["digits": .null, "timed_out": true])
    }

    @Test("speech interrupts a barge-in prompt, a key does not when only speech is asked for")
    func bargeIn() throws {
        let rig = Rig()
        var talk = Talk(text: "say something")
        talk.bargeIn = true
        rig.call(.talk(talk), .input(input()))
        let (id, _) = try listening(rig)
        let isArmed = { (rig: Rig) in rig.effects.contains { if case .armListening(id) = $0 { true } else { false } } }
        let stops = { (rig: Rig) in rig.effects.count { if case .stopPlay = $0 { true } else { false } } }
        rig.send(.digit(rig.caller, "1", durationMilliseconds: 100))
        #expect(stops(rig) == 0 && !isArmed(rig), "its time does not run while the prompt plays")
        rig.send(.listened(rig.caller, id, .speechBegan))
        #expect(stops(rig) == 1 && isArmed(rig))
    }

    @Test("saved sound is a file of the application, named in both events")
    func saved() throws {
        let rig = Rig()
        rig.call(.input(input { $0.saveAudio = true }))
        let (id, setting) = try listening(rig)
        var result = heard
        result.saved = RecordingResult(byteCount: 96_044, milliseconds: 3000)
        rig.send(.listened(rig.caller, id, .speech(result)))
        let file = try #require(rig.files.last)
        #expect(setting.savePath == file.name && file.format == .wav && file.byteCount == 96_044)
        let url = "http://box/v1/files/\(file.id)"
        #expect(try #require(rig.voice("input"))["speech"]?["recording_url"]?.string == url)
        let done = try JSON(parsing: try #require(rig.rows.last { $0.type == "audio:asr:record:done" }).body)
        #expect(done["body"]?["asr"]?["destination_url"]?.string == url)
    }

    @Test("a leg that is not here cannot be listened to, and a hangup ends the listening")
    func legs() throws {
        let rig = Rig()
        rig.call(.input(input { $0.leg = "7f26144b-9828-4fcd-99a5-4a7bb1fee08f" }))
        #expect(try #require(rig.voice("input"))["speech"]?["error"]?.string?.contains("speech.uuid") == true)

        let other = Rig()
        other.call(.input(input()))
        let (id, _) = try listening(other)
        other.send(.sip(other.caller, .ended(.bye(reason: nil))))
        #expect(count(other) { if case .stopListening(id) = $0 { true } else { false } } == 1)
        #expect(other.voice("input") == nil)
    }
}
