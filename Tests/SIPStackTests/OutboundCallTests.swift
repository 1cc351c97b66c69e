import CallModel
import EdgeProtocols
import SIPStack
import Testing

/// Calls placed at sipp.
@Suite(.timeLimit(.minutes(2)))
struct OutboundCallTests {
    static var trunk: Trunk {
        var trunk = Trunk(name: "carrier", uri: "sip:127.0.0.1")
        trunk.username = "trunkuser"
        trunk.password = "trunk-secret"
        return trunk
    }

    @Test("a call rings, is answered and hung up", arguments: [Sipp.Transport.udp, .tcp])
    func answered(transport: Sipp.Transport) async throws {
        let box = try TestStack()
        let callee = try Sipp("callee_answers", transport: transport)
        let dialog = box.call(port: callee.port, parameters: transport == .tcp ? ";transport=tcp" : "")
        #expect(try await box.progress(dialog, status: 180) == "")
        let answer = try await box.answered(dialog)
        #expect(answer.sdp.contains("m=audio 6000"))
        #expect(answer.source == NetworkAddress(host: "127.0.0.1", port: callee.port))
        box.sip.hangUp(dialog)
        try await callee.finish()
        await box.sip.stop()
        #expect(box.inbox.left.isEmpty)
    }

    @Test("BYE from the callee ends the call with its reason")
    func hungUpByCallee() async throws {
        let box = try TestStack()
        let callee = try Sipp("callee_hangs_up")
        let dialog = box.call(port: callee.port)
        _ = try await box.answered(dialog)
        guard case .bye(let reason?) = try await box.ended(dialog) else { throw Sipp.Failed(description: "no reason") }
        #expect(reason.contains("normal"))
        try await callee.finish()
        await box.sip.stop()
    }

    @Test("final failures come with the callee's code", arguments: [("callee_busy", 486), ("callee_redirects", 302)])
    func refused(scenario: String, status: Int) async throws {
        let box = try TestStack()
        let callee = try Sipp(scenario)
        let failure = try await box.failed(box.call(port: callee.port))
        #expect(failure == (status, true))
        try await callee.finish()
        await box.sip.stop()
    }

    @Test("reliable early media is acknowledged by PRACK")
    func earlyMedia() async throws {
        let box = try TestStack()
        let callee = try Sipp("callee_early_media")
        let dialog = box.call(port: callee.port)
        #expect(try await box.progress(dialog, status: 183).contains("m=audio"))
        _ = try await box.answered(dialog)
        box.sip.hangUp(dialog)
        try await callee.finish()
        await box.sip.stop()
    }

    @Test("of a forked call every branch's media is told, the first 200 wins, another one is ended")
    func forked() async throws {
        let box = try TestStack()
        let callee = try Sipp("callee_forks")
        let dialog = box.call(port: callee.port)
        #expect(try await box.progress(dialog, status: 183).contains("o=peer 1 1"))
        #expect(try await box.progress(dialog, status: 183).contains("o=peer 1 2"))
        #expect(try await box.answered(dialog).sdp.contains("o=peer 1 3"))
        try await Task.sleep(for: .milliseconds(300))  // the fourth branch's 200 is in flight
        box.sip.hangUp(dialog)
        try await callee.finish()
        await box.sip.stop()
        #expect(box.inbox.left.isEmpty)
    }

    @Test("cancel ends a ringing call with 487")
    func cancel() async throws {
        let box = try TestStack()
        let callee = try Sipp("callee_is_cancelled")
        let dialog = box.call(port: callee.port)
        _ = try await box.progress(dialog, status: 180)
        box.sip.cancel(dialog)
        #expect(try await box.failed(dialog) == (487, true))
        try await callee.finish()
        await box.sip.stop()
        #expect(box.inbox.left.isEmpty)
    }

    @Test("a 200 that crosses our CANCEL is acknowledged and ended; the call fails with 487")
    func cancelCrossing() async throws {
        let box = try TestStack()
        let callee = try Sipp("callee_answers_too_late")
        let dialog = box.call(port: callee.port)
        _ = try await box.progress(dialog, status: 180)
        box.sip.cancel(dialog)
        #expect(try await box.failed(dialog) == (487, false))
        try await callee.finish()
        await box.sip.stop()
        #expect(box.inbox.left.isEmpty)
    }

    @Test("a 200 that was already on its way when cancel was called ends the same way")
    func cancelAfterAnswer() async throws {
        let box = try TestStack()
        let callee = try Sipp("callee_answers")
        let dialog = box.call(port: callee.port)
        _ = try await box.answered(dialog)
        box.sip.cancel(dialog)
        #expect(try await box.failed(dialog) == (487, false))
        try await callee.finish()
        await box.sip.stop()
    }

    @Test("a silent peer times out with 408 of our own; a cancelled call to it fails at once")
    func timerB() async throws {
        let box = try TestStack { $0.timerT1Milliseconds = 30 }
        let silent = try UDPSocket()
        #expect(try await box.failed(box.call(port: silent.port)) == (408, false))
        let second = box.call(port: silent.port)
        box.sip.cancel(second)
        #expect(try await box.failed(second) == (487, false))
        await box.sip.stop()
        #expect(box.inbox.left.isEmpty)
    }

    @Test("unreachable peers and unusable targets fail without a peer's code")
    func unreachable() async throws {
        let box = try TestStack { $0.timerT1Milliseconds = 30 }
        let closed = try FreePort.udp()
        let refused = try await box.failed(box.call(port: closed))
        #expect(!refused.fromPeer && [408, 503].contains(refused.status))
        let noConnection = try await box.failed(box.call(port: closed, parameters: ";transport=tcp"))
        #expect(!noConnection.fromPeer && [408, 503].contains(noConnection.status))
        let nonsense = box.sip.makeDialog()
        box.sip.invite(
            OutgoingInvite(dialog: nonsense, target: "sip:a b@host", fromUser: "1", offer: SDPText.offer))
        #expect(try await box.failed(nonsense) == (404, false))
        let evil = box.call(port: closed, headers: [SIPHeader(name: "X-A", value: "1\r\nX-B: 2")])
        #expect(try await box.failed(evil) == (400, false))
        await box.sip.stop()
    }

    @Test("trunk credentials answer a challenge, the ACK carries them too", arguments: ["401", "407", "sha256"])
    func challenge(kind: String) async throws {
        let box = try TestStack { $0.trunks = [Self.trunk] }
        let callee = try Sipp("callee_challenges_\(kind)")
        let dialog = box.call(port: callee.port, trunk: "carrier")
        _ = try await box.answered(dialog)
        box.sip.hangUp(dialog)
        try await callee.finish()
        await box.sip.stop()
    }

    @Test("a challenged BYE is sent again with credentials, after its dialog has left the tables")
    func challengedBye() async throws {
        let box = try TestStack { $0.trunks = [Self.trunk] }
        let callee = try Sipp("callee_challenges_bye")
        let dialog = box.call(port: callee.port, trunk: "carrier")
        _ = try await box.answered(dialog)
        box.sip.hangUp(dialog)
        try await callee.finish()
        await box.sip.stop()
    }

    @Test("a peer whose Min-SE is longer is asked again with its interval")
    func sessionIntervalTooSmall() async throws {
        let box = try TestStack()
        let callee = try Sipp("callee_wants_longer_sessions")
        let dialog = box.call(port: callee.port)
        _ = try await box.answered(dialog)
        box.sip.hangUp(dialog)
        try await callee.finish()
        await box.sip.stop()
    }

    @Test("wrong credentials, or none, fail with the peer's code", arguments: [true, false])
    func wrongCredentials(given: Bool) async throws {
        var trunk = Self.trunk
        trunk.password = "wrong"
        let box = try TestStack { [trunk] in $0.trunks = [trunk] }
        let callee = try Sipp("callee_challenges_401")
        let failure = try await box.failed(box.call(port: callee.port, trunk: given ? "carrier" : nil))
        #expect(failure == (given ? 403 : 401, true))
        if given { try await callee.finish() } else { await callee.stop() }
        await box.sip.stop()
    }

    @Test("hold by re-INVITE and resume by UPDATE of the callee are answered")
    func heldByCallee() async throws {
        let box = try TestStack()
        let callee = try Sipp("callee_holds")
        let dialog = box.call(port: callee.port)
        _ = try await box.answered(dialog)
        #expect(try await box.reoffer(dialog).contains("sendonly"))
        box.sip.answerReoffer(dialog, sdp: SDPText.text(session: 1, direction: "recvonly"))
        #expect(try await box.reoffer(dialog).contains("o=peer 1 3"))
        box.sip.answerReoffer(dialog, sdp: SDPText.offer)
        box.sip.hangUp(dialog)
        try await callee.finish()
        await box.sip.stop()
    }

    @Test("a re-INVITE of ours is answered or refused", arguments: [("takes", 200), ("refuses", 488)])
    func reoffer(kind: String, status: Int) async throws {
        let box = try TestStack()
        let callee = try Sipp("callee_\(kind)_reinvite")
        let dialog = box.call(port: callee.port)
        _ = try await box.answered(dialog)
        box.sip.reoffer(dialog, sdp: SDPText.text(session: 1, direction: "sendonly"))
        let answer = try await box.reofferAnswered(dialog)
        #expect(answer.status == status)
        #expect((answer.sdp?.contains("o=peer 1 2") ?? false) == (status == 200))
        box.sip.hangUp(dialog)
        try await callee.finish()
        await box.sip.stop()
    }

    @Test(
        "we refresh a session when that is our part: by UPDATE, or re-INVITE when the peer has none",
        arguments: ["callee_session_timer", "callee_session_timer_reinvite"])
    func sessionRefresh(scenario: String) async throws {
        let box = try TestStack { $0.minimumSessionExpirySeconds = 2 }
        let callee = try Sipp(scenario)
        let dialog = box.call(port: callee.port)
        _ = try await box.answered(dialog)
        #expect(try await box.ended(dialog) == .bye(reason: nil))  // after two refreshes; without them it lapses
        try await callee.finish()
        await box.sip.stop()
    }

    @Test("a trunk registers after a failure, with digest, and un-registers at the end")
    func registration() async throws {
        let registrar = try Sipp("registrar")
        var trunk = Self.trunk
        trunk.uri = "sip:127.0.0.1:\(registrar.port)"
        trunk.register = true
        let box = try TestStack { [trunk] in $0.trunks = [trunk] }
        let failed = try await box.inbox.next("registration failure") {
            if case .registration("carrier", .failed(let status, _)) = $0 { status } else { nil }
        }
        #expect(failed == 503)
        let expiry = try await box.inbox.next("registration") {
            if case .registration("carrier", .registered(let seconds)) = $0 { seconds } else { nil }
        }
        #expect(expiry == 3600)
        await box.sip.stop()
        try await box.inbox.next("un-registration", within: .zero) {
            if case .registration("carrier", .unregistered) = $0 { true } else { nil }
        }
        try await registrar.finish()
    }
}
