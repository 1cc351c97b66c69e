import EdgeProtocols
import PromptAudio
import Testing

@Suite("speech")
struct SpeechTests {
    private func speak(_ text: String, language: String = "en-US", style: Int = 0) async throws -> PCMClip {
        try await library().load(.speech(text: text, language: language, style: style))
    }

    @Test("a sentence is spoken at 16 kHz with energy and a likely length")
    func sentence() async throws {
        let clip = try await speak("Hello, please hold the line while we connect your call.")
        #expect(clip.sampleRate == 16_000)
        #expect(clip.level > 500)
        #expect((2.0...6.0).contains(clip.seconds))
    }

    @Test("a break makes speech longer by its time", arguments: ["1500ms", "1.5s"])
    func breakLengthens(time: String) async throws {
        let plain = try await speak("<speak>One two.</speak>")
        let broken = try await speak("<speak>One <break time='\(time)'/> two.</speak>")
        #expect((1.2...2.2).contains(broken.seconds - plain.seconds))
    }

    @Test("an endless break is cut to ten seconds")
    func longBreak() async throws {
        let clip = try await speak("<speak>One <break time=\"99999s\"/> two.</speak>")
        #expect((10.0...13.0).contains(clip.seconds))
    }

    @Test("a slow rate lengthens, and is undone for the next text")
    func prosody() async throws {
        let prompts = library()
        func seconds(_ text: String) async throws -> Double {
            try await prompts.load(.speech(text: text, language: "en-US", style: 0)).seconds
        }
        let plain = try await seconds("<speak>This is a test of speed.</speak>")
        let slow = try await seconds("<speak><prosody rate=\"x-slow\">This is a test of speed.</prosody></speak>")
        let again = try await seconds("<speak>This is a test of speed!</speak>")
        #expect(slow > plain * 1.3)
        #expect(abs(again - plain) < plain * 0.2)
    }

    @Test("an unknown tag is dropped and its text spoken")
    func unknownTag() async throws {
        let known = try await speak("<speak>One two three.</speak>")
        let unknown = try await speak("<speak>One <blink rate='7'>two</blink> three.</speak>")
        #expect(abs(known.seconds - unknown.seconds) < 0.3)
    }

    @Test("a substitution speaks the alias and not the text")
    func substitution() async throws {
        let alias = try await speak("<speak><sub alias=\"one\">a very long text that nobody hears at all</sub></speak>")
        let one = try await speak("<speak>one</speak>")
        #expect(abs(alias.seconds - one.seconds) < 0.2)
    }

    @Test(
        "malformed SSML is refused and nothing is spoken",
        arguments: [
            "<speak>", "<speak>hello", "<speak>a</p></speak>", "<speak><p>a</speak>", "<speak>a & b</speak>",
            "<speak>a &bogus; b</speak>", "<speak>&#0;</speak>", "<speak><break time=1s/></speak>",
            "<speak><break time='1s/></speak>", "<speak>a</speak>b", "<speak>a</speak><speak>b</speak>", "<speaker/>",
            "<speak a='1' a='2'>x</speak>", "<speak><!-- a</speak>", "<speak><![CDATA[a</speak>", "<speak/ >",
            "<speak>" + String(repeating: "<p>", count: 40) + String(repeating: "</p>", count: 40) + "</speak>",
            "<speak><!DOCTYPE x></speak>", "<speak a='<'/>", "<speak \u{1}/>", "<speak>\u{1}</speak>",
        ])
    func malformed(text: String) async throws {
        await #expect { try await speak(text) } throws: { error in
            (error as? PromptFault)?.reason.hasPrefix("malformed SSML at character ") == true
        }
    }

    @Test(
        "well-formed SSML in every spelling is spoken",
        arguments: [
            "  <speak>hello</speak>\n", "<?xml version=\"1.0\"?><speak>hello</speak>",
            "<speak><![CDATA[hello]]></speak>", "<speak>hel&#108;o &amp; good&#x20;bye</speak>",
            "<speak><!-- note --><p><s>hello</s></p></speak>",
            "<speak><say-as interpret-as='digits'>12</say-as></speak>",
            "<speak><emphasis level='strong'>hello</emphasis></speak>",
            "<speak><phoneme alphabet='ipa' ph='həˈloʊ'>hello</phoneme></speak>",
            "<speak><lang xml:lang='de-DE'>Guten Tag</lang></speak>",
            "<speak><lang xml:lang='xx-XX'>hello</lang></speak>",
            "<speak><voice name='../../../../etc/passwd'>hello</voice><audio src='/etc/passwd'/></speak>",
        ])
    func wellFormed(text: String) async throws {
        #expect(try await speak(text).level > 300)
    }

    @Test(
        "every language speaks, an unknown one with the default voice",
        arguments: [
            "en-US", "en-GB", "en-AU", "de-DE", "fr-CA", "es-MX", "pt-BR", "cmn-CN", "no-NO", "arb", "tlh-XX", "",
        ]
    )
    func languages(language: String) async throws {
        #expect(try await speak("1 2 3", language: language).level > 300)
    }

    @Test("a style changes the voice")
    func style() async throws {
        let plain = try await speak("hello")
        let other = try await speak("hello", style: 1)
        #expect(plain.samples != other.samples)
        #expect(other.level > 300)
    }

    @Test("text that holds no word is silence, not a fault", arguments: ["", "   ", "<speak/>"])
    func empty(text: String) async throws {
        #expect(try await speak(text).level < 10)
    }

    @Test("text that would be spoken for longer than the limit is refused")
    func tooLong() async throws {
        var limits = PromptLibrary.Limits()
        limits.clipSeconds = 2
        let prompts = library(limits: limits)
        await #expect(throws: PromptFault("speech: longer than 2 s")) {
            try await prompts.load(
                .speech(text: String(repeating: "hello ", count: 50), language: "en-US", style: 0))
        }
    }

    @Test("the same text is spoken once and then comes from the cache")
    func cached() async throws {
        let prompts = library()
        let source = PromptSource.speech(text: "hello", language: "en-US", style: 0)
        let first = try await prompts.load(source)
        let second = try await prompts.load(source)
        #expect(first === second)
        #expect(prompts.statistics.hits == 1)
        #expect(prompts.statistics.misses == 1)
    }

    @Test("many texts at once are all spoken, one after the other")
    func concurrent() async throws {
        let prompts = library()
        let lengths = try await withThrowingTaskGroup(of: Double.self) { group in
            for number in 0..<20 {
                group.addTask {
                    try await prompts.load(.speech(text: "number \(number)", language: "en-US", style: 0)).seconds
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(lengths.count == 20)
        #expect(lengths.allSatisfy { $0 > 0.3 })
    }

    @Test("text of any characters, in and out of tags, is spoken or refused, never a crash")
    func anyText() async throws {
        let prompts = library()
        var random = SeededGenerator(state: 2)
        let pieces = [
            "a", "the ", "1234567890123456789", "<", ">", "&amp;", "<p>", "</p>", "<break time='1ms'/>", "[[", "]]",
            "\u{301}", "\u{1F600}", "\u{200D}", "漢字", "عربى", "\u{FFFD}", "\0", "\u{7}", "....", "€$%", "'\"", "\n\n",
            "<say-as interpret-as='telephone'>", "</say-as>", "XIV", "http://a.b/c?d=e", "\u{AD}", "ﷺ",
        ]
        for round in 0..<40 {
            let body = (0..<Int.random(in: 1...40, using: &random)).compactMap { _ in
                pieces.randomElement(using: &random)
            }
            .joined()
            let text = round % 2 == 0 ? body : "<speak>" + body + "</speak>"
            do {
                _ = try await prompts.load(.speech(text: text, language: "en-US", style: round % 8))
            } catch {
                #expect(!error.reason.isEmpty)
            }
        }
    }
}
