/// What is listened for in the voice of a leg.
public enum ListeningTask: Hashable, Sendable {
    /// Words (ncco §3.6).
    case speech(SpeechListening)
    /// Whether a person or a machine has answered; with seconds, the machine's beep is waited for so long.
    case machine(beepTimeoutSeconds: Int?)
}

/// Who has answered a call.
public enum AnsweredBy: String, Hashable, Sendable {
    case human, machine
}

/// Settings of one speech input.
public struct SpeechListening: Hashable, Sendable {
    /// BCP-47.
    public var language: String
    /// Phrases expected; empty: anything may be said.
    public var context: [String]
    /// Silence that ends it, seconds.
    public var endOnSilence: Double
    /// Longest wait for the first sound, seconds.
    public var startTimeout: Int
    /// Longest speech, seconds.
    public var maxDuration: Int
    /// 10…100: the higher, the softer a voice may be.
    public var sensitivity: Int
    /// What was said is kept there as a WAV file.
    public var savePath: String?

    public init(
        language: String, context: [String], endOnSilence: Double, startTimeout: Int, maxDuration: Int,
        sensitivity: Int, savePath: String? = nil
    ) {
        self.language = language
        self.context = context
        self.endOnSilence = endOnSilence
        self.startTimeout = startTimeout
        self.maxDuration = maxDuration
        self.sensitivity = sensitivity
        self.savePath = savePath
    }
}

/// Why a speech input ended: `speech.timeout_reason` (voice-webhooks §4).
public enum SpeechEnd: String, Hashable, Sendable {
    case silence = "end_on_silence_timeout"
    case maxDuration = "max_duration"
    case startTimeout = "start_timeout"
}

/// One reading of what was said.
public struct SpeechReading: Hashable, Sendable {
    public var text: String
    /// 0…1.
    public var confidence: Double
    /// Its words, where the engine tells when each was said.
    public var words: [SpokenWord]
    /// How it is meant, in the engine's own word; nil when it does not say.
    public var sentiment: String?
    public init(text: String, confidence: Double, words: [SpokenWord] = [], sentiment: String? = nil) {
        self.text = text
        self.confidence = confidence
        self.words = words
        self.sentiment = sentiment
    }
}

/// One word of a reading.
public struct SpokenWord: Hashable, Sendable {
    public var text: String
    /// Milliseconds since the utterance began.
    public var start: Int
    public var end: Int
    /// 0…1.
    public var confidence: Double
    public init(text: String, start: Int, end: Int, confidence: Double) {
        self.text = text
        self.start = start
        self.end = end
        self.confidence = confidence
    }
}

/// Outcome of a speech input.
public struct SpeechResult: Hashable, Sendable {
    /// The likeliest first; empty when nothing was said or understood.
    public var readings: [SpeechReading]
    public var end: SpeechEnd
    /// Why it could not be recognised, in words for the Application.
    public var error: String?
    /// The saved file, complete on disk.
    public var saved: RecordingResult?
    public init(readings: [SpeechReading], end: SpeechEnd, error: String? = nil, saved: RecordingResult? = nil) {
        self.readings = readings
        self.end = end
        self.error = error
        self.saved = saved
    }
}

/// What a listening tells.
public enum ListeningNews: Hashable, Sendable {
    /// Somebody has begun to speak.
    case speechBegan
    /// The listening is over.
    case speech(SpeechResult)
    /// Confidence in percent.
    case answeredBy(AnsweredBy, confidence: Int)
    /// A machine's beep, or false: it did not come in time.
    case beep(Bool)
    /// It could not begin, or its leg went away: it is over.
    case failed(String)
}

/// Turns speech into words, off every real-time thread.
public protocol SpeechRecognising: Sendable {
    /// Begins an utterance.
    /// - Parameters:
    ///   - wantsSentiment: the engine shall say how it is meant, if it can.
    ///   - done: called once, on any thread, after `finish`, or before it when the engine fails; perhaps not
    ///     at all after `cancel`.
    func begin(
        language: String, context: [String], wantsSentiment: Bool,
        done: @escaping @Sendable (Result<[SpeechReading], SpeechFault>) -> Void
    ) -> any SpeechUtterance
}

extension SpeechRecognising {
    public func begin(
        language: String, context: [String], done: @escaping @Sendable (Result<[SpeechReading], SpeechFault>) -> Void
    ) -> any SpeechUtterance {
        begin(language: language, context: context, wantsSentiment: false, done: done)
    }
}

/// Somebody speaking.
public protocol SpeechUtterance: Sendable {
    /// Takes 16 kHz mono samples, in order. Never waits.
    func feed(_ samples: [Int16])
    /// No more samples come.
    func finish()
    /// Nobody wants to know any more.
    func cancel()
}

/// Why speech cannot be recognised; `reason` is shown to the Application.
public struct SpeechFault: Error, Hashable, Sendable {
    public var reason: String
    public init(_ reason: String) { self.reason = reason }
}
