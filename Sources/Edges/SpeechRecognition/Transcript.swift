import CallModel
import EdgeProtocols
import WireJSON

/// What was said in a recording, sentence by sentence; one list for each of its channels.
///
/// - Units: milliseconds since the beginning of the recording.
struct Transcript: Hashable {
    struct Sentence: Hashable {
        var text: String
        var start: Int
        var end: Int
        var confidence: Double
        /// Times as those of the sentence; empty when the engine tells none.
        var words: [SpokenWord]
        var sentiment: String?
    }

    struct Channel: Hashable {
        var sentences: [Sentence] = []
        var milliseconds = 0
    }

    var channels: [Channel]
    var wantsSentiment = false

    /// The file behind `transcription_url`, as those who read the cloud's expect it.
    func json(_ request: TranscriptionID) -> JSON {
        [
            "ver": "1.0.2", "request_id": .string(request.text),
            "channels": .array(
                channels.map {
                    [
                        "transcript": .array($0.sentences.map { json($0) }),
                        "duration": .int(Int64($0.milliseconds)),
                    ]
                }),
        ]
    }

    private func json(_ sentence: Sentence) -> JSON {
        var object: JSONObject = [
            "sentence": .string(sentence.text.prefix(1).uppercased() + sentence.text.dropFirst()),
            "raw_sentence": .string(sentence.text),
            "duration": .int(Int64(sentence.end - sentence.start)),
            "timestamp": .int(Int64(sentence.start)),
            "confidence": .double(Self.rounded(sentence.confidence)),
            "words": .array(
                sentence.words.map {
                    [
                        "word": .string($0.text), "start_time": .int(Int64($0.start)),
                        "end_time": .int(Int64($0.end)), "confidence": .double(Self.rounded($0.confidence)),
                    ]
                }),
        ]
        if wantsSentiment { object["sentiment"] = JSON(sentence.sentiment) }
        return .object(object)
    }

    private static func rounded(_ confidence: Double) -> Double { (confidence * 10_000).rounded() / 10_000 }
}

extension Transcript.Sentence {
    /// The likeliest reading of an utterance; nil when nothing was understood.
    init?(_ readings: [SpeechReading], of piece: UtteranceSplitter.Piece) {
        guard let reading = readings.first, !reading.text.isEmpty else { return nil }
        text = reading.text
        confidence = reading.confidence
        sentiment = reading.sentiment
        words = reading.words.map {
            SpokenWord(
                text: $0.text, start: piece.start + $0.start, end: piece.start + $0.end, confidence: $0.confidence)
        }
        start = words.first?.start ?? piece.speechStart
        end = max(start, words.last?.end ?? piece.speechEnd)
    }
}
