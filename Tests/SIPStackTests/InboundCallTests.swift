import CallModel
import EdgeProtocols
import SIPStack
import Testing

/// Calls placed by sipp.
@Suite(.timeLimit(.minutes(2)))
struct InboundCallTests {
    @Test(
        "a call is told with everything the INVITE says, answered and ended by the caller",
        arguments: [Sipp.Transport.udp, .tcp])
    func callAndBye(transport: Sipp.Transport) async throws {
        let box = try TestStack()
        let caller = try Sipp("caller_calls", target: box.port, transport: transport, user: "49301234")
        let invite = try await box.incoming()
        #expect(invite.requestUser == "49301234")
        #expect(invite.toUser == "49301234")
        #expect(invite.fromUser == "+4930123")
        #expect(invite.fromDisplayName == "Test Caller")
        #expect(invite.assertedIdentity == "+49555")
        #expect(invite.headers.contains(SIPHeader(name: "X-Test", value: "one")))
        #expect(invite.headers.contains(SIPHeader(name: "User-to-User", value: "616263;encoding=hex")))
        #expect(!invite.headers.contains { $0.name.hasPrefix("P-") })
        #expect(invite.source.host == "127.0.0.1")
        #expect(invite.source.port == caller.port || transport == .tcp)
        #expect(invite.transport.rawValue == "\(transport)")
        #expect(invite.offer?.contains("m=audio 6000") == true)
        #expect(!invite.callID.isEmpty)
        box.sip.ring(invite.dialog, status: 180, sdp: nil)
        box.sip.answer(invite.dialog, sdp: SDPText.answer)
        #expect(try await box.acknowledged(invite.dialog) == "")
        #expect(try await box.ended(invite.dialog) == .bye(reason: nil))
        try await caller.finish()
        await box.sip.stop()
        #expect(box.inbox.left.isEmpty)
    }

    @Test("hangUp sends BYE and reports nothing more")
    func hangUp() async throws {
        let box = try TestStack()
        let caller = try Sipp("caller_is_hung_up", target: box.port)
        let invite = try await box.incoming()
        box.sip.answer(invite.dialog, sdp: SDPText.answer)
        _ = try await box.acknowledged(invite.dialog)
        box.sip.hangUp(invite.dialog)
        try await caller.finish()
        await box.sip.stop()
        #expect(box.inbox.left.isEmpty)
    }

    @Test("hangUp before the ACK waits for it")
    func hangUpBeforeAck() async throws {
        let box = try TestStack()
        let caller = try Sipp("caller_is_hung_up", target: box.port)
        let invite = try await box.incoming()
        box.sip.answer(invite.dialog, sdp: SDPText.answer)
        box.sip.hangUp(invite.dialog)
        try await caller.finish()
        await box.sip.stop()
        #expect(
            !box.inbox.left.contains { if case .ended = $0 { true } else { false } })
    }

    @Test("CANCEL is answered and reported once; later calls for the dialog are ignored")
    func cancel() async throws {
        let box = try TestStack()
        let caller = try Sipp("caller_cancels", target: box.port)
        let invite = try await box.incoming()
        box.sip.ring(invite.dialog, status: 180, sdp: nil)
        try await box.inbox.next("cancelled") { if case .cancelled(invite.dialog) = $0 { true } else { nil } }
        box.sip.answer(invite.dialog, sdp: SDPText.answer)
        box.sip.hangUp(invite.dialog)
        try await caller.finish()
        await box.sip.stop()
        #expect(box.inbox.left.isEmpty)
    }

    @Test("a refused call hears the status")
    func refuse() async throws {
        let box = try TestStack()
        let caller = try Sipp("caller_is_busy", target: box.port)
        let invite = try await box.incoming()
        box.sip.refuse(invite.dialog, status: 486, reason: nil, retryAfterSeconds: nil)
        try await caller.finish()
        await box.sip.stop()
    }

    @Test("a call refused for capacity hears Retry-After")
    func refuseWithRetryAfter() async throws {
        let box = try TestStack()
        let caller = try Sipp("caller_is_shed", target: box.port)
        let invite = try await box.incoming()
        box.sip.refuse(invite.dialog, status: 503, reason: "Busy\r\nX-Evil: 1", retryAfterSeconds: 7)
        try await caller.finish()
        await box.sip.stop()
    }

    @Test("early media goes reliably to a caller that supports it, and the 200 waits for PRACK")
    func earlyMediaWithPrack() async throws {
        let box = try TestStack()
        let caller = try Sipp("caller_prack", target: box.port)
        let invite = try await box.incoming()
        box.sip.ring(invite.dialog, status: 183, sdp: SDPText.answer)
        box.sip.answer(invite.dialog, sdp: SDPText.answer)
        _ = try await box.acknowledged(invite.dialog)
        _ = try await box.ended(invite.dialog)
        try await caller.finish()
        await box.sip.stop()
    }

    @Test("an INVITE without SDP gets our offer in the 200 and gives the answer in the ACK")
    func delayedOffer() async throws {
        let box = try TestStack()
        let caller = try Sipp("caller_delays_offer", target: box.port)
        let invite = try await box.incoming()
        #expect(invite.offer == nil)
        box.sip.ring(invite.dialog, status: 183, sdp: SDPText.offer)
        box.sip.answer(invite.dialog, sdp: SDPText.offer)
        #expect(try await box.acknowledged(invite.dialog).contains("m=audio 6000"))
        _ = try await box.ended(invite.dialog)
        try await caller.finish()
        await box.sip.stop()
    }

    @Test("inside a call offers, digits and questions are answered, transfers and strangers refused")
    func midCall() async throws {
        let box = try TestStack()
        let caller = try Sipp("caller_mid_call", target: box.port)
        let invite = try await box.incoming()
        let dialog = invite.dialog
        box.sip.answer(dialog, sdp: SDPText.answer)
        _ = try await box.acknowledged(dialog)
        #expect(try await box.reoffer(dialog).contains("a=sendonly"))
        box.sip.answerReoffer(dialog, sdp: SDPText.text(session: 2, direction: "recvonly"))
        #expect(try await box.reoffer(dialog) == "")
        box.sip.answerReoffer(dialog, sdp: SDPText.offer)
        #expect(try await box.acknowledged(dialog).contains("o=peer 1 3"))
        #expect(try await box.reoffer(dialog).contains("o=peer 1 4"))
        box.sip.answerReoffer(dialog, sdp: SDPText.answer)
        #expect(try await box.digit(dialog) == "5")
        #expect(try await box.digit(dialog) == "#")
        _ = try await box.ended(dialog)
        try await caller.finish()
        await box.sip.stop()
        #expect(box.inbox.left.isEmpty)
    }

    @Test("a refused re-INVITE leaves the call up")
    func refuseReoffer() async throws {
        let box = try TestStack()
        let caller = try Sipp("caller_reoffer_refused", target: box.port)
        let invite = try await box.incoming()
        box.sip.answer(invite.dialog, sdp: SDPText.answer)
        _ = try await box.reoffer(invite.dialog)
        box.sip.refuseReoffer(invite.dialog, status: 488)
        _ = try await box.ended(invite.dialog)
        try await caller.finish()
        await box.sip.stop()
    }

    @Test("a 200 that is never acknowledged ends the call with BYE")
    func neverAcknowledged() async throws {
        let box = try TestStack { $0.timerT1Milliseconds = 50 }
        let caller = try Sipp("caller_never_acks", target: box.port)
        let invite = try await box.incoming()
        box.sip.answer(invite.dialog, sdp: SDPText.answer)
        #expect(try await box.ended(invite.dialog) == .lost("the 200 was never acknowledged"))
        try await caller.finish()
        await box.sip.stop()
    }

    @Test("a session that the peer does not refresh ends with BYE")
    func sessionTimerLapses() async throws {
        let box = try TestStack { $0.minimumSessionExpirySeconds = 2 }
        let caller = try Sipp("caller_lapses", target: box.port)
        let invite = try await box.incoming()
        box.sip.answer(invite.dialog, sdp: SDPText.answer)
        #expect(try await box.ended(invite.dialog) == .sessionTimer)
        try await caller.finish()
        await box.sip.stop()
    }

    @Test("with admission closed, or too many unanswered calls, a call is shed before anybody hears of it")
    func shedding() async throws {
        let box = try TestStack { $0.maxPendingInvites = 1 }
        box.sip.setAdmission(open: false, retryAfterSeconds: 9)
        try await Sipp("caller_is_shed", target: box.port).finish()
        #expect(box.inbox.left.isEmpty)
        box.sip.setAdmission(open: true)
        let first = try Sipp("caller_cancels", target: box.port)
        let invite = try await box.incoming()
        try await Sipp("caller_is_shed", target: box.port).finish()
        box.sip.ring(invite.dialog, status: 180, sdp: nil)
        try await first.finish()
        await box.sip.stop()
    }
}
