import CallModel
import EdgeProtocols
import MediaTime
import NCCO
import WireJSON

/// The speech part of `input` (ncco §3.6; voice-webhooks §4 "input"; events.md `audio:asr:*`).
extension ConversationMachine {
    /// What a recogniser may take for its answer once the speech is over.
    private static let recognitionPatience = Duration.seconds(20)

    /// Begins to listen, for prompts that speech may interrupt too.
    /// - Returns: false when there is nobody to listen to: the event has told so.
    mutating func startSpeech(
        _ speech: Input.Speech, _ legID: LegID, _ progress: inout InputProgress, _ world: World
    ) -> Bool {
        let wanted = speech.leg.map { UUIDText.canonical($0) }
        let target = wanted.map { wanted in legOrder.first { UUIDText.canonical($0.text) == wanted } } ?? legID
        guard let target, legs[target]?.isAnswered == true else {
            submit(
                legID, progress, timedOut: false,
                speech: Self.failure("speech.uuid \(speech.leg ?? "") is no answered leg of this conversation"), world)
            return false
        }
        let listening = InputProgress.SpeechProgress(
            id: .make(), leg: target, file: speech.saveAudio ? .make() : nil)
        progress.speech = listening
        let setting = SpeechListening(
            language: speech.language, context: speech.context, endOnSilence: speech.endOnSilence,
            startTimeout: speech.startTimeout, maxDuration: speech.maxDuration, sensitivity: speech.sensitivity,
            savePath: listening.file.map { FileRecord.name($0, .wav) })
        emit(.startListening(listening.id, to: target, for: legID, .speech(setting)))
        return true
    }

    /// The prompts are over: its time runs.
    mutating func armSpeech(_ legID: LegID, _ progress: InputProgress) {
        guard let listening = progress.speech, let setting = progress.input.speech else { return }
        emit(.armListening(listening.id))
        let longest = Double(setting.startTimeout + setting.maxDuration) + setting.endOnSilence
        emit(.setTimer(.speech(legID), after: .seconds(longest) + Self.recognitionPatience))
    }

    mutating func listened(_ legID: LegID, _ id: ListeningID, _ news: ListeningNews, _ world: World) {
        if legs[legID]?.detection?.id == id {
            detected(legID, news, world)
            return
        }
        guard case .input(var progress) = legs[legID]?.script?.step, progress.speech?.id == id else { return }
        switch news {
        case .speechBegan:
            // Speech interrupts as a key does, all the prompts of the run (ncco §5).
            progress.prompts = []
            let playing = progress.playing
            progress.playing = nil
            if playing != nil { armSpeech(legID, progress) }
            update(legID) { $0.script?.step = .input(progress) }
            if let playing { stop(playing) }
        case .speech(let result): speechEnded(legID, progress, result, world)
        case .failed(let reason): speechFailed(legID, reason, world)
        case .answeredBy, .beep: break  // no news of a speech input
        }
    }

    private mutating func speechEnded(
        _ legID: LegID, _ current: InputProgress, _ result: SpeechResult, _ world: World
    ) {
        var progress = current
        guard let listening = progress.speech else { return }
        progress.speech = nil
        // Keys are being pressed: they win, and end the input in their own time.
        if result.end == .startTimeout, !progress.digits.isEmpty {
            update(legID) { $0.script?.step = .input(progress) }
            return
        }
        var speech: JSONObject = [
            "results": .array(
                result.readings.map {
                    ["text": .string($0.text), "confidence": .string(Self.confidence($0.confidence))]
                }),
            "timeout_reason": .string(result.end.rawValue),
        ]
        if let error = result.error { speech["error"] = .string(Self.errorText(error)) }
        recognitionEvent(listening, result)
        if let url = savedEvent(listening, result, world) { speech["recording_url"] = .string(url) }
        progress.digits = ""
        submit(legID, progress, timedOut: progress.keysTimedOut, speech: .object(speech), world)
    }

    /// The speech part cannot be had: the event tells why, in `speech.error`.
    mutating func speechFailed(_ legID: LegID, _ reason: String, _ world: World) {
        guard case .input(var progress) = legs[legID]?.script?.step, progress.speech != nil else { return }
        progress.prompts = []
        if let playing = progress.playing {
            progress.playing = nil
            stop(playing)
        }
        note(.warning, "speech input failed", legID, reason)
        submit(legID, progress, timedOut: progress.keysTimedOut, speech: Self.failure(reason), world)
    }

    /// The leg's script listens no more.
    mutating func stopListening(of legID: LegID) {
        guard case .input(let progress) = legs[legID]?.script?.step, let listening = progress.speech else { return }
        emit(.cancelTimer(.speech(legID)))
        emit(.stopListening(listening.id))
    }

    /// A leg has gone that scripts of others were listening to.
    mutating func loseListeners(to gone: LegID, _ world: World) {
        for leg in liveLegs {
            guard case .input(let progress) = leg.script?.step, progress.speech?.leg == gone else { continue }
            speechFailed(leg.id, "the leg that was listened to has ended", world)
        }
    }

    // MARK: Events

    private mutating func recognitionEvent(_ listening: InputProgress.SpeechProgress, _ result: SpeechResult) {
        guard let leg = legs[listening.leg] else { return }
        rtc(
            "audio:asr:done", from: leg,
            body: [
                "channel": .object(leg.channel),
                "asr": [
                    "asr_id": .string(listening.id.text), "call_id": .string(leg.id.text),
                    "error": JSON(result.error.map { Self.errorText($0) }),
                    "timeout_reason": .string(result.end.rawValue),
                    "results": .array(
                        result.readings.map {
                            ["word": .string($0.text), "confidence": .double(($0.confidence * 1e4).rounded() / 1e4)]
                        }),
                ],
            ], clients: false)
    }

    /// The saved sound: its row and `audio:asr:record:done`.
    /// - Returns: its URL.
    private mutating func savedEvent(
        _ listening: InputProgress.SpeechProgress, _ result: SpeechResult, _ world: World
    ) -> String? {
        guard let file = listening.file, let saved = result.saved, let leg = legs[listening.leg] else { return nil }
        if let failure = saved.failure { errorEvent("input saveAudio: \(failure)", leg: leg) }
        guard saved.byteCount > 0 else { return nil }
        let url = "\(world.settings.recordingBase)/v1/files/\(file.text)"
        let recording = RecordingID.make()
        let started = WallTime(milliseconds: lastInstant.milliseconds - Int64(saved.milliseconds))
        step.batch.files.append(
            FileRecord(
                id: file, application: application, conversation: id, recording: recording, format: .wav,
                byteCount: saved.byteCount, started: started, ended: lastInstant))
        rtc(
            "audio:asr:record:done", from: leg,
            body: [
                "channel": .object(leg.channel),
                "asr": [
                    "asr_id": .string(listening.id.text), "call_id": .string(leg.id.text),
                    "error": JSON(saved.failure), "destination_url": .string(url), "format": "wav",
                    "start_time": .string(started.iso8601), "end_time": .string(lastInstant.iso8601),
                    "size": .int(saved.byteCount), "media_service_uuid": .string(recording.text),
                ],
            ], clients: false)
        return url
    }

    private static func failure(_ reason: String) -> JSON { ["results": [], "error": .string(errorText(reason))] }

    /// The published text first, for those who match on it.
    private static func errorText(_ reason: String) -> String { "ERR1: Failed to analyze audio: \(reason)" }

    /// Four decimals, as text.
    private static func confidence(_ value: Double) -> String {
        let whole = Int((min(1, max(0, value)) * 10_000).rounded())
        let fraction = String(whole % 10_000)
        return "\(whole / 10_000)." + String(repeating: "0", count: 4 - fraction.count) + fraction
    }
}
