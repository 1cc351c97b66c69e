import CSofiaSIP
import CallModel
import EdgeProtocols
import Logging
import MediaTime

/// Credentials and registrations of the trunks, on the SIP thread.
extension SIPLoop {
    func reload(_ new: [Trunk]) {
        for registration in trunks.replace(new) { leave(registration) }
        changeCertificate()
        openTrunks()
    }

    /// Makes the registrations that are missing and sends those that are due.
    func openTrunks() {
        guard let stack, !isStopping else { return }
        for trunk in trunks.unregistered {
            guard let uri = SIPURI(trunk.uri), let user = trunk.username,
                !uri.usesTLS || opensTLS(verifies: trunk.verifiesCertificate)
            else {
                logger.error("trunk cannot register", metadata: ["trunk": "\(trunk.name)", "uri": "\(trunk.uri)"])
                continue
            }
            var registrar = uri
            registrar.user = nil
            let record = HeaderText.address(displayName: nil, user: user, host: uri.host)
            let number = trunks.makeRegistrationNumber()
            let pointer = unsafe swh_sip_registration_create(
                stack.pointer, number, trunks.account(trunk.name), registrar.description, record,
                SIPURI.escapedUser(user), trunk.verifiesCertificate ? 1 : 0)
            guard let handle = unsafe Handle(pointer) else { continue }
            trunks.update(
                TrunkRegistration(
                    trunk: trunk, number: number, handle: handle,
                    schedule: RegistrationSchedule(expirySeconds: trunk.registerExpirySeconds, now: time.now)))
        }
        sendDueRegistrations()
    }

    /// Un-registers what is registered; C waits for the answers.
    func closeTrunks() {
        for registration in trunks.registrations.values where !registration.isLeaving { leave(registration) }
    }

    private func leave(_ registration: TrunkRegistration) {
        var leaving = registration
        leaving.isLeaving = true
        if registration.schedule.isRegistered, canResolve(registration.trunk),
            unsafe swh_sip_registration_send(registration.handle.pointer, 0) == 0
        {
            trunks.update(leaving)
        } else {
            remove(registration)
        }
    }

    private func remove(_ registration: TrunkRegistration) {
        unsafe swh_sip_registration_destroy(registration.handle.pointer)
        trunks.remove(registration.number)
        handler(.registration(trunk: registration.trunk.name, .unregistered))
    }

    func sendDueRegistrations() {
        guard !isStopping else { return }
        for registration in trunks.due(at: time.now) {
            guard canResolve(registration.trunk) else {
                failed(registration, status: 503, reason: "no name server can be reached")
                continue
            }
            _ = unsafe swh_sip_registration_send(
                registration.handle.pointer, UInt32(registration.schedule.expirySeconds))
        }
    }

    private func canResolve(_ trunk: Trunk) -> Bool {
        SIPURI(trunk.uri).map { unsafe swh_sip_can_resolve($0.host) != 0 } ?? false
    }

    private func failed(_ registration: TrunkRegistration, status: Int, reason: String) {
        var registration = registration
        let name = registration.trunk.name
        registration.schedule.failed(at: time.now)
        trunks.update(registration)
        logger.warning(
            "trunk registration failed",
            metadata: ["trunk": "\(name)", "status": "\(status)", "reason": "\(reason)"])
        handler(.registration(trunk: name, .failed(status: status, reason: reason)))
    }

    func registered(_ event: swh_sip_event) {
        guard var registration = unsafe trunks.registrations[event.id] else { return }
        guard !registration.isLeaving else { return remove(registration) }
        let name = registration.trunk.name
        let seconds = unsafe Int(event.seconds)
        let status = unsafe Int(event.status)
        switch status {
        case 200..<300:
            if !registration.schedule.isRegistered { logger.notice("trunk registered", metadata: ["trunk": "\(name)"]) }
            registration.schedule.granted(seconds: seconds, at: time.now)
            handler(.registration(trunk: name, .registered(expirySeconds: seconds)))
        case 423 where seconds > 0:
            registration.schedule.tooBrief(minimum: seconds, at: time.now)
        default: return failed(registration, status: status, reason: unsafe event.text.string ?? "")
        }
        trunks.update(registration)
        sendDueRegistrations()
    }

    /// Answers a 401 or 407 with the credentials of the call's or registration's trunk, if it has any.
    func challenged(_ event: swh_sip_event) {
        guard let stack else { return }
        let value = unsafe trunks.answer(
            account: event.account, challenges: event.body.string ?? "",
            method: event.method.string ?? "", uri: event.uri.string ?? "", attempt: Int(event.attempt))
        if let value { unsafe swh_sip_set_credentials(stack.pointer, value) }
    }
}
