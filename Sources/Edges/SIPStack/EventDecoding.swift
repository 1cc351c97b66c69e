import CSofiaSIP
import CallModel
import EdgeProtocols
import MediaTime

extension swh_sip_text {
    /// Nil when there is none. Bytes that are no UTF-8 become replacement characters.
    var string: String? {
        guard let bytes = unsafe bytes else { return nil }
        return unsafe String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    }
}

extension swh_sip_source {
    var address: NetworkAddress? {
        let text = unsafe withUnsafeBytes(of: host) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return text.isEmpty ? nil : NetworkAddress(host: text, port: port)
    }
}

extension SIPTransport {
    init(_ transport: swh_sip_transport) {
        switch transport {
        case SWH_SIP_TCP: self = .tcp
        case SWH_SIP_TLS: self = .tls
        default: self = .udp
        }
    }

    var c: swh_sip_transport {
        switch self {
        case .udp: SWH_SIP_UDP
        case .tcp: SWH_SIP_TCP
        case .tls: SWH_SIP_TLS
        }
    }
}

extension SIPStatistics {
    init(_ counters: swh_sip_counters, lag: Duration) {
        self.init()
        dialogs = Int(counters.dialogs)
        pendingInvites = Int(counters.pending_invites)
        transactions = Int(counters.server_transactions + counters.client_transactions)
        invites = counters.invites
        shedInvites = counters.shed_invites
        badMessages = counters.bad_messages
        lagMilliseconds = lag.milliseconds
    }
}

extension IncomingInvite {
    init(dialog: DialogID, event: swh_sip_event, invite: swh_sip_invite, at instant: MonotonicInstant) {
        var headers: [SIPHeader] = []
        var asserted: String?
        for index in 0..<(unsafe invite.header_count) {
            let header = unsafe invite.headers[index]
            guard let name = unsafe header.name.string else { continue }
            let key = name.lowercased()
            if key.hasPrefix("x-") || key == "user-to-user" {
                unsafe headers.append(SIPHeader(name: name, value: header.value.string ?? ""))
            } else if key == "p-asserted-identity", asserted == nil {
                asserted = unsafe header.value.string.flatMap(HeaderText.addressUser)
            }
        }
        unsafe self.init(
            dialog: dialog, callID: invite.call_id.string ?? "",
            requestUser: SIPURI.plainUser(invite.request_user.string ?? ""),
            requestHost: invite.request_host.string ?? "",
            fromUser: SIPURI.plainUser(invite.from_user.string ?? ""), fromHost: invite.from_host.string ?? "",
            fromDisplayName: invite.from_display.string.flatMap(HeaderText.displayName),
            toUser: SIPURI.plainUser(invite.to_user.string ?? ""), assertedIdentity: asserted, headers: headers,
            offer: event.body.string, source: event.source.address ?? NetworkAddress(host: "", port: 0),
            transport: SIPTransport(event.source.transport), receivedAt: instant)
    }
}

extension SIPEvent {
    /// Events of one dialog after its INVITE; nil for what is none or says nothing.
    init?(_ event: swh_sip_event) {
        let dialog = unsafe DialogID(rawValue: event.id)
        let status = unsafe Int(event.status)
        let sdp = unsafe event.body.string
        let text = unsafe event.text.string
        switch unsafe event.kind {
        case SWH_SIP_CANCELLED: self = .cancelled(dialog)
        case SWH_SIP_ACKNOWLEDGED: self = .acknowledged(dialog, answer: sdp)
        case SWH_SIP_PROGRESS: self = unsafe .progress(dialog, status: status, sdp: sdp, source: event.source.address)
        case SWH_SIP_ANSWERED: self = unsafe .answered(dialog, sdp: sdp, source: event.source.address)
        case SWH_SIP_FAILED:
            self = unsafe .failed(dialog, status: status, reason: text ?? "", fromPeer: event.from_peer != 0)
        case SWH_SIP_ENDED:
            switch unsafe event.cause {
            case SWH_SIP_BYE: self = .ended(dialog, cause: .bye(reason: text))
            case SWH_SIP_SESSION_TIMER: self = .ended(dialog, cause: .sessionTimer)
            default: self = .ended(dialog, cause: .lost(text ?? ""))
            }
        case SWH_SIP_REOFFER: self = .reoffer(dialog, sdp: sdp)
        case SWH_SIP_REOFFER_ANSWERED: self = .reofferAnswered(dialog, status: status, sdp: sdp)
        case SWH_SIP_INFO:
            guard let digit = InfoDigit(contentType: text ?? "", body: sdp ?? "") else { return nil }
            self = .infoDigit(dialog, digit: digit.digit, durationMilliseconds: digit.durationMilliseconds)
        default: return nil
        }
    }
}
