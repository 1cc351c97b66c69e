import EdgeProtocols
import Foundation
import Logging
import MediaTime
import PromptAudio
import SDP
import SpeechRecognition
import Synchronization

/// Runs a call script against a running call.
///
/// - Threading: `run` is one task; `noticed` from any thread.
final class ScriptedCaller: Sendable {
    private struct State {
        var codec: VoiceCodec?
        var isAnswered = false
        var isOver = false
    }

    private static let look = Duration.milliseconds(20)

    private let script: CallScript
    private let media: PhoneMedia
    /// What the script speaks, by the index of its step; made before the call.
    private let clips: [Int: PCMClip]
    /// Set when the script expects words.
    private let spotter: WordSpotter?
    private let time = SystemTimeSource()
    private let state = Mutex(State())
    private let onStep: @Sendable (ScriptStepReport) -> Void

    init(
        _ script: CallScript, clips: [Int: PCMClip], spotter: WordSpotter?, media: PhoneMedia,
        onStep: @escaping @Sendable (ScriptStepReport) -> Void
    ) {
        self.script = script
        self.clips = clips
        self.spotter = spotter
        self.media = media
        self.onStep = onStep
    }

    /// Makes everything the script will say.
    static func clips(
        of script: CallScript, folder: String, logger: Logger
    ) async throws(TestCallFault) -> [Int: PCMClip] {
        let prompts = PromptLibrary(folder: folder, log: logger) { _ throws(PromptFault) in
            throw PromptFault("a scripted caller fetches nothing")
        }
        var clips: [Int: PCMClip] = [:]
        for (index, step) in script.steps.enumerated() {
            do throws(PromptFault) {
                switch step {
                case .say(let text, let language):
                    clips[index] = try await prompts.load(.speech(text: text, language: language, style: 0))
                case .play(let file): clips[index] = try await prompts.load(.file(file))
                case .tone(let hertz, let time): clips[index] = tone(hertz, time)
                case .expect, .press, .wait, .hangUp: break
                }
            } catch {
                throw TestCallFault(reason: "step /\(index): \(error.reason)")
            }
        }
        return clips
    }

    /// What hears words, when some are expected.
    static func spotter(
        for script: CallScript, model: String, logger: Logger
    ) throws(TestCallFault) -> WordSpotter? {
        var spotter: WordSpotter?
        for (index, step) in script.steps.enumerated() {
            guard case .expect(.words(let text, _), _) = step else { continue }
            do throws(SpeechFault) {
                if spotter == nil { spotter = try WordSpotter(model: model, log: logger) }
                let unknown = spotter?.unknown(WordSpotter.words(of: text)) ?? []
                if !unknown.isEmpty {
                    throw SpeechFault("the dictionary has not: \(unknown.joined(separator: ", "))")
                }
            } catch {
                throw TestCallFault(reason: "step /\(index): \(error.reason)")
            }
        }
        return spotter
    }

    private static func tone(_ hertz: Double, _ lasting: Duration) -> PCMClip {
        let count = Int(lasting / .microseconds(125))
        return PCMClip(
            sampleRate: 8000,
            samples: (0..<count).map { Int16(8000 * sin(2 * .pi * hertz * Double($0) / 8000)) })
    }

    func answered(_ codec: VoiceCodec) {
        state.withLock { state in
            state.codec = codec
            state.isAnswered = true
        }
    }

    func over() { state.withLock { $0.isOver = true } }

    /// Runs to the end of the script or to its first failure; what has not been reached is not reported.
    func run() async -> [ScriptStepReport] {
        let start = time.now
        var reports: [ScriptStepReport] = []
        var place = Place()
        for (index, step) in script.steps.enumerated() {
            let failure = await perform(step, index, &place)
            let report = ScriptStepReport(step: "\(step)", elapsed: time.now - start, failure: failure)
            reports.append(report)
            onStep(report)
            if failure != nil { break }
            if case .hangUp = step { break }
        }
        return reports
    }

    /// How far what was heard is used up.
    private struct Place {
        /// Keys that were expected before.
        var keys = 0
        /// Packets before the newest thing said or key pressed: what comes back meanwhile counts as an answer to it.
        var packets: Int?
    }

    private func perform(_ step: CallScript.Step, _ index: Int, _ place: inout Place) async -> String? {
        if case .expect(let expectation, let limit) = step { return await expect(expectation, within: limit, &place) }
        place.packets = nil
        switch step {
        case .expect: return nil
        case .say, .play, .tone:
            guard let clip = clips[index] else { return "nothing was made to say" }
            place.packets = media.snapshot().packets.count
            media.speak(clip)
            return await spoken()
        case .press(let keys):
            place.packets = media.snapshot().packets.count
            media.press(keys)
            return await spoken()
        case .wait(let time):
            let deadline = self.time.now + time
            return await until(deadline, "", { self.time.now >= deadline }) == nil ? nil : gone
        case .hangUp: return nil
        }
    }

    private var gone: String? { state.withLock { $0.isOver } ? "the call is over" : nil }

    private func spoken() async -> String? {
        if !state.withLock({ $0.isAnswered }) { return "the call is not answered: expect answer first" }
        return await until(time.now + .seconds(3600), "never spoken to the end") { !media.isSpeaking }
    }

    private func expect(
        _ expectation: CallScript.Expectation, within limit: Duration, _ place: inout Place
    ) async -> String? {
        let deadline = time.now + limit
        let mark = place.packets ?? media.snapshot().packets.count
        place.packets = nil
        switch expectation {
        case .answer: return await until(deadline, "not answered") { state.withLock { $0.isAnswered } }
        case .hangUp:
            return await until(deadline, "the call is still up", endsEarly: false) { state.withLock { $0.isOver } }
        case .keys(let keys):
            let used = place.keys
            let failure = await until(deadline, "") { media.snapshot().digits.count - used >= keys.count }
            let heard = String(media.snapshot().digits.dropFirst(used).prefix(keys.count))
            place.keys += keys.count
            return heard == keys ? nil : failure == nil || !heard.isEmpty ? "heard \(heard)" : "heard none"
        case .words(let text, let least): return await hear(text, least, deadline, from: mark)
        case .sound(let time):
            return await listen(deadline, from: mark, time, "no sound") { window, _ in
                PhoneEar.level(window) > PhoneEar.soundLevel
            }
        case .silence(let time):
            return await listen(deadline, from: mark, time, "no silence") { window, _ in
                PhoneEar.level(window) < PhoneEar.silenceLevel
            }
        case .tone(let hertz, let time):
            return await listen(deadline, from: mark, time, "no such tone") { window, rate in
                PhoneEar.isTone(window, hertz: hertz, sampleRate: rate)
            }
        }
    }

    private func listen(
        _ deadline: MonotonicInstant, from mark: Int, _ lasting: Duration, _ reason: String,
        _ condition: (_ window: ArraySlice<Int16>, _ sampleRate: Int) -> Bool
    ) async -> String? {
        guard let codec = state.withLock({ $0.codec }) else { return "the call is not answered: expect answer first" }
        var ear = PhoneEar(codec, from: mark)
        let rate = ear.sampleRate
        var loudest = -120.0
        while true {
            let isOver = state.withLock { $0.isOver }
            let isHeard = ear.hears(media.snapshot().packets, lasting: lasting) { window in
                loudest = max(loudest, PhoneEar.level(window))
                return condition(window, rate)
            }
            if isHeard { return nil }
            if isOver || time.now >= deadline {
                return "\(reason) in time; the loudest was \(Int(loudest.rounded())) dBFS"
                    + (isOver ? ", then the call ended" : "")
            }
            await pause()
        }
    }

    private func hear(_ text: String, _ least: Int, _ deadline: MonotonicInstant, from mark: Int) async -> String? {
        guard let codec = state.withLock({ $0.codec }) else { return "the call is not answered: expect answer first" }
        guard let spotter else { return "nothing hears words" }
        var ear = PhoneEar(codec, from: mark)
        let wideband = Wideband(from: ear.sampleRate)
        var listening = WordListening(WordSpotter.words(of: text), enough: least, by: spotter)
        do throws(SpeechFault) {
            while true {
                let isOver = state.withLock { $0.isOver }
                let isLate = time.now >= deadline
                try await listening.hear(wideband.convert(ear.sound(of: media.snapshot().packets)))
                if listening.hasEnough { return nil }
                if isOver || isLate {
                    try await listening.finish()
                    if listening.hasEnough { return nil }
                    return Self.missing(listening) + (isOver ? ", then the call ended" : "")
                }
                await pause()
            }
        } catch {
            return error.reason
        }
    }

    private static func missing(_ listening: WordListening) -> String {
        let missing = zip(listening.words, listening.found).filter { !$0.1 }.map(\.0)
        return "\(listening.count) of \(listening.words.count) words in time; not heard: "
            + missing.joined(separator: ", ")
    }

    /// Waits until something is so; nil when it came to be.
    private func until(
        _ deadline: MonotonicInstant, _ reason: String, endsEarly: Bool = true, _ condition: () -> Bool
    ) async -> String? {
        while !condition() {
            if endsEarly, state.withLock({ $0.isOver }) { return "the call is over" }
            if time.now >= deadline { return reason }
            await pause()
        }
        return nil
    }

    /// A cancelled task goes on at once: its call is being ended, which every wait sees.
    private func pause() async {
        do { try await Task.sleep(for: Self.look) } catch { await Task.yield() }
    }
}

/// What became of one step.
public struct ScriptStepReport: Sendable, Hashable {
    public var step: String
    /// Since the script began.
    public var elapsed: Duration
    /// Nil: passed.
    public var failure: String?
}
