import CRecognition
import EdgeProtocols
import Logging

/// libpocketsphinx with a model of American English: words of a grammar, or free speech.
///
/// - Reference: `CRecognition.h`; model as package pocketsphinx-en-us lays it out.
/// - Threading: one thread.
/// - Fails with: `SpeechFault` naming what is missing.
@safe struct EmbeddedEngine: ~Copyable {
    /// Below that it is not believed that a phrase of the grammar was said.
    private static let leastBelief = 0.3
    private static let mostReadings = 5

    private let recogniser: OpaquePointer
    private let log: Logger

    /// - Parameter model: folder with the acoustic model `en-us`, `cmudict-en-us.dict` and `en-us.lm.bin`.
    init(model: String, log: Logger) throws(SpeechFault) {
        guard
            let made = unsafe swh_recogniser_create(
                model + "/en-us", model + "/cmudict-en-us.dict", model + "/en-us.lm.bin")
        else { throw SpeechFault("speech.model: no recogniser model in \(model) (package pocketsphinx-en-us)") }
        unsafe recogniser = made
        self.log = log
    }

    deinit { unsafe swh_recogniser_destroy(recogniser) }

    /// Hears an utterance to its end.
    func hear(_ utterance: Utterance) throws(SpeechFault) -> [SpeechReading] {
        guard utterance.language.lowercased().hasPrefix("en") else {
            throw SpeechFault("no recogniser for the language \(utterance.language): the embedded one knows English")
        }
        try begin(utterance.context)
        while let samples = utterance.next() {
            if unsafe swh_recogniser_feed(recogniser, samples, samples.count) < 0 { break }
        }
        let readings = try end()
        return utterance.context.isEmpty ? readings : readings.filter { $0.confidence >= Self.leastBelief }
    }

    /// Lays words over a stretch of 16 kHz sound; empty when they do not fit at all.
    /// - Parameter grammar: JSGF.
    func align(_ grammar: String, over samples: [Int16]) throws(SpeechFault) -> [SpokenWord] {
        let count = unsafe swh_recogniser_align(recogniser, grammar, samples, samples.count)
        switch Int(count) {
        case 0...: return words()
        case SWH_RECOGNITION_GRAMMAR: throw SpeechFault("the expected words make no grammar")
        default: throw SpeechFault("the recogniser failed with \(count)")
        }
    }

    func knows(_ word: String) -> Bool { unsafe swh_recogniser_knows(recogniser, word) != 0 }

    private func begin(_ context: [String]) throws(SpeechFault) {
        var status: Int32
        if context.isEmpty {
            status = unsafe swh_recogniser_begin(recogniser, nil)
        } else {
            let grammar = SpeechGrammar(context) { knows($0) }
            if !grammar.unknown.isEmpty {
                log.warning(
                    "speech.context holds words that the dictionary has not: their phrases are left out",
                    metadata: ["words": "\(grammar.unknown.joined(separator: ", "))"])
            }
            guard !grammar.phrases.isEmpty else {
                throw SpeechFault(
                    "no phrase of context is known, unknown words: \(grammar.unknown.joined(separator: ", "))")
            }
            status = unsafe swh_recogniser_begin(recogniser, grammar.text)
        }
        switch Int(status) {
        case 0: return
        case SWH_RECOGNITION_GRAMMAR: throw SpeechFault("context makes no grammar")
        default: throw SpeechFault("the recogniser failed with \(status)")
        }
    }

    private func end() throws(SpeechFault) -> [SpeechReading] {
        var text = [CChar](repeating: 0, count: 8192)
        var confidences = [Double](repeating: 0, count: Self.mostReadings)
        let count = unsafe swh_recogniser_end(
            recogniser, &text, text.count, &confidences, Int32(Self.mostReadings))
        guard count >= 0 else { throw SpeechFault("the recogniser failed with \(count)") }
        let words = text.split(separator: 0, maxSplits: Int(count), omittingEmptySubsequences: false)
        var readings = zip(words, confidences).prefix(Int(count)).map { word, confidence in
            SpeechReading(
                text: String(decoding: word.map { UInt8(bitPattern: $0) }, as: UTF8.self), confidence: confidence)
        }
        if !readings.isEmpty { readings[0].words = self.words() }
        return readings
    }

    /// The words of the likeliest reading, where each was said.
    private func words() -> [SpokenWord] {
        let count = unsafe swh_recogniser_word_count(recogniser)
        return (0..<count).map { index in
            let word = unsafe swh_recogniser_word(recogniser, index).pointee
            let text = unsafe withUnsafeBytes(of: word.text) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            return SpokenWord(
                text: text, start: Int(word.start), end: Int(word.end), confidence: word.confidence)
        }
    }
}
