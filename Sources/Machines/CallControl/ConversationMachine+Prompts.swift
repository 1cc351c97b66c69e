import CallModel
import EdgeProtocols
import MediaTime
import NCCO
import WireJSON

/// `talk` and `stream`, alone or as a barge-in run in front of an `input` (ncco §3.4, §3.5, §5).
extension ConversationMachine {
    mutating func prompt(_ action: Action, _ legID: LegID, _ world: World) {
        answerIfNeeded(legID, world)
        guard action.bargesIn else {
            guard let play = start(action, for: legID) else { return }
            update(legID) { $0.script?.step = .prompt(play) }
            return
        }
        // Once true it sticks until the input: the validator has seen to it that one follows.
        var run = [action]
        while let next = legs[legID]?.script?.nextAction() {
            switch next {
            case .talk, .stream: run.append(next)
            case .input(let input):
                listen(input, legID, prompts: run, world)
                return
            default: return
            }
        }
    }

    /// Starts one prompt of a script and writes its `audio:say` or `audio:play`.
    @discardableResult
    mutating func start(_ action: Action, for legID: LegID) -> PlayID? {
        guard let leg = legs[legID] else { return nil }
        let target = audience(of: leg)
        switch action {
        case .talk(let talk):
            let play = play(
                .speech(text: talk.text, language: talk.language, style: talk.style), event: "audio:say",
                script: legID, to: target, loop: talk.loop, level: talk.level)
            rtc(
                "audio:say",
                body: [
                    "text": .string(talk.text), "level": .number(talk.level), "loop": .int(Int64(talk.loop)),
                    "queue": true, "language": .string(talk.language), "style": .int(Int64(talk.style)),
                    "premium": .bool(talk.premium), "ssml": .bool(talk.isSSML), "say_id": .string(play.text),
                ])
            return play
        case .stream(let stream):
            let play = play(
                .url(stream.url), event: "audio:play", script: leg.id, to: target, loop: stream.loop,
                level: stream.level)
            rtc(
                "audio:play",
                body: [
                    "stream_url": [.string(stream.url)], "level": .number(stream.level),
                    "loop": .int(Int64(stream.loop)), "queue": true, "play_id": .string(play.text),
                ])
            return play
        default: return nil
        }
    }

    /// Who hears the prompts of a leg's script.
    func audience(of leg: Leg) -> PlayTarget { leg.isPrivate ? .leg(leg.id) : .conversation(id) }

    @discardableResult
    mutating func play(
        _ source: PromptSource, event: String?, script: LegID?, to target: PlayTarget, loop: Int, level: Double,
        then keep: (PlayID, inout ConversationMachine) -> Void = { _, _ in }
    ) -> PlayID {
        let play = PlayID.make()
        let isURL = if case .url = source { true } else { false }
        plays[play] = Play(script: script, event: event, target: target, isApplications: script != nil || isURL)
        emit(.play(play, source, target, loop: loop, level: level))
        keep(play, &self)
        return play
    }

    /// Stops a prompt without a word to its script; its `:done` tells that it is over.
    mutating func stop(_ id: PlayID) {
        guard let play = plays.removeValue(forKey: id) else { return }
        emit(.stopPlay(id))
        playDoneEvent(id, play, error: nil)
    }

    private mutating func playDoneEvent(_ id: PlayID, _ play: Play, error: String?) {
        guard let event = play.event, record != nil else { return }
        var body: JSONObject = [(event == "audio:say" ? "say_id" : "play_id"): .string(id.text)]
        body["error"] = error.map { .string($0) }
        rtc("\(event):done", body: body)
    }

    mutating func playEnded(_ id: PlayID, error: String?, _ world: World) {
        guard let play = plays.removeValue(forKey: id) else { return }
        playDoneEvent(id, play, error: error)
        if case .leg(let legID) = play.target, legs[legID]?.overlay?.play == id { update(legID) { $0.overlay = nil } }
        if let error, play.isApplications { errorEvent(error, leg: play.leg.flatMap { legs[$0] }) }
        if let legID = play.script { beepEnded(id, legID) }
        guard let legID = play.script, let runner = legs[legID]?.script else { return }
        switch runner.step {
        case .prompt(id): resume(legID, world)
        case .input(var progress) where progress.playing == id:
            progress.playing = nil
            continueListening(legID, progress, world)
        default: break
        }
    }

    // MARK: input

    mutating func listen(_ input: Input, _ legID: LegID, prompts: [Action], _ world: World) {
        answerIfNeeded(legID, world)
        if input.isAsynchronous {
            listenForKeys(input, legID, prompts: prompts, world)
            return
        }
        var progress = InputProgress(input: input, prompts: prompts)
        if let speech = input.speech, !startSpeech(speech, legID, &progress, world) { return }
        continueListening(legID, progress, world)
    }

    /// `mode: asynchronous`: from now on each key is told at once, and the script goes on, after the prompts that a key
    /// may interrupt.
    private mutating func listenForKeys(_ input: Input, _ legID: LegID, prompts: [Action], _ world: World) {
        let target = input.event ?? legs[legID]?.eventTarget ?? owner.voiceEventURL?.target
        update(legID) { $0.digitTarget = target }
        if prompts.isEmpty { return }
        continueListening(legID, InputProgress(input: input, prompts: prompts), world)
    }

    /// Plays the next prompt of the run, or starts the clock.
    private mutating func continueListening(_ legID: LegID, _ current: InputProgress, _ world: World) {
        var progress = current
        while progress.playing == nil, !progress.prompts.isEmpty {
            progress.playing = start(progress.prompts.removeFirst(), for: legID)
        }
        if progress.isListening {
            if progress.input.isAsynchronous {
                resume(legID, world)
                return
            }
            if progress.input.dtmf != nil { armDigitTimer(legID, progress) }
            armSpeech(legID, progress)
        }
        update(legID) { $0.script?.step = .input(progress) }
    }

    private mutating func armDigitTimer(_ legID: LegID, _ progress: InputProgress) {
        emit(.setTimer(.digits(legID), after: .seconds(progress.input.dtmf?.timeOut ?? 3)))
    }

    /// One key of a member: the `audio:dtmf` event, then the script that listens.
    mutating func pressed(_ legID: LegID, _ digit: Character, durationMilliseconds: Int, _ world: World) {
        guard let leg = legs[legID], leg.member != nil, leg.pendingEnd == nil else { return }
        keyPresses += 1
        tellSockets(of: digit, from: legID, durationMilliseconds: durationMilliseconds)
        rtc(
            "audio:dtmf", from: leg,
            body: [
                "digit": .string(String(digit)), "channel": .object(leg.channel), "dtmf_seq": .int(Int64(keyPresses)),
                "duration": .int(Int64(durationMilliseconds)), "method": "in",
            ])
        if let target = leg.digitTarget { tell(digit, of: leg, to: target) }
        stopRecordings(of: legID) { $0.endOnKey == digit }
        guard case .input(var progress) = leg.script?.step, let dtmf = progress.input.dtmf else { return }
        interrupt(&progress, legID)
        if progress.input.isAsynchronous {
            resume(legID, world)
            return
        }
        if dtmf.submitOnHash, digit == "#" {
            submit(legID, progress, timedOut: false, world)
            return
        }
        progress.digits.append(digit)
        if progress.digits.count >= dtmf.maxDigits {
            submit(legID, progress, timedOut: false, world)
            return
        }
        armDigitTimer(legID, progress)
        update(legID) { $0.script?.step = .input(progress) }
    }

    /// The caller hears at once that the key was taken; which one it is, and for how long, comes when it is let go.
    mutating func keyDown(_ legID: LegID) {
        guard let leg = legs[legID], leg.member != nil, leg.pendingEnd == nil,
            case .input(var progress) = leg.script?.step, progress.input.dtmf != nil, !progress.isListening
        else { return }
        interrupt(&progress, legID)
        update(legID) { $0.script?.step = .input(progress) }
    }

    /// An interrupt skips all remaining prompts of the run (ncco §5).
    private mutating func interrupt(_ progress: inout InputProgress, _ legID: LegID) {
        progress.prompts = []
        guard let playing = progress.playing else { return }
        progress.playing = nil
        stop(playing)
        armSpeech(legID, progress)
    }

    mutating func inputTimedOut(_ legID: LegID, _ world: World) {
        guard case .input(var progress) = legs[legID]?.script?.step, progress.isListening else { return }
        // Without a key the other way in stays open: a slow speaker is not cut off by the time for keys.
        if progress.digits.isEmpty, progress.speech != nil {
            progress.keysTimedOut = true
            update(legID) { $0.script?.step = .input(progress) }
            return
        }
        submit(legID, progress, timedOut: true, world)
    }

    /// The `input` event: asked, since its answer may replace the script.
    mutating func submit(
        _ legID: LegID, _ progress: InputProgress, timedOut: Bool, speech: JSON = ["results": []], _ world: World
    ) {
        emit(.cancelTimer(.digits(legID)))
        stopListening(of: legID)
        guard let leg = legs[legID] else { return }
        var fields = JSONObject()
        if progress.input.isLegacy {
            fields["dtmf"] = .string(progress.digits)
            fields["timed_out"] = .bool(timedOut)
        } else {
            fields["dtmf"] = [
                "digits": progress.digits.isEmpty ? .null : .string(progress.digits), "timed_out": .bool(timedOut),
            ]
            fields["speech"] = speech
        }
        fields["from"] = leg.voiceFrom
        fields["to"] = .string(leg.to.address)
        fields["uuid"] = .string(leg.id.text)
        fields["conversation_uuid"] = .string(id.text)
        fields["timestamp"] = .string(lastInstant.iso8601)
        guard let target = progress.input.event ?? leg.eventTarget ?? owner.voiceEventURL?.target else {
            voiceRow("input", fields, leg: leg, destination: nil, delivery: .none)
            resume(legID, world)
            return
        }
        voiceRow("input", fields, leg: leg, destination: target, delivery: .asked)
        sendAsk(legID, target: target, fields: fields, world)
    }
}

extension Action {
    fileprivate var bargesIn: Bool {
        switch self {
        case .talk(let talk): talk.bargeIn
        case .stream(let stream): stream.bargeIn
        default: false
        }
    }
}

extension JSON {
    /// A whole number is written without a fraction, as the fixtures do.
    static func number(_ value: Double) -> JSON {
        Int64(exactly: value).map { .int($0) } ?? .double(value)
    }
}
