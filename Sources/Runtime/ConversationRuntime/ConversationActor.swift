import CallControl
import CallModel
import Dispatch
import EdgeProtocols
import Logging
import MediaTime
import CoreMetrics
import Metrics
import NCCO
import Synchronization

/// One Conversation: its machine, fed by a mailbox and acting through the edges.
///
/// - Threading: `post` from any thread; inputs run one after the other on the Swift pool. A step queues its batch and
///   runs its effects without awaiting; what takes time comes back as an input.
actor ConversationActor {
    nonisolated let id: ConversationID
    nonisolated let application: ApplicationID
    nonisolated let roomName: String?
    private nonisolated let mailbox = Mutex(Mailbox())
    /// Strong: inputs may still come while the last owner lets go; the switchboard forgets an ended conversation.
    let switchboard: Switchboard
    let edges: RuntimeEdges
    private var machine: ConversationMachine
    private var timers: [TimerKey: TimerService.Handle] = [:]
    private var loading: Set<PlayID> = []
    /// When the script reply that is being acted on came in: own time until the 200 (a bench figure).
    private var repliedAt: [LegID: MonotonicInstant] = [:]

    private struct Mailbox {
        var inputs: [ConversationInput] = []
        var isScheduled = false
    }

    init(machine: ConversationMachine, switchboard: Switchboard, edges: RuntimeEdges) {
        id = machine.id
        application = machine.application
        roomName = machine.roomName
        self.machine = machine
        self.switchboard = switchboard
        self.edges = edges
    }

    nonisolated func post(_ input: ConversationInput) {
        let schedule = mailbox.withLock { mailbox in
            mailbox.inputs.append(input)
            defer { mailbox.isScheduled = true }
            return !mailbox.isScheduled
        }
        if schedule { Task { await drain() } }
    }

    private func drain() {
        while true {
            let inputs = mailbox.withLock { mailbox in
                defer { mailbox.inputs = [] }
                if mailbox.inputs.isEmpty { mailbox.isScheduled = false }
                return mailbox.inputs
            }
            if inputs.isEmpty { return }
            for input in inputs { take(input) }
        }
    }

    /// Takes an input at once; for the first one of a conversation, whose caller waits for its commit.
    func take(_ input: ConversationInput) {
        if case .timer(let key) = input { timers[key] = nil }
        if let leg = input.leg, !machine.has(leg) {
            if let home = switchboard.conversation(of: leg), home !== self {
                home.post(input)
                return
            }
            // It ended while its device was being opened.
            if case .device(_, .opened) = input { edges.media.close(leg) }
        }
        let step = machine.handle(input, in: switchboard.world(of: application))
        if !step.batch.isEmpty {
            edges.log.append(step.batch)
            switchboard.noteLegs(step.batch.legs)
        }
        for effect in step.effects { run(effect) }
    }

    private func run(_ effect: Effect) {
        switch effect {
        case .ring(let leg, let dialog, let early):
            edges.signalling.ring(
                dialog, status: early ? 183 : 180, sdp: early ? switchboard.localDescription(of: leg) : nil)
        case .answer(let leg, let dialog): answer(leg, dialog)
        case .refuse(let dialog, let status):
            edges.signalling.refuse(dialog, status: status, reason: nil, retryAfterSeconds: nil)
        case .dial(let leg, let dialog, let dial): self.dial(leg, dialog, dial)
        case .cancel(let dialog): edges.signalling.cancel(dialog)
        case .bye(let dialog): edges.signalling.hangUp(dialog)
        case .openDevice(let leg, let device): openDevice(leg, device)
        case .attach(let leg, let audio): edges.media.attach(leg, to: id, audio: audio)
        case .updateAudio(let leg, let audio): edges.media.update(leg, audio: audio)
        case .openSocket(let leg, let call, let timeout):
            switchboard.register(leg, dialog: nil, with: self)
            edges.sockets.open(leg, call, application: application, timeoutSeconds: timeout)
        case .tellSocket(let leg, let digit, let duration):
            edges.sockets.tell(leg, digit: digit, durationMilliseconds: duration)
        case .closeMedia(let leg):
            edges.sockets.close(leg)
            edges.media.close(leg)
            switchboard.releaseDevice(of: leg)
        case .play(let play, let source, let target, let loop, let level):
            load(play, source, target, loop: loop, level: level)
        case .stopPlay(let play):
            switchboard.forgetPlay(play)
            if loading.remove(play) == nil { edges.media.stopPlaying(play) }
        case .startRecording(let recording, let source, let setting): record(recording, source, setting)
        case .startListening(let id, let target, let owner, let task): listen(id, to: target, for: owner, task)
        case .armListening(let id): edges.media.armListening(id)
        case .stopListening(let id):
            switchboard.forget(id)
            edges.media.stopListening(id)
        case .stopRecording(let recording): edges.media.stopRecording(recording)
        case .tellSpeaking(let isOn): edges.media.tellSpeaking(in: id, isOn: isOn)
        case .tellClients(let event): edges.clients.tell(event)
        case .transcribe(let order): transcribe(order)
        case .sendDigits(let leg, let digits): edges.media.sendDigits(leg, digits)
        case .ask(let leg, let ask, let request): self.ask(leg, ask, request)
        case .loadScript(let leg, let ask, let file, let substitutions):
            loadScript(leg, ask, file: file, substitutions: substitutions)
        case .setTimer(let key, let delay):
            if let old = timers[key] { switchboard.timers.cancel(old) }
            timers[key] = switchboard.timers.schedule(after: delay) { [weak self] in self?.post(.timer(key)) }
        case .cancelTimer(let key):
            if let old = timers.removeValue(forKey: key) { switchboard.timers.cancel(old) }
        case .enterRoom(let leg, let entry):
            switchboard.destination(entry, application: application).map { room in
                // Adopt first: what arrives for the leg meanwhile comes here and is passed on by `take`.
                room.post(.adopt(leg, entry, application: switchboard.application(application)))
                switchboard.move(leg.id, to: room)
            }
        case .transfer(let leg, let move):
            let owner = switchboard.application(application)
            let next = switchboard.begin(owner)
            // As above: first the way in, then what comes for the leg.
            next.post(.receive(leg, move, application: owner))
            switchboard.move(leg.id, to: next)
        case .reply(let id, let fault): switchboard.answer(id, fault)
        case .welcome(let leg, let from): switchboard.conversation(from)?.post(.departed(leg, to: id))
        case .forget(let leg):
            repliedAt[leg] = nil
            switchboard.forget(leg)
        case .over:
            for timer in timers.values { switchboard.timers.cancel(timer) }
            timers = [:]
            switchboard.forget(conversation: self)
        case .note(let note):
            var metadata: Logger.Metadata = ["conversation": .string(id.text)]
            if let leg = note.leg { metadata["leg"] = .string(leg.text) }
            if !note.detail.isEmpty { metadata["detail"] = .string(note.detail) }
            edges.logger.log(
                level: note.level == .warning ? .warning : .info, "\(note.message)", metadata: metadata)
        }
    }

    // MARK: Signalling and media

    private func answer(_ leg: LegID, _ dialog: DialogID) {
        guard let sdp = switchboard.localDescription(of: leg) else {
            post(.mediaRefused(leg, MediaRefusal(.unknownLeg, "no media was prepared")))
            return
        }
        edges.signalling.answer(dialog, sdp: sdp)
        if let replied = repliedAt.removeValue(forKey: leg) {
            RuntimeMetrics.scriptToAnswer.recordNanoseconds((edges.time.now - replied).wholeNanoseconds)
        }
    }

    private func dial(_ leg: LegID, _ dialog: DialogID, _ dial: Dial) {
        switchboard.register(leg, dialog: dialog, with: self)
        do throws(MediaRefusal) {
            let offer = try edges.media.offer(leg, policy: dial.media)
            edges.signalling.invite(
                OutgoingInvite(
                    dialog: dialog, target: dial.target, fromUser: dial.fromUser, headers: dial.headers, offer: offer,
                    trunk: dial.trunk))
        } catch {
            post(.mediaRefused(leg, error))
        }
    }

    private func openDevice(_ leg: LegID, _ device: DeviceSetting) {
        guard let user = machine.deviceUser(of: leg) else { return }
        switchboard.register(leg, dialog: nil, with: self)
        guard device.isEcho || switchboard.claimDevice(user, for: leg) else {
            post(.device(leg, .busy))
            return
        }
        let media = edges.media
        // Opening a card can block for long; the pool's threads are few.
        DispatchQueue.global().async {
            do throws(MediaRefusal) {
                try media.openDevice(leg, device: device)
                self.post(.device(leg, .opened))
            } catch {
                self.post(.device(leg, .refused(error.detail)))
            }
        }
    }

    // MARK: Prompts

    private func load(_ play: PlayID, _ source: PromptSource, _ target: PlayTarget, loop: Int, level: Double) {
        loading.insert(play)
        Task {
            do throws(PromptFault) {
                let clip = try await edges.prompts.load(source)
                start(play, clip, target, loop: loop, level: level)
            } catch {
                if loading.remove(play) != nil { post(.playFailed(play, reason: error.reason)) }
            }
        }
    }

    private func start(_ play: PlayID, _ clip: PCMClip, _ target: PlayTarget, loop: Int, level: Double) {
        guard loading.remove(play) != nil else { return }
        switchboard.register(play, with: self)
        edges.media.play(
            clip, as: play, to: target, loop: loop, gainDecibels: MemberAudio.decibels(ofLevel: level))
    }

    // MARK: Scripts

    private func ask(_ leg: LegID, _ ask: AskID, _ request: ScriptRequest) {
        Task {
            // What is told must be on disk first; an answer_url request tells nothing that is an event.
            if request.kind == .event { try? await edges.log.flush() }
            let reply = await edges.scripts.ask(request) { bytes in
                do throws(ScriptRefusal) {
                    _ = try Script.parse(bytes)
                    return nil
                } catch {
                    return error.message
                }
            }
            scriptReplied(leg, ask, request.kind, reply)
        }
    }

    private func scriptReplied(_ leg: LegID, _ ask: AskID, _ kind: ScriptRequest.Kind, _ reply: ScriptReply) {
        repliedAt[leg] = reply.repliedAt
        post(.scriptReply(leg, ask, outcome(kind, reply)))
    }

    private func outcome(_ kind: ScriptRequest.Kind, _ reply: ScriptReply) -> ScriptReplyOutcome {
        guard let body = reply.body else {
            // Applications match on the contract's text at the start of the reason (voice-webhooks §7).
            let failure = reply.failure ?? "no answer"
            let fault = failure.firstRange(of: "Syntax error in NCCO.")
            return .failed(fault.map { String(failure[$0.lowerBound...]) } ?? failure)
        }
        // Of an event response only a non-empty array is a script (voice-webhooks §5).
        if kind == .event, body.first(where: { !($0 == 0x20 || (9...13).contains($0)) }) != UInt8(ascii: "[") {
            return .nothing
        }
        do throws(ScriptRefusal) {
            let script = try Script.parse(body)
            for warning in script.warnings {
                edges.logger.info(
                    "script option ignored or clamped",
                    metadata: ["path": .string(warning.path), "detail": .string(warning.reason)])
            }
            return .script(script.actions)
        } catch {
            return .failed(error.message)
        }
    }

    private func loadScript(_ leg: LegID, _ ask: AskID, file: String, substitutions: [String: String]) {
        repliedAt[leg] = edges.time.now
        do throws(ScriptFiles.Fault) {
            let script = try switchboard.scriptFiles.script(at: file, substitutions: substitutions)
            post(.scriptReply(leg, ask, .script(script.actions)))
        } catch {
            post(.scriptReply(leg, ask, .failed(error.reason)))
        }
    }
}

enum RuntimeMetrics {
    static let scriptToAnswer = Metrics.Timer(label: "switchhook_script_reply_to_answer_seconds")
    static let invites = Counter(label: "switchhook_invites_total")
    static let refused = Counter(label: "switchhook_invites_refused_total")
}
