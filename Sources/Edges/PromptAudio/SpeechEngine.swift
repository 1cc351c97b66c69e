import CSpeech
import EdgeProtocols
import Logging
import Synchronization

/// Speaks text with espeak-ng.
///
/// - Units: 16 kHz mono.
/// - Threading: any task; the library runs on one thread of its own, started with the first text.
/// - Fails with: `PromptFault` for malformed SSML, for text longer than the limits, and when the library has no data.
final class SpeechEngine: Sendable {
    static let sampleRate = 16_000

    private let thread: EngineThread
    private let defaultLanguage: String
    private let maximumSeconds: Int
    private let log: Logger
    /// Touched on the engine's thread only; the mutex is for the compiler and never contended.
    private let state = Mutex(State())

    private struct State {
        /// Hz; nil until the library is started.
        var engineRate: Int?
        var unknownLanguages: Set<String> = []
    }

    init(defaultLanguage: String, maximumSeconds: Int, queueLimit: Int, log: Logger) {
        thread = EngineThread(name: "speech", queueLimit: queueLimit)
        self.defaultLanguage = defaultLanguage
        self.maximumSeconds = maximumSeconds
        self.log = log
    }

    func speak(_ text: String, language: String, style: Int) async throws(PromptFault) -> PCMClip {
        try await thread.run { [self] () throws(PromptFault) in
            try speakOnThread(text, language: language, style: style)
        }
    }

    private func speakOnThread(_ text: String, language: String, style: Int) throws(PromptFault) -> PCMClip {
        let rate = try engineRate()
        var input = text.trimmingWhitespace()
        let isSSML = input.lowercased().hasPrefix("<speak")
        if isSSML { input = try SSML.cleaned(input, language: knownLanguage) }
        // A zero byte would end the text for the C library.
        input = input.replacing("\0", with: " ")
        let voice = voice(for: language) + SpeechLanguage.variant(for: style)
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

    private func engineRate() throws(PromptFault) -> Int {
        if let rate = state.withLock({ $0.engineRate }) { return rate }
        let rate = Int(swh_speech_start())
        guard rate > 0 else { throw PromptFault("speech: espeak-ng cannot read its voices (package espeak-ng-data)") }
        state.withLock { $0.engineRate = rate }
        return rate
    }

    private func voice(for language: String) -> String {
        if let code = knownLanguage(language) { return code }
        if state.withLock({ $0.unknownLanguages.count < 64 && $0.unknownLanguages.insert(language).inserted }) {
            log.warning(
                "no voice for the language, the default speaks",
                metadata: ["language": "\(language)", "default": "\(defaultLanguage)"])
        }
        return knownLanguage(defaultLanguage) ?? "en-us"
    }

    private func knownLanguage(_ tag: String) -> String? {
        SpeechLanguage.candidates(for: tag).first { unsafe swh_speech_has_language($0) != 0 }
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
