import EdgeProtocols
import PromptAudio
import Testing

@Suite("prompt library")
struct PromptLibraryTests {
    private let wav: [UInt8]
    private let url = PromptSource.url("http://127.0.0.1/prompt.wav")

    init() throws { wav = try SoundFile.encode(sine(440, seconds: 0.2, rate: 8000), as: .wav) }

    @Test(
        "a fetched file is used again until it goes stale",
        arguments: [
            (FetchedAudio.Freshness.seconds(100), 99, 1), (.seconds(100), 101, 2), (.unspecified, 59, 1),
            (.unspecified, 61, 2), (.never, 0, 2), (.seconds(0), 0, 2),
        ])
    func expiry(freshness: FetchedAudio.Freshness, waitSeconds: Int, requests: Int) async throws {
        let web = FakeWeb(FetchedAudio(bytes: wav, freshness: freshness))
        let clock = HandClock()
        let prompts = library(time: clock, web: web)
        _ = try await prompts.load(url)
        clock.advance(seconds: waitSeconds)
        _ = try await prompts.load(url)
        #expect(web.requests == requests)
        #expect(prompts.statistics.hits == 2 - requests)
    }

    @Test(
        "Cache-Control decides how long a file is fresh",
        arguments: [
            (nil, FetchedAudio.Freshness.unspecified), ("max-age=30", .seconds(30)),
            ("public, MAX-AGE=\"30\"", .seconds(30)), ("no-store", .never), ("max-age=30, no-store", .never),
            ("no-cache, max-age=30", .seconds(0)), ("max-age=x", .unspecified), ("max-age=-5", .seconds(0)),
        ] as [(String?, FetchedAudio.Freshness)])
    func cacheControl(header: String?, freshness: FetchedAudio.Freshness) {
        #expect(FetchedAudio(bytes: [], cacheControl: header, etag: nil).freshness == freshness)
    }

    @Test("a stale file with the same ETag is not decoded again, with another one it is")
    func etag() async throws {
        let web = FakeWeb(FetchedAudio(bytes: wav, freshness: .seconds(0), etag: "a"))
        let prompts = library(web: web)
        let first = try await prompts.load(url)
        let second = try await prompts.load(url)
        #expect(first === second)
        web.answer(FetchedAudio(bytes: wav, freshness: .seconds(0), etag: "b"))
        #expect(try await prompts.load(url) !== first)
    }

    @Test("loads of one URL at the same time share one request")
    func singleFlight() async throws {
        let web = FakeWeb(FetchedAudio(bytes: wav, freshness: .seconds(100)))
        let prompts = library(web: web)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask { [url] in _ = try await prompts.load(url) }
            }
            try await group.waitForAll()
        }
        #expect(web.requests == 1)
    }

    @Test("a fault is told with where it was and is not remembered")
    func fault() async throws {
        let web = FakeWeb(FetchedAudio(bytes: Array("<html>".utf8), freshness: .seconds(100)))
        let prompts = library(web: web)
        await #expect { try await prompts.load(url) } throws: { error in
            (error as? PromptFault)?.reason.hasPrefix("http://127.0.0.1/prompt.wav: neither WAV") == true
        }
        web.fail("status 404")
        await #expect(throws: PromptFault("status 404")) { try await prompts.load(url) }
        web.answer(FetchedAudio(bytes: wav, freshness: .unspecified))
        #expect(try await prompts.load(url).samples.count == 1600)
    }

    @Test("a file larger than the limit is refused")
    func bodyLimit() async throws {
        var limits = PromptLibrary.Limits()
        limits.fileBytes = wav.count - 1
        let prompts = library(limits: limits, web: FakeWeb(FetchedAudio(bytes: wav, freshness: .unspecified)))
        await #expect(throws: PromptFault("http://127.0.0.1/prompt.wav: larger than \(wav.count - 1) bytes")) {
            try await prompts.load(url)
        }
    }

    @Test("the cache stays under its bound and drops what was not used for longest")
    func eviction() async throws {
        var limits = PromptLibrary.Limits()
        limits.cacheBytes = 2 * (1600 * 2 + 300)
        let web = FakeWeb(FetchedAudio(bytes: wav, freshness: .seconds(1000)))
        let prompts = library(limits: limits, web: web)
        for name in ["a", "b", "a", "c"] { _ = try await prompts.load(.url(name)) }
        #expect(prompts.statistics.clips == 2)
        #expect(prompts.statistics.bytes <= limits.cacheBytes)
        _ = try await prompts.load(.url("a"))
        #expect(web.requests == 3)
        _ = try await prompts.load(.url("b"))
        #expect(web.requests == 4)
    }

    @Test("a file is read again when it has changed, and only then")
    func fileChanges() async throws {
        let folder = try ScratchFolder()
        try folder.write(wav, to: "hello.wav")
        let prompts = library(folder: folder.path)
        let first = try await prompts.load(.file("hello.wav"))
        #expect(try await prompts.load(.file("hello.wav")) === first)
        #expect(prompts.statistics.hits == 1)
        try folder.write(try SoundFile.encode(sine(440, seconds: 0.4, rate: 8000), as: .wav), to: "hello.wav")
        #expect(try await prompts.load(.file("hello.wav")).samples.count == 3200)
        #expect(try await prompts.load(.file(folder.path + "/hello.wav")).samples.count == 3200)
    }

    @Test(
        "a path that is no file is refused with its name",
        arguments: [
            ("missing.wav", "No such file"), ("../secret.wav", "leaves the folder"), ("", "empty path"),
            ("/dev/zero", "no regular file"),
        ])
    func badPaths(path: String, word: String) async throws {
        await #expect { try await library().load(.file(path)) } throws: { error in
            (error as? PromptFault)?.reason.contains(word) == true
        }
    }

    @Test(
        "a tone has its frequency, its cadence and no click",
        arguments: [(ToneKind.ringback, 425.0, 5.0), (.busy, 425, 1), (.beep, 1000, 0.4)])
    func tones(kind: ToneKind, frequency: Double, seconds: Double) async throws {
        let clip = try await library().load(.tone(kind))
        #expect(abs(clip.seconds - seconds) < 0.001)
        #expect(clip.share(of: frequency) * clip.level * clip.level > 0.1 * clip.level * clip.level)
        #expect((8000...8300).contains(clip.samples.map { abs(Int($0)) }.max() ?? 0))
        #expect(clip.samples.first == 0 && abs(Int(clip.samples.last ?? 9)) < 50)
        // A sine of this level and frequency never steps by more.
        #expect(Double(clip.largestStep) < 8231 * 2 * .pi * frequency / 8000 + 2)
    }

    @Test("the ring is three seconds of chime and rest")
    func ring() async throws {
        let clip = try await library().load(.tone(.ring))
        #expect(clip.seconds == 3 && clip.sampleRate == 16_000)
        #expect(clip.level > 500)
        #expect(clip.samples.suffix(16_000).allSatisfy { $0 == 0 })
    }

    @Test(
        "a level becomes decibels",
        arguments: [
            (-1, -20), (-0.5, -10), (0, 0), (0.5, 3), (1, 6), (7, 6), (-7, -20), (.nan, 0),
        ] as [(Double, Double)])
    func gain(level: Double, decibels: Double) {
        #expect(abs(PromptLibrary.gainDecibels(forLevel: level) - decibels) < 1e-9)
    }
}
