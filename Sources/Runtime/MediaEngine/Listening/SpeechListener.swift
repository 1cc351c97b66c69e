import AudioGraph
import CallModel
import EdgeProtocols
import PromptAudio

/// A speech input on its way from sound to its result: waits for speech, hands it to a recogniser, finds its end.
///
/// - Units: frames of 20 ms at 16 kHz.
/// - Threading: one thread; `tell` is called on it or on the recogniser's.
struct SpeechListener: TapListener {
    /// Sound before the beginning was noticed that belongs to the first word: 300 ms.
    private static let leadFrames = 15

    private let setting: SpeechListening
    private let recogniser: any SpeechRecognising
    private let tell: @Sendable (ListeningNews) -> Void
    private var endpointer: SpeechEndpointer
    private var lead: [[Int16]] = []
    private var utterance: (any SpeechUtterance)?
    private var answer: SpeechAnswer?
    /// Kept for `saveAudio`.
    private var said: [Int16] = []
    private var isOver = false

    init(
        _ setting: SpeechListening, recogniser: any SpeechRecognising, tell: @escaping @Sendable (ListeningNews) -> Void
    ) {
        self.setting = setting
        self.recogniser = recogniser
        self.tell = tell
        endpointer = SpeechEndpointer(
            endOnSilence: setting.endOnSilence, startTimeout: setting.startTimeout, maxDuration: setting.maxDuration,
            sensitivity: setting.sensitivity)
    }

    mutating func arm() { endpointer.arm() }

    mutating func hear(_ frame: [Int16]) {
        if isOver { return }
        let power = frame.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(max(1, frame.count))
        let event = endpointer.hear(power)
        if utterance == nil {
            lead.append(frame)
            if lead.count > Self.leadFrames { lead.removeFirst() }
        } else {
            take(frame)
        }
        switch event {
        case nil: return
        case .began: begin()
        case .endedBySilence: end(.silence)
        case .tooLong: end(.maxDuration)
        case .notBegun:
            isOver = true
            tell(.speech(SpeechResult(readings: [], end: .startTimeout)))
        }
    }

    mutating func soundEnded() {
        if !isOver { utterance?.cancel() }
        isOver = true
    }

    private mutating func begin() {
        let answer = SpeechAnswer(tell)
        self.answer = answer
        utterance = recogniser.begin(language: setting.language, context: setting.context) { answer.take($0) }
        for frame in lead { take(frame) }
        lead = []
        tell(.speechBegan)
    }

    private mutating func take(_ frame: [Int16]) {
        utterance?.feed(frame)
        if setting.savePath != nil { said += frame }
    }

    private mutating func end(_ reason: SpeechEnd) {
        isOver = true
        var saved: RecordingResult?
        if let path = setting.savePath { saved = save(path) }
        answer?.settle(reason, saved)
        utterance?.finish()
    }

    private func save(_ path: String) -> RecordingResult {
        let milliseconds = said.count * 1000 / ListeningJob.sampleRate
        do throws(SoundFileFault) {
            let file = try SoundFileWriter(
                path: path, format: .wav, sampleRate: ListeningJob.sampleRate, channels: 1)
            try unsafe file.write(said, frames: said.count)
            let (bytes, fault) = file.close()
            return RecordingResult(byteCount: bytes, milliseconds: milliseconds, failure: fault?.reason)
        } catch {
            return RecordingResult(byteCount: 0, milliseconds: 0, failure: error.reason)
        }
    }
}
