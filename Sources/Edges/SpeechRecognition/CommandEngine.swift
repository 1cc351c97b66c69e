import EdgeProtocols
import Foundation
import PromptAudio
import WireJSON

/// A recogniser of the owner's choice: a command, run once for each utterance.
///
/// It reads 16-bit little-endian mono samples at 16 kHz from its standard input until that ends, and writes one line to
/// its standard output: `{"results": [{"text": "open the door", "confidence": 0.93}]}`, or `{"error": "why"}`. Its
/// environment holds `SWITCHHOOK_LANGUAGE` (BCP-47) and `SWITCHHOOK_CONTEXT` (a JSON array of the phrases expected).
/// A result may have `words` (each with `word`, `start_time`, `end_time` in milliseconds, `confidence`) and, when
/// `SWITCHHOOK_SENTIMENT` is 1, `sentiment`, a word of its own.
///
/// - Threading: one thread a run, which waits for the command.
/// - Fails with: `SpeechFault` naming the command and what it did.
struct CommandEngine: Sendable {
    /// Program and arguments.
    let command: [String]
    /// The command has so long for its answer once the speech is over.
    var patience: Duration = .seconds(10)

    private static let longestAnswer = 1 << 20

    func hear(_ utterance: Utterance) throws(SpeechFault) -> [SpeechReading] {
        let run: OwnersCommand
        switch OwnersCommand.start(
            command,
            settings: [
                "SWITCHHOOK_LANGUAGE": utterance.language,
                "SWITCHHOOK_CONTEXT": JSON.array(utterance.context.map { .string($0) }).text,
                "SWITCHHOOK_SENTIMENT": utterance.wantsSentiment ? "1" : "0",
            ])
        {
        case .success(let started): run = started
        case .failure(let refusal): throw SpeechFault("speech.recognizer: \(refusal.reason)")
        }
        let guardian = run.kill(after: .seconds(70) + patience)
        send(utterance, to: run.input)
        let closing = run.kill(after: patience)
        let answer = (try? run.output.readToEnd()) ?? Data()
        let status = run.end().status
        guardian.cancel()
        closing.cancel()
        return try read(answer, utterance, command.first ?? "", status)
    }

    private func send(_ utterance: Utterance, to pipe: FileHandle) {
        while let samples = utterance.next() {
            var bytes = Data(capacity: samples.count * 2)
            for sample in samples {
                let word = UInt16(bitPattern: sample)
                bytes.append(UInt8(truncatingIfNeeded: word))
                bytes.append(UInt8(truncatingIfNeeded: word >> 8))
            }
            // It may answer before the speech ends, and read no further.
            do { try pipe.write(contentsOf: bytes) } catch { break }
        }
        do { try pipe.close() } catch { return }
    }

    private func read(
        _ answer: Data, _ utterance: Utterance, _ program: String, _ status: Int32
    ) throws(SpeechFault) -> [SpeechReading] {
        let line = answer.prefix(Self.longestAnswer).prefix { $0 != UInt8(ascii: "\n") }
        guard !line.isEmpty else {
            throw SpeechFault("speech.recognizer: \(program) ended with \(status) and no answer")
        }
        let parsed: JSON
        do {
            parsed = try JSON(parsing: line)
        } catch {
            throw SpeechFault("speech.recognizer: the answer of \(program) is no JSON: \(error)")
        }
        if let reason = parsed["error"]?.string { throw SpeechFault("speech.recognizer: \(reason)") }
        guard let results = parsed["results"]?.array else {
            throw SpeechFault("speech.recognizer: the answer of \(program) has neither results nor error")
        }
        return results.compactMap { one in
            guard let text = one["text"]?.string, !text.isEmpty else { return nil }
            return SpeechReading(
                text: text, confidence: Self.confidence(of: one),
                words: (one["words"]?.array ?? []).compactMap(Self.word),
                sentiment: utterance.wantsSentiment ? one["sentiment"]?.string : nil)
        }
    }

    private static func word(_ json: JSON) -> SpokenWord? {
        guard let text = json["word"]?.string, let start = json["start_time"]?.double,
            let end = json["end_time"]?.double, start >= 0, start <= end, end < 1e6
        else { return nil }
        return SpokenWord(text: text, start: Int(start), end: Int(end), confidence: confidence(of: json))
    }

    private static func confidence(of json: JSON) -> Double {
        let value = json["confidence"]?.double ?? json["confidence"]?.string.flatMap { Double($0) } ?? 0
        return min(1, max(0, value))
    }
}
