import CallModel
import EdgeProtocols
import Foundation
import Logging
import MediaTime
import SDP
import SIPStack

/// The signalling of one outgoing call, from INVITE to its end.
///
/// - Threading: `call` is one task; what the SIP thread and timers tell comes through a stream.
final class PhoneSession: Sendable {
    private enum Signal: Sendable {
        case sip(SIPEvent)
        /// The time that was asked for is over, or the task was cancelled.
        case hangUp
        /// It has rung long enough.
        case giveUp
    }

    private let media: PhoneMedia
    private let offer: SessionDescription
    private let stack: SIPStack
    private let signals: AsyncStream<Signal>
    private let send: AsyncStream<Signal>.Continuation
    private let onStep: @Sendable (TestCallStep) -> Void
    private let caller: ScriptedCaller?
    private let time = SystemTimeSource()

    init(
        media: PhoneMedia, offer: SessionDescription, host: String, logger: Logger, caller: ScriptedCaller? = nil,
        onStep: @escaping @Sendable (TestCallStep) -> Void
    ) {
        self.media = media
        self.offer = offer
        self.onStep = onStep
        self.caller = caller
        let (signals, send) = AsyncStream.makeStream(of: Signal.self)
        self.signals = signals
        self.send = send
        let configuration = SIPConfiguration(hosts: [host], port: 0, userAgent: "Switchhook test phone")
        stack = SIPStack(configuration: configuration, time: time, logger: logger) { send.yield(.sip($0)) }
    }

    /// What `call` learns on its way.
    private struct Progress: Sendable {
        let start: MonotonicInstant
        var steps: [TestCallStep] = []
        var ringingAfter: Duration?
        var answeredAfter: Duration?
        var agreement: MediaAgreement?
        var local: SessionDescription
        /// Of `local`.
        var version: UInt64 = 1
    }

    func call(
        _ uri: String, from: String, duration: Duration?, patience: Duration
    ) async throws(TestCallFault) -> (TestCallReport, heard: HeardSound) {
        do {
            try stack.start()
        } catch {
            _ = media.stop()
            throw TestCallFault(reason: "\(error)")
        }
        let dialog = stack.makeDialog()
        var progress = Progress(start: time.now, local: offer)
        step(.sent, "INVITE \(uri)", &progress)
        stack.invite(OutgoingInvite(dialog: dialog, target: uri, fromUser: from, offer: offer.text))
        // In a task of its own: a stream ends when the task that reads it is cancelled, and this one hangs up first.
        let start = progress
        let following = Task { await follow(dialog, duration: duration, patience: patience, start) }
        let acting = Task { () -> [ScriptStepReport]? in
            guard let caller else { return nil }
            let reports = await caller.run()
            // A script that is over has nothing more to say; a call that has ended does not hear this.
            send.yield(.hangUp)
            return reports
        }
        let (ending, end) = await withTaskCancellationHandler {
            await following.value
        } onCancel: {
            send.yield(.hangUp)
        }
        caller?.over()
        let acted = await acting.value
        let heard = media.stop()
        await stack.stop()
        var (report, clip) = report(ending, end, heard)
        report.script = acted
        return (report, clip)
    }

    private func follow(
        _ dialog: DialogID, duration: Duration?, patience: Duration, _ start: Progress
    ) async -> (TestCallReport.Ending, Progress) {
        var progress = start
        let timers = Timers()
        defer { timers.cancel() }
        timers.after(patience) { [send] in send.yield(.giveUp) }
        for await signal in signals {
            switch signal {
            case .sip(let event):
                if let ending = handle(event, dialog, &progress) { return (ending, progress) }
                if case .answered = event, let duration {
                    timers.after(duration) { [send] in send.yield(.hangUp) }
                }
            case .hangUp where progress.answeredAfter != nil:
                step(.sent, "BYE", &progress)
                stack.hangUp(dialog)
                return (.weHungUp, progress)
            case .giveUp where progress.answeredAfter != nil:
                continue
            case .hangUp, .giveUp:
                step(.sent, "CANCEL", &progress)
                stack.cancel(dialog)
                return (.refused(status: 0, reason: "not answered in time"), progress)
            }
        }
        return (.lost("the SIP stack ended"), progress)
    }

    /// Nil while the call goes on.
    private func handle(
        _ event: SIPEvent, _ dialog: DialogID, _ progress: inout Progress
    ) -> TestCallReport.Ending? {
        switch event {
        case .progress(dialog, let status, let sdp, _):
            if progress.ringingAfter == nil { progress.ringingAfter = time.now - progress.start }
            step(.received, "\(status)" + (sdp == nil ? "" : " with early media"), &progress)
            take(sdp, isAnswered: false, &progress)
        case .answered(dialog, let sdp, _):
            progress.answeredAfter = time.now - progress.start
            step(.received, "200", &progress)
            step(.sent, "ACK", &progress)
            take(sdp, isAnswered: true, &progress)
            if let agreement = progress.agreement { caller?.answered(agreement.codec) }
        case .reoffer(dialog, let sdp):
            step(.received, "re-INVITE or UPDATE", &progress)
            answerReoffer(dialog, sdp, &progress)
        case .failed(dialog, let status, let reason, let isFromPeer):
            step(isFromPeer ? .received : .local, "\(status) \(reason)", &progress)
            return .refused(status: status, reason: reason)
        case .ended(dialog, let cause):
            return ended(cause, &progress)
        case .invite(let invite):
            // Nobody knows this phone's address but the one it called.
            stack.refuse(invite.dialog, status: 486, reason: nil, retryAfterSeconds: nil)
        case .progress, .answered, .reoffer, .failed, .ended, .cancelled, .acknowledged, .reofferAnswered, .infoDigit,
            .registration:
            break
        }
        return nil
    }

    private func ended(_ cause: DialogEnd, _ progress: inout Progress) -> TestCallReport.Ending {
        switch cause {
        case .bye(let reason):
            step(.received, "BYE" + (reason.map { " (\($0))" } ?? ""), &progress)
            return .peerHungUp
        case .sessionTimer:
            step(.local, "the session timer lapsed", &progress)
            return .lost("the session timer lapsed")
        case .lost(let reason):
            step(.local, reason, &progress)
            return .lost(reason)
        }
    }

    /// Takes the peer's answer; without one the agreement of the early answer stands.
    private func take(_ sdp: String?, isAnswered: Bool, _ progress: inout Progress) {
        do {
            if let sdp {
                progress.agreement = try OfferAnswer.apply(
                    answer: try SessionDescription(parsing: sdp), to: progress.local)
            }
            if let agreement = progress.agreement { try media.start(agreement, isAnswered: isAnswered) }
        } catch {
            step(.local, "the answer cannot be used: \(error)", &progress)
        }
    }

    private func answerReoffer(_ dialog: DialogID, _ sdp: String?, _ progress: inout Progress) {
        guard let sdp else { return stack.answerReoffer(dialog, sdp: progress.local.text) }
        do {
            let (answer, agreement) = try media.answer(
                to: try SessionDescription(parsing: sdp), previous: progress.local,
                version: progress.version + 1)
            progress.local = answer
            progress.version += 1
            progress.agreement = agreement
            try media.start(agreement, isAnswered: progress.answeredAfter != nil)
            stack.answerReoffer(dialog, sdp: answer.text)
        } catch {
            step(.local, "the offer cannot be used: \(error)", &progress)
            stack.refuseReoffer(dialog, status: 488)
        }
    }

    private func step(_ direction: TestCallStep.Direction, _ text: String, _ progress: inout Progress) {
        let step = TestCallStep(elapsed: time.now - progress.start, direction: direction, text: text)
        progress.steps.append(step)
        onStep(step)
    }

    private func report(
        _ ending: TestCallReport.Ending, _ progress: Progress, _ heard: PhoneMedia.Heard
    ) -> (TestCallReport, HeardSound) {
        let sound = HeardSound(heard, progress.agreement?.codec ?? .pcmu)
        let clip = sound.clip
        let report = TestCallReport(
            ending: ending, steps: progress.steps, ringingAfter: progress.ringingAfter,
            answeredAfter: progress.answeredAfter, firstAudioAfter: heard.firstArrival.map { $0 - progress.start },
            codec: progress.agreement?.codec.rawValue, packetsSent: heard.sent, packetsReceived: heard.packets.count,
            packetsLost: heard.lost, digitsHeard: heard.digits,
            heardSeconds: (clip.duration / .milliseconds(1)).rounded() / 1000, heardLevel: Self.level(clip))
        return (report, sound)
    }

    private static func level(_ clip: PCMClip) -> Double? {
        let energy = clip.samples.reduce(0.0) { $0 + Double($1) * Double($1) }
        guard energy > 0 else { return nil }
        let level = 10 * log10(energy / Double(clip.samples.count) / (32_768 * 32_768))
        return (level * 10).rounded() / 10
    }
}

/// Timers of one call, all ended together.
private final class Timers {
    private var tasks: [Task<Void, Never>] = []

    func after(_ delay: Duration, _ act: @escaping @Sendable () -> Void) {
        tasks.append(
            Task {
                do {
                    try await Task.sleep(for: delay)
                    act()
                } catch {
                    // Cancelled: the call is over.
                }
            })
    }

    func cancel() { for task in tasks { task.cancel() } }
}
