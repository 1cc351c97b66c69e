import CallControl
public import CallModel
public import EdgeProtocols
import CoreMetrics
import Logging
import MediaTime
import Synchronization
import NCCO

/// What the SIP and media edges tell.
extension Switchboard {
    /// - Threading: called on the SIP loop; media is negotiated here, everything else is the conversation's.
    public func handle(_ event: SIPEvent) {
        switch event {
        case .invite(let invite): admit(invite)
        case .cancelled(let dialog): post(dialog, .cancelled)
        case .acknowledged(let dialog, let answer):
            guard let answer else { return }
            applyAnswer(dialog, answer, source: nil)
        case .progress(let dialog, let status, let sdp, let source):
            let early = sdp.map { applyAnswer(dialog, $0, source: source) } ?? false
            post(dialog, .progress(status: status, early: early))
        case .answered(let dialog, let sdp, let source):
            if let sdp, !applyAnswer(dialog, sdp, source: source) { return }
            post(dialog, .answered)
        case .failed(let dialog, let status, _, let fromPeer): post(dialog, .failed(status: status, fromPeer: fromPeer))
        case .ended(let dialog, let cause): post(dialog, .ended(cause))
        case .reoffer(let dialog, let sdp): renegotiate(dialog, sdp)
        case .reofferAnswered(let dialog, let status, let sdp):
            if status < 300, let sdp { applyAnswer(dialog, sdp, source: nil) }
        case .infoDigit(let dialog, let digit, let duration):
            guard let (leg, conversation) = target(dialog) else { return }
            conversation.post(.digit(leg, digit, durationMilliseconds: duration))
        case .registration(let trunk, let state):
            edges.logger.info("trunk registration", metadata: ["trunk": .string(trunk), "state": "\(state)"])
        }
    }

    /// What becomes of a websocket leg.
    public func handle(_ event: SocketEvent, of leg: LegID) { conversation(of: leg)?.post(.socket(leg, event)) }

    public func handle(_ report: MediaReport) {
        switch report {
        case .firstAudio(let leg, _):
            edges.logger.debug("first audio", metadata: ["leg": .string(leg.text)])
        case .digit(let leg, let digit, let duration):
            conversation(of: leg)?.post(.digit(leg, digit, durationMilliseconds: duration))
        case .keyDown(let leg): conversation(of: leg)?.post(.keyDown(leg))
        case .playDone(let play):
            let conversation = tables.withLock { $0.plays.removeValue(forKey: play) }
            conversation?.post(.playDone(play))
        case .speaking(let leg, let isSpeaking): conversation(of: leg)?.post(.speaking(leg, isSpeaking))
        case .rtpTimeout(let leg): conversation(of: leg)?.post(.rtpTimeout(leg))
        case .recordingSilent(let recording): recordingSilent(recording)
        case .recordingEnded(let recording, let result): recordingEnded(recording, result)
        case .listened(let id, let news): listened(id, news)
        case .deviceLost(let leg, let device, let reason):
            conversation(of: leg)?.post(.device(leg, .lost(device: device, reason: reason)))
        case .deviceBack(let leg, let device): conversation(of: leg)?.post(.device(leg, .back(device: device)))
        }
    }

    private func target(_ dialog: DialogID) -> (LegID, ConversationActor)? {
        tables.withLock { tables in
            guard let leg = tables.dialogs[dialog], let entry = tables.legs[leg] else { return nil }
            return (leg, entry.conversation)
        }
    }

    private func post(_ dialog: DialogID, _ event: SIPLegEvent) {
        guard let (leg, conversation) = target(dialog) else { return }
        conversation.post(.sip(leg, event))
    }

    @discardableResult
    private func applyAnswer(_ dialog: DialogID, _ sdp: String, source: NetworkAddress?) -> Bool {
        guard let (leg, conversation) = target(dialog) else { return false }
        do throws(MediaRefusal) {
            try edges.media.applyAnswer(leg, answer: sdp, signallingAddress: source)
            return true
        } catch {
            conversation.post(.mediaRefused(leg, error))
            return false
        }
    }

    /// Hold, resume, address or codec change: the answer goes back, the call stays up (no webhook).
    private func renegotiate(_ dialog: DialogID, _ sdp: String?) {
        guard let (leg, _) = target(dialog) else {
            edges.signalling.refuseReoffer(dialog, status: 481)
            return
        }
        do throws(MediaRefusal) {
            edges.signalling.answerReoffer(dialog, sdp: try edges.media.renegotiate(leg, offer: sdp))
        } catch {
            edges.logger.warning(
                "re-offer refused", metadata: ["leg": .string(leg.text), "detail": .string(error.detail)])
            edges.signalling.refuseReoffer(dialog, status: error.sipStatus)
        }
    }

    // MARK: A new call

    private func admit(_ invite: IncomingInvite) {
        RuntimeMetrics.invites.increment()
        let (directory, settings) = tables.withLock { ($0.directory, $0.settings) }
        if let obstacle = obstacle() {
            return refuse(invite, 503, obstacle, retryAfter: settings.retryAfterSeconds)
        }
        guard let route = directory.route(for: invite.requestUser),
            let application = directory.applications[route.application]
        else { return refuse(invite, 404, "no such number") }
        guard let source = script(route, application) else {
            return refuse(invite, 480, "the application has no answer_url")
        }
        let trunk = directory.trunks.first { $0.sends(from: invite.source.host) }
        let leg = LegID.make()
        let answer: String
        do throws(MediaRefusal) {
            answer = try negotiate(leg, invite, policy(trunk, invite, settings))
        } catch {
            return refuse(invite, error.sipStatus, error.detail)
        }
        let caller = self.caller(invite, trunk)
        var newLeg = Leg(
            id: leg, kind: .phone, direction: .inbound, signalling: .sip(invite.dialog), from: .phone(number: caller),
            to: .phone(number: withoutPlus(invite.requestUser)),
            user: UserSummary(id: .make(), name: "NAM-" + UUIDText.random()), startedAt: edges.time.wallNow)
        newLeg.headers = invite.headers.filter { !$0.name.lowercased().hasPrefix("x-nexmo") }
        newLeg.sipCallID = invite.callID
        newLeg.limitSeconds = settings.calls.callSeconds
        let conversation = begin(application)
        register(leg, dialog: invite.dialog, with: conversation, localDescription: answer)
        edges.logger.info(
            "call arrived",
            metadata: [
                "leg": .string(leg.text), "conversation": .string(conversation.id.text),
                "call-id": .string(invite.callID), "from": .string(caller), "to": .string(invite.requestUser),
            ])
        conversation.post(.knock(newLeg, script: source, application: application))
    }

    private func negotiate(_ leg: LegID, _ invite: IncomingInvite, _ policy: MediaPolicy) throws(MediaRefusal) -> String
    {
        guard let offer = invite.offer else { return try edges.media.offer(leg, policy: policy) }
        return try edges.media.accept(leg, offer: offer, policy: policy, signallingAddress: invite.source)
    }

    private func refuse(_ invite: IncomingInvite, _ status: Int, _ reason: String, retryAfter: Int? = nil) {
        RuntimeMetrics.refused.increment()
        edges.logger.info(
            "call refused",
            metadata: [
                "call-id": .string(invite.callID), "to": .string(invite.requestUser), "status": "\(status)",
                "reason": .string(reason),
            ])
        edges.signalling.refuse(invite.dialog, status: status, reason: nil, retryAfterSeconds: retryAfter)
    }

    private func script(_ route: NumberRoute, _ application: Application) -> ScriptSource? {
        route.answerNCCOFile.map { .file($0) } ?? script(of: application)
    }

    /// Whom the application has asked for the script of a caller; nil: nobody.
    func script(of application: Application) -> ScriptSource? {
        if let file = application.answerNCCOFile { return .file(file) }
        return application.answerURL.map { .ask($0, fallback: application.fallbackAnswerURL) }
    }

    private func policy(_ trunk: Trunk?, _ invite: IncomingInvite, _ settings: RuntimeSettings) -> MediaPolicy {
        var policy = settings.calls.insideMedia
        if let trunk {
            policy.codecs = trunk.codecs
            policy.srtp = trunk.srtp
            policy.lock = trunk.mediaLock
        }
        policy.mayExchangeKeys =
            invite.transport == .tls || settings.calls.srtpWithoutTLS == .allow
            || (settings.calls.srtpWithoutTLS == .loopback && invite.source.isLoopback)
        return policy
    }

    private func caller(_ invite: IncomingInvite, _ trunk: Trunk?) -> String {
        if trunk?.trusted == true, let identity = invite.assertedIdentity { return withoutPlus(identity) }
        let user = withoutPlus(invite.fromUser)
        return user.isEmpty || user.lowercased() == "anonymous" ? "unknown" : user
    }

    private func withoutPlus(_ number: String) -> String { number.hasPrefix("+") ? String(number.dropFirst()) : number }
}

extension Trunk {
    /// Whether a request from this host is one of the trunk's.
    func sends(from host: String) -> Bool {
        addresses.isEmpty
            ? uri.contains("@\(host)") || uri.contains(":\(host)")
            : addresses.contains { NetworkPrefix($0)?.contains(host) == true }
    }
}
