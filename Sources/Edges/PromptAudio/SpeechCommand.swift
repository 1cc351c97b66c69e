import EdgeProtocols
import Foundation
import Synchronization

/// A voice of the owner's choice: a command, run once for each text that the cache does not hold.
///
/// It reads the text from its standard input until that ends (UTF-8; SSML when it begins with `<speak`) and writes a WAV,
/// MP3 or OGG file to its standard output. Its environment holds `SWITCHHOOK_LANGUAGE` (BCP-47) and `SWITCHHOOK_STYLE`
/// (a number, 0 is the usual voice).
///
/// - Threading: any task; each run waits on one of four threads of its own.
/// - Fails with: `PromptFault` naming the command and what it did.
final class SpeechCommand: Sendable {
    /// Program and arguments.
    private let command: [String]
    private let maximumSeconds: Int
    /// It is killed when it is not done by then.
    private let patience: Duration
    private let threads = (1...4).map { EngineThread(name: "voice-\($0)", queueLimit: 64) }
    private let turn = Atomic<Int>(0)

    init(_ command: [String], maximumSeconds: Int, patience: Duration) {
        self.command = command
        self.maximumSeconds = maximumSeconds
        self.patience = patience
    }

    func speak(_ text: String, language: String, style: Int) async throws(PromptFault) -> PCMClip {
        let place = turn.add(1, ordering: .relaxed).oldValue % threads.count
        return try await threads[place].run { [self] () throws(PromptFault) in
            try decode(try run(text, language: language, style: style))
        }
    }

    private func run(_ text: String, language: String, style: Int) throws(PromptFault) -> Data {
        let run: OwnersCommand
        switch OwnersCommand.start(
            command, settings: ["SWITCHHOOK_LANGUAGE": language, "SWITCHHOOK_STYLE": String(style)])
        {
        case .success(let started): run = started
        case .failure(let refusal): throw PromptFault("speech.synthesizer: \(refusal.reason)")
        }
        let guardian = run.kill(after: patience)
        // It may know all it needs before it has read everything: only what it writes counts.
        try? run.input.write(contentsOf: Data(text.utf8))
        try? run.input.close()
        let sound = sound(from: run.output)
        if sound == nil { run.kill() }
        let (status, isExit) = run.end()
        guardian.cancel()
        let program = command.first ?? ""
        guard let sound else { throw PromptFault("speech.synthesizer: \(program) writes without an end") }
        guard isExit, status == 0 else {
            throw PromptFault("speech.synthesizer: \(program) ended with \(status)")
        }
        return sound
    }

    /// Nil when it is more than 48 kHz stereo of the longest clip.
    private func sound(from pipe: FileHandle) -> Data? {
        var sound = Data()
        while let part = try? pipe.read(upToCount: 1 << 16), !part.isEmpty {
            sound.append(part)
            if sound.count > maximumSeconds * 192_000 { return nil }
        }
        return sound
    }

    private func decode(_ sound: Data) throws(PromptFault) -> PCMClip {
        do throws(PromptFault) {
            return try SoundFile.decode([UInt8](sound), maximumSeconds: maximumSeconds)
        } catch {
            throw PromptFault("speech.synthesizer: \(command.first ?? ""): \(error.reason)")
        }
    }
}
