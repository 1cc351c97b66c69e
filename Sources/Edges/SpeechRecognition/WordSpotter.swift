public import EdgeProtocols
import Foundation
public import Logging
import Synchronization

/// Tells which words of an expected text are in a stretch of sound.
///
/// The text is laid over the sound, whole and then with every word left out or not, and each word is believed by how much
/// better it fits than free phones do. So a text need not be understood to be told from another one.
///
/// - Reference: `CRecognition.h`, `swh_recogniser_align`.
/// - Threading: any thread; the engine works on a queue of its own, one stretch after the other.
/// - Fails with: `SpeechFault` naming what is missing.
public final class WordSpotter: Sendable {
    private let engine: Mutex<EmbeddedEngine>
    private let queue = DispatchQueue(label: "words")

    /// - Parameter model: folder of the embedded engine's model.
    public init(model: String, log: Logger) throws(SpeechFault) {
        engine = Mutex(try EmbeddedEngine(model: model, log: log))
    }

    /// The words of a text as they are said: lower case, digits one by one.
    public static func words(of text: String) -> [String] { SpeechGrammar.words(text) }

    /// Those that the dictionary has not; they cannot be found.
    public func unknown(_ words: [String]) -> [String] {
        engine.withLock { engine in words.filter { !engine.knows($0) } }
    }

    /// For each word whether it is there.
    /// - Parameter samples: 16 kHz.
    public func find(_ words: [String], in samples: [Int16]) async throws(SpeechFault) -> [Bool] {
        let result: Result<[Bool], SpeechFault> = await withCheckedContinuation { continuation in
            queue.async {
                continuation.resume(
                    returning: self.engine.withLock { engine in Self.find(words, in: samples, by: engine) })
            }
        }
        return try result.get()
    }

    private static func find(
        _ words: [String], in samples: [Int16], by engine: borrowing EmbeddedEngine
    ) -> Result<[Bool], SpeechFault> {
        do throws(SpeechFault) {
            let whole = place(try engine.align(grammar(words.joined(separator: " ")), over: samples), in: words)
            if whole.allSatisfy(\.self) { return .success(whole) }
            let optional = words.map { "[ \($0) ]" }.joined(separator: " ")
            let parts = place(try engine.align(grammar(optional), over: samples), in: words)
            return .success(parts.count { $0 } > whole.count { $0 } ? parts : whole)
        } catch {
            return .failure(error)
        }
    }

    private static func grammar(_ rule: String) -> String {
        "#JSGF V1.0; grammar words; public <words> = \(rule) ;"
    }

    /// Which words of the text those are that were laid: they come in its order.
    static func place(_ laid: [SpokenWord], in words: [String]) -> [Bool] {
        var found = [Bool](repeating: false, count: words.count)
        var next = 0
        for word in laid {
            guard let index = words[next...].firstIndex(of: word.text) else { continue }
            found[index] = word.confidence >= 0.5
            next = index + 1
        }
        return found
    }
}
