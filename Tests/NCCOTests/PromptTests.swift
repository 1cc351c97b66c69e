import NCCO
import Testing

struct PromptTests {
    @Test("talk has its documented defaults")
    func talkDefaults() throws {
        guard case .talk(let talk) = try action(#"[{"action":"talk","text":"Hi"}]"#) else { throw NotThatAction() }
        #expect(talk.text == "Hi" && !talk.bargeIn && talk.loop == 1 && talk.level == 0)
        #expect(talk.language == "en-US" && talk.style == 0 && !talk.premium)
    }

    @Test("talk takes every option")
    func talkOptions() throws {
        let text = """
            [{"action":"talk","text":"Hallo","bargeIn":"true","loop":"3","level":"-0.45","language":"de-DE","style":"4",
              "premium":true,"voiceName":"Amy"},{"action":"input"}]
            """
        var expected = Talk(text: "Hallo")
        expected.bargeIn = true
        expected.loop = 3
        expected.level = -0.45
        expected.language = "de-DE"
        expected.style = 4
        expected.premium = true
        #expect(try action(text) == .talk(expected))
    }

    @Test(
        "a number may be written as decimal text and as nothing else",
        arguments: [
            ("0", true), ("2", true), ("2.0", true), ("007", true), ("", false), (" 2", false), ("2 ", false),
            ("+2", false), ("2.", false), (".5", false), ("1e1", false), ("0x2", false), ("2.5", false), ("-", false),
            ("-2", false), ("٣", false), ("true", false),
        ])
    func textNumbers(loop: String, isTaken: Bool) throws {
        let paths = try faultPaths(of: #"[{"action":"talk","text":"a","loop":"\#(loop)"}]"#)
        #expect(paths == (isTaken ? [] : ["/0/loop"]))
    }

    @Test(
        "a value of the wrong type is not converted",
        arguments: [
            #""bargeIn":1"#, #""bargeIn":"TRUE""#, #""bargeIn":"""#, #""bargeIn":null"#, #""loop":true"#,
            #""loop":null"#, #""loop":[1]"#, #""loop":1e300"#, #""level":true"#, #""level":null"#, #""language":1"#,
            #""language":null"#, #""style":{}"#, #""style":-1"#, #""premium":"yes""#, #""level":-1.01"#,
        ])
    func wrongTypes(option: String) throws {
        let name = try #require(option.split(separator: "\"").first)
        #expect(try faultPaths(of: #"[{"action":"talk","text":"a",\#(option)}]"#) == ["/0/\(name)"])
    }

    @Test("a loop written with a fraction of zero is whole")
    func wholeFraction() throws {
        #expect(try faults(of: #"[{"action":"talk","text":"a","loop":2.0}]"#).isEmpty)
    }

    @Test(
        "what is no language tag falls back to the default with a warning",
        arguments: [("de", "de"), ("zh-Hant-TW", "zh-Hant-TW"), ("", "en-US"), ("x", "en-US"), ("de_DE", "en-US")])
    func languages(given: String, used: String) throws {
        let script = try Script.parse(Array(#"[{"action":"talk","text":"a","language":"\#(given)"}]"#.utf8))
        guard case .talk(let talk)? = script.actions.first else { throw NotThatAction() }
        #expect(talk.language == used)
        #expect(script.warnings.isEmpty == (given == used))
    }

    @Test(
        "1500 characters are counted by code points, without the tags of SSML",
        arguments: [
            (String(repeating: "ü", count: 1500), true), (String(repeating: "ü", count: 1501), false),
            ("<speak>" + String(repeating: "a", count: 1500) + "<break time='1s'/></speak>", true),
            ("<speak>" + String(repeating: "a", count: 1501) + "</speak>", false),
            ("<b>" + String(repeating: "a", count: 1498), false),
        ])
    func textLength(text: String, isTaken: Bool) throws {
        #expect(try faultPaths(of: #"[{"action":"talk","text":"\#(text)"}]"#) == (isTaken ? [] : ["/0/text"]))
    }

    @Test(
        "text is SSML when it starts with the speak tag",
        arguments: [
            ("<speak>a</speak>", true), (" \n<speak version='1.1'>a</speak>", true), ("<speak/>", true),
            ("<speaker>", false), ("a <speak>b</speak>", false), ("<speak", false),
        ])
    func ssml(text: String, isSSML: Bool) {
        #expect(Talk(text: text).isSSML == isSSML)
    }

    @Test("stream rounds its level to a tenth")
    func streamLevel() throws {
        var expected = Stream(url: "https://media.example.test/a.wav")
        expected.level = -0.3
        expected.loop = 0
        let text = #"[{"action":"stream","streamUrl":["https://media.example.test/a.wav"],"level":-0.34,"loop":"0"}]"#
        #expect(try action(text) == .stream(expected))
    }

    @Test(
        "a URL is absolute, http or https, with a host",
        arguments: [
            ("http://a", true), ("HTTPS://a.test:8443/x?y=z#w", true), ("http://u:p@a.test/", true),
            ("http://[::1]:80/a", true), ("http://[::1]/a", true), ("http://127.0.0.1", true), ("http://a?b", true),
            ("http://bücher.test/ü", true), ("http:///a", false), ("http://", false), ("http:a", false),
            ("http://a b", false), ("http://a/\\n", false), ("http://a:0/", false), ("http://a:65536/", false),
            ("http://a:x/", false), ("http://u@/", false), ("ftp://a", false), ("//a/b", false), ("", false),
            ("http://<a>/", false), ("httpss://a", false), ("http://a:/", false),
        ])
    func urls(url: String, isTaken: Bool) throws {
        let paths = try faultPaths(of: #"[{"action":"stream","streamUrl":["\#(url)"]}]"#)
        #expect(paths == (isTaken ? [] : ["/0/streamUrl/0"]))
    }
}
