import CallModel
import NCCO
import Testing

struct InputTests {
    private func input(_ options: String) throws -> Input {
        guard case .input(let input) = try action(#"[{"action":"input"\#(options)}]"#) else { throw NotThatAction() }
        return input
    }

    @Test("an input for keys has its documented defaults")
    func keyDefaults() throws {
        let input = try input(#","type":["dtmf"]"#)
        #expect(input.dtmf == Input.DTMF() && input.speech == nil)
        #expect(input.dtmf?.timeOut == 3 && input.dtmf?.maxDigits == 4 && input.dtmf?.submitOnHash == false)
        #expect(!input.isAsynchronous && !input.isLegacy && input.event == nil)
    }

    @Test("an input for speech has its documented defaults")
    func speechDefaults() throws {
        let speech = try #require(try input(#","type":["speech"]"#).speech)
        #expect(speech.leg == nil && speech.endOnSilence == 2 && speech.language == "en-US" && speech.context.isEmpty)
        #expect(speech.startTimeout == 10 && speech.maxDuration == 60 && !speech.saveAudio && speech.sensitivity == 90)
    }

    @Test("every option is taken")
    func options() throws {
        let input = try input(
            """
            ,"type":["speech","dtmf"],"dtmf":{"timeOut":"0","maxDigits":20,"submitOnHash":"true"},
            "speech":{"uuid":["leg"],"endOnSilence":"0.4","language":"fr-FR","context":["a","b"],"startTimeout":"60",
            "maxDuration":1,"saveAudio":true,"sensitivity":100},"eventUrl":["http://a.test/e"],"eventMethod":"get"
            """)
        #expect(input.dtmf?.timeOut == 0 && input.dtmf?.maxDigits == 20 && input.dtmf?.submitOnHash == true)
        let speech = try #require(input.speech)
        #expect(speech.leg == "leg" && speech.endOnSilence == 0.4 && speech.language == "fr-FR")
        #expect(speech.context == ["a", "b"] && speech.startTimeout == 60 && speech.maxDuration == 1)
        #expect(speech.saveAudio && speech.sensitivity == 100)
        #expect(input.event == WebhookTarget(url: "http://a.test/e", method: .get))
    }

    @Test(
        "without a type the settings tell what is listened for",
        arguments: [
            ("", true, false, true), (#","timeOut":5"#, true, false, true), (#","dtmf":{}"#, true, false, false),
            (#","speech":{}"#, false, true, false), (#","speech":{},"dtmf":{}"#, true, true, false),
            (#","speech":{},"maxDigits":1"#, true, true, false),
        ])
    func withoutType(options: String, dtmf: Bool, speech: Bool, isLegacy: Bool) throws {
        let input = try input(options)
        #expect((input.dtmf != nil) == dtmf && (input.speech != nil) == speech && input.isLegacy == isLegacy)
    }

    @Test("the legacy settings at top level count only without a type")
    func legacySettings() throws {
        let legacy = try input(#","timeOut":"5","maxDigits":6,"submitOnHash":true"#)
        #expect(legacy.dtmf?.timeOut == 5 && legacy.dtmf?.maxDigits == 6 && legacy.dtmf?.submitOnHash == true)
        #expect(try input(#","type":["dtmf"],"timeOut":99"#).dtmf == Input.DTMF())
        #expect(
            try faultPaths(of: #"[{"action":"input","timeOut":11,"maxDigits":0}]"#) == ["/0/timeOut", "/0/maxDigits"])
    }

    @Test("settings of a kind that is not listed are ignored, faulty or not")
    func unlistedSettings() throws {
        #expect(try input(#","type":["dtmf"],"speech":{"endOnSilence":99}"#).speech == nil)
        #expect(try input(#","type":["speech"],"dtmf":5"#).dtmf == nil)
    }

    @Test(
        "an asynchronous input listens for keys and has no settings of its own",
        arguments: [
            (#","type":["dtmf"]"#, []), (#","type":["dtmf"],"dtmf":{}"#, []), ("", []),
            (#","type":["dtmf"],"dtmf":{"timeOut":1}"#, ["/0/dtmf"]), (#","type":["speech"]"#, ["/0/mode"]),
        ])
    func asynchronous(options: String, expected: [String]) throws {
        #expect(try faultPaths(of: #"[{"action":"input","mode":"asynchronous"\#(options)}]"#) == expected)
    }

    @Test(
        "settings out of range or of the wrong type are refused where they stand",
        arguments: [
            (#","type":["dtmf"],"dtmf":{"timeOut":-1}"#, "/0/dtmf/timeOut"),
            (#","type":["dtmf"],"dtmf":{"timeOut":2.5}"#, "/0/dtmf/timeOut"),
            (#","type":["dtmf"],"dtmf":{"submitOnHash":1}"#, "/0/dtmf/submitOnHash"),
            (#","type":["dtmf"],"dtmf":[]"#, "/0/dtmf"),
            (#","type":["dtmf"],"dtmf":null"#, "/0/dtmf"),
            (#","type":["dtmf",5]"#, "/0/type/1"),
            (#","type":null"#, "/0/type"),
            (#","type":["speech"],"speech":5"#, "/0/speech"),
            (#","type":["speech"],"speech":{"uuid":"x"}"#, "/0/speech/uuid"),
            (#","type":["speech"],"speech":{"uuid":[]}"#, "/0/speech/uuid"),
            (#","type":["speech"],"speech":{"uuid":[1]}"#, "/0/speech/uuid/0"),
            (#","type":["speech"],"speech":{"endOnSilence":10.1}"#, "/0/speech/endOnSilence"),
            (#","type":["speech"],"speech":{"context":"x"}"#, "/0/speech/context"),
            (#","type":["speech"],"speech":{"context":["a",null]}"#, "/0/speech/context/1"),
            (#","type":["speech"],"speech":{"startTimeout":61}"#, "/0/speech/startTimeout"),
            (#","type":["speech"],"speech":{"maxDuration":0}"#, "/0/speech/maxDuration"),
            (#","type":["speech"],"speech":{"sensitivity":101}"#, "/0/speech/sensitivity"),
            (#","type":["speech"],"speech":{"saveAudio":"no"}"#, "/0/speech/saveAudio"),
        ])
    func faulty(options: String, path: String) throws {
        #expect(try faultPaths(of: #"[{"action":"input"\#(options)}]"#) == [path])
    }
}
