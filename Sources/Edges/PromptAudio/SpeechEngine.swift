import CSpeech
import EdgeProtocols
import Logging
import Synchronization

/// Speaks text with espeak-ng.
///
/// - Units: 16 kHz mono.
/// - Threading: any task; the library is one global engine, so every instance shares one thread, made with the first
///   text.
/// - Fails with: `PromptFault` for malformed SSML, for text longer than the limits, and when the library has no data.
final class SpeechEngine: Sendable {
    static let sampleRate = 16_000

    private static let thread = EngineThread(name: "speech", queueLimit: 256)
    /// Hz; nil until the library is started. Touched on the thread only; the mutex is never contended.
    private static let engineRate = Mutex<Int?>(nil)

    private let defaultLanguage: String
    private let maximumSeconds: Int
    private let log: Logger
    /// Those already warned of.
    private let unknownLanguages = Mutex<Set<String>>([])

    init(defaultLanguage: String, maximumSeconds: Int, log: Logger) {
        self.defaultLanguage = defaultLanguage
        self.maximumSeconds = maximumSeconds
        self.log = log
    }

    func speak(_ text: String, language: String, style: Int) async throws(PromptFault) -> PCMClip {
        try await Self.thread.run { [self] () throws(PromptFault) in
            try speakOnThread(text, language: language, style: style)
        }
    }

    /// What every voice refuses: SSML that is not well formed.
    static func check(_ text: String) throws(PromptFault) {
        let text = text.trimmingWhitespace()
        if text.lowercased().hasPrefix("<speak") { _ = try SSML.cleaned(text, language: { $0 }) }
    }

    private func speakOnThread(_ text: String, language: String, style: Int) throws(PromptFault) -> PCMClip {
        let rate = try Self.startedEngineRate()
        var input = text.trimmingWhitespace()
        let isSSML = input.lowercased().hasPrefix("<speak")
        if isSSML { input = try SSML.cleaned(input, language: { Self.known($0)?.code }) }
        // A zero byte would end the text for the C library.
        input = input.replacing("\0", with: " ")
        let voice = try voice(for: language) + SpeechLanguage.variant(for: style)
        var samples: UnsafeMutablePointer<Int16>?
        var frameCount = 0
        let status = unsafe swh_speech_synthesize(
            voice, input, isSSML ? 1 : 0, maximumSeconds * rate, &samples, &frameCount)
        defer { unsafe swh_speech_free(samples) }
        guard status == 0 else { throw PromptFault(reason(status, voice: voice)) }
        let spoken = unsafe [Int16](UnsafeBufferPointer(start: samples, count: frameCount))
        return PCMClip(
            sampleRate: Self.sampleRate, samples: try resampled(spoken, from: rate, to: Self.sampleRate))
    }

    private static func startedEngineRate() throws(PromptFault) -> Int {
        if let rate = engineRate.withLock({ $0 }) { return rate }
        let rate = Int(swh_speech_start())
        guard rate > 0 else { throw PromptFault("speech: espeak-ng cannot read its voices (package espeak-ng-data)") }
        engineRate.withLock { $0 = rate }
        return rate
    }

    private func voice(for language: String) throws(PromptFault) -> String {
        if let known = Self.known(language) { return known.voice }
        if unknownLanguages.withLock({ $0.count < 64 && $0.insert(language).inserted }) {
            log.warning(
                "no voice for the language, the default speaks",
                metadata: ["language": "\(language)", "default": "\(defaultLanguage)"])
        }
        guard let known = Self.known(defaultLanguage) else { throw PromptFault("speech: no voice \(defaultLanguage)") }
        return known.voice
    }

    /// The espeak-ng code and voice of a BCP-47 language. On the thread.
    private static func known(_ tag: String) -> (code: String, voice: String)? {
        for code in SpeechLanguage.candidates(for: tag) {
            if let voice = unsafe swh_speech_voice(code) { return (code, unsafe String(cString: voice)) }
        }
        return nil
    }

    private func reason(_ status: Int32, voice: String) -> String {
        switch Int(status) {
        case SWH_SPEECH_NO_VOICE: "speech: no voice \(voice)"
        case SWH_SPEECH_TOO_LONG: "speech: longer than \(maximumSeconds) s"
        case SWH_SPEECH_NO_MEMORY: "speech: out of memory"
        default: "speech: espeak-ng failed with \(status)"
        }
    }
}

extension String {
    fileprivate func trimmingWhitespace() -> String {
        let start = drop { $0.isWhitespace }
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...last])
    }
}
