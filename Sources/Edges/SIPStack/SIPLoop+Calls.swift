import CSofiaSIP
import CallModel
import EdgeProtocols

/// The verbs of `Signalling`, on the SIP thread. A dialog that is not in the table has gone: the call is ignored.
extension SIPLoop {
    func ring(_ dialog: DialogID, status: Int, sdp: String?) {
        guard let handle = dialogs[dialog.rawValue] else { return }
        if let sdp {
            _ = unsafe swh_sip_ring(handle.pointer, Int32(clamping: status), sdp)
        } else {
            _ = unsafe swh_sip_ring(handle.pointer, Int32(clamping: status), nil)
        }
    }

    func answer(_ dialog: DialogID, sdp: String) {
        guard let handle = dialogs[dialog.rawValue] else { return }
        _ = unsafe swh_sip_answer(handle.pointer, sdp)
    }

    func refuse(_ dialog: DialogID, status: Int, reason: String?, retryAfterSeconds: Int?) {
        guard let handle = dialogs.removeValue(forKey: dialog.rawValue) else { return }
        let status = (300...699).contains(status) ? Int32(status) : 500
        let retry = Int32(clamping: retryAfterSeconds ?? 0)
        if let reason = reason.map(HeaderText.phrase) {
            unsafe swh_sip_refuse(handle.pointer, status, reason, retry)
        } else {
            unsafe swh_sip_refuse(handle.pointer, status, nil, retry)
        }
    }

    func invite(_ call: OutgoingInvite) {
        guard let stack, !isStopping else { return fail(call, 503, "Stack Is Stopping") }
        guard let target = SIPURI(call.target) else { return fail(call, 404, "Unusable Target URI") }
        guard unsafe swh_sip_can_resolve(target.host) != 0 else { return fail(call, 503, "No Name Server") }
        let verifies = trunks.verifiesCertificate(call.trunk)
        guard !target.usesTLS || opensTLS(verifies: verifies) else { return fail(call, 503, "TLS Not Available") }
        guard let headers = HeaderText.lines(call.headers) else { return fail(call, 400, "Unusable Header") }
        let from = HeaderText.address(
            displayName: call.fromDisplayName, user: call.fromUser.isEmpty ? nil : call.fromUser,
            host: call.fromHost ?? ownHost)
        var callee = target
        callee.port = nil
        callee.parameters = []
        let isSent = Self.callOut(
            stack, id: call.dialog.rawValue, target: target.removingParameter("media").description, from: from,
            to: "<\(callee)>", headers: headers, sdp: call.offer,
            account: trunks.account(call.trunk), verifies: verifies,
            register: { [self] handle in
                dialogs[call.dialog.rawValue] = handle
            })
        if !isSent { fail(call, 404, "Unusable Target URI") }
    }

    private func fail(_ call: OutgoingInvite, _ status: Int, _ reason: String) {
        handler(.failed(call.dialog, status: status, reason: reason, fromPeer: false))
    }

    private static func callOut(
        _ stack: Handle, id: UInt64, target: String, from: String, to: String, headers: String, sdp: String,
        account: UInt32, verifies: Bool, register: (Handle) -> Void
    ) -> Bool {
        unsafe target.withCString { target in
            unsafe from.withCString { from in
                unsafe to.withCString { to in
                    unsafe headers.withCString { headers in
                        unsafe sdp.withCString { sdp in
                            var call = unsafe swh_sip_call(
                                target: target, from: from, to: to, headers: headers[0] == 0 ? nil : headers, sdp: sdp,
                                account: account, verify: verifies ? 1 : 0)
                            guard let handle = unsafe Handle(swh_sip_call_out(stack.pointer, id, &call)) else {
                                return false
                            }
                            register(handle)
                            return true
                        }
                    }
                }
            }
        }
    }

    func cancel(_ dialog: DialogID) {
        guard let handle = dialogs[dialog.rawValue] else { return }
        unsafe swh_sip_cancel(handle.pointer)
    }

    func hangUp(_ dialog: DialogID) {
        guard let handle = dialogs[dialog.rawValue] else { return }
        if unsafe swh_sip_hang_up(handle.pointer) == 1 { dialogs[dialog.rawValue] = nil }
    }

    func reoffer(_ dialog: DialogID, sdp: String) {
        guard let handle = dialogs[dialog.rawValue] else { return }
        if unsafe swh_sip_reoffer(handle.pointer, sdp) != 0 {
            handler(.reofferAnswered(dialog, status: 491, sdp: nil))
        }
    }

    func answerReoffer(_ dialog: DialogID, sdp: String) {
        guard let handle = dialogs[dialog.rawValue] else { return }
        _ = unsafe swh_sip_answer_reoffer(handle.pointer, sdp)
    }

    func refuseReoffer(_ dialog: DialogID, status: Int) {
        guard let handle = dialogs[dialog.rawValue] else { return }
        _ = unsafe swh_sip_refuse_reoffer(handle.pointer, (300...699).contains(status) ? Int32(status) : 488)
    }
}
