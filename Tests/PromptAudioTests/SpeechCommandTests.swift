import EdgeProtocols
import Foundation
import Logging
import PromptAudio
import Testing

@Suite("a voice by command")
struct SpeechCommandTests {
    private let folder: ScratchFolder

    init() throws {
        folder = try ScratchFolder()
        try folder.write(try SoundFile.encode(sine(700, seconds: 0.5, rate: 16_000), as: .wav), to: "voice.wav")
    }

    private func library(_ script: String, patience: Duration = .seconds(10)) throws -> PromptLibrary {
        try folder.write(Array("cd \(folder.path)\n\(script)\n".utf8), to: "voice.sh")
        return PromptLibrary(
            folder: folder.path, synthesizer: ["/bin/sh", folder.path + "/voice.sh"], synthesizerPatience: patience,
            log: Logger(label: "test")
        ) { (url: String) async throws(PromptFault) -> FetchedAudio in throw PromptFault("no web") }
    }

    @Test("it is given text, language and style, and is asked once for what the cache then holds")
    func spoken() async throws {
        let prompts = try library(
            "cat >> asked; echo \" $SWITCHHOOK_LANGUAGE $SWITCHHOOK_STYLE\" >> asked; cat voice.wav")
        for _ in 1...2 {
            let clip = try await prompts.load(.speech(text: "Good day.", language: "pt-BR", style: 2))
            #expect(clip.sampleRate == 16_000 && clip.samples.count == 8000)
            #expect(clip.share(of: 700) > 0.9)
        }
        #expect(try String(contentsOfFile: folder.path + "/asked", encoding: .utf8) == "Good day. pt-BR 2\n")
    }

    @Test(
        "when it fails, writes no sound or does not end, the embedded voice speaks",
        arguments: ["cat voice.wav; exit 3", "echo nothing to hear", "exec sleep 60", "exec /nonexistent"])
    func failing(script: String) async throws {
        let prompts = try library(script, patience: .milliseconds(300))
        let clip = try await prompts.load(.speech(text: "Good day to you.", language: "en-US", style: 0))
        #expect(clip.level > 500 && clip.share(of: 700) < 0.5)
    }

    @Test("malformed SSML is refused before it is asked")
    func malformed() async throws {
        let prompts = try library("touch asked; cat voice.wav")
        await #expect(throws: PromptFault.self) {
            _ = try await prompts.load(.speech(text: "<speak>broken <b</speak>", language: "en-US", style: 0))
        }
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/asked"))
    }
}
