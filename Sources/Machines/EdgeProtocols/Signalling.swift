public import CallModel
public import MediaTime

/// An IPv4 or IPv6 address and port, as text and number.
public struct NetworkAddress: Hashable, Sendable, CustomStringConvertible {
    public var host: String
    public var port: UInt16
    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    public var isLoopback: Bool { host.hasPrefix("127.") || host == "::1" }
}

public enum SIPTransport: String, Hashable, Sendable {
    case udp, tcp, tls
}

/// A header as received or to be sent; names keep the case they came with.
public struct SIPHeader: Hashable, Sendable {
    public var name: String
    public var value: String
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// A new call as the wire brought it; holds no memory of the SIP stack.
public struct IncomingInvite: Hashable, Sendable {
    public var dialog: DialogID
    public var callID: String
    /// User part and host of the Request-URI.
    public var requestUser: String
    public var requestHost: String
    public var fromUser: String
    public var fromHost: String
    public var fromDisplayName: String?
    public var toUser: String
    /// User part of P-Asserted-Identity, when present.
    public var assertedIdentity: String?
    /// `X-*` and `User-to-User`, in order.
    public var headers: [SIPHeader]
    /// The SDP offer; nil for a delayed offer (our offer then goes into the 200).
    public var offer: String?
    public var source: NetworkAddress
    public var transport: SIPTransport
    public var receivedAt: MonotonicInstant

    public init(
        dialog: DialogID, callID: String, requestUser: String, requestHost: String, fromUser: String,
        fromHost: String, fromDisplayName: String? = nil, toUser: String, assertedIdentity: String? = nil,
        headers: [SIPHeader] = [], offer: String?, source: NetworkAddress, transport: SIPTransport,
        receivedAt: MonotonicInstant
    ) {
        self.dialog = dialog
        self.callID = callID
        self.requestUser = requestUser
        self.requestHost = requestHost
        self.fromUser = fromUser
        self.fromHost = fromHost
        self.fromDisplayName = fromDisplayName
        self.toUser = toUser
        self.assertedIdentity = assertedIdentity
        self.headers = headers
        self.offer = offer
        self.source = source
        self.transport = transport
        self.receivedAt = receivedAt
    }
}

/// A call the box makes.
public struct OutgoingInvite: Hashable, Sendable {
    /// Chosen by the caller so that events can be routed before the stack has run.
    public var dialog: DialogID
    /// `sip:` or `sips:` URI, parameters already stripped of `media`.
    public var target: String
    public var fromUser: String
    public var fromDisplayName: String?
    /// Host of From; nil: the box's own.
    public var fromHost: String?
    public var headers: [SIPHeader]
    public var offer: String
    /// Name of the trunk whose credentials, proxy and TLS settings apply.
    public var trunk: String?

    public init(
        dialog: DialogID, target: String, fromUser: String, fromDisplayName: String? = nil, fromHost: String? = nil,
        headers: [SIPHeader] = [], offer: String, trunk: String? = nil
    ) {
        self.dialog = dialog
        self.target = target
        self.fromUser = fromUser
        self.fromDisplayName = fromDisplayName
        self.fromHost = fromHost
        self.headers = headers
        self.offer = offer
        self.trunk = trunk
    }
}

/// What the SIP edge tells the runtime. Per dialog they come in the order of the wire.
public enum SIPEvent: Sendable {
    case invite(IncomingInvite)
    /// CANCEL, or the inbound transaction ended before we answered.
    case cancelled(DialogID)
    /// ACK for our 200; `answer` when our 200 carried the offer.
    case acknowledged(DialogID, answer: String?)
    /// 18x of a call we made; `source` is where the response came from.
    case progress(DialogID, status: Int, sdp: String?, source: NetworkAddress?)
    /// 200 of a call we made, ACK already sent.
    case answered(DialogID, sdp: String?, source: NetworkAddress?)
    /// Final failure of a call we made. `fromPeer` is false for Timer B (408), unresolvable names and
    /// connection errors (503) that the stack itself found.
    case failed(DialogID, status: Int, reason: String, fromPeer: Bool)
    /// BYE from the peer, or the dialog died (session timer lapse, no ACK).
    case ended(DialogID, cause: DialogEnd)
    /// re-INVITE or UPDATE with an offer (nil: a re-INVITE without SDP wants our offer); answer it with
    /// `answerReoffer` or `refuseReoffer`.
    case reoffer(DialogID, sdp: String?)
    /// Answer to a `reoffer` of ours; nil SDP with status ≥ 300 when refused.
    case reofferAnswered(DialogID, status: Int, sdp: String?)
    /// SIP INFO with a key (application/dtmf-relay or application/dtmf).
    case infoDigit(DialogID, digit: Character, durationMilliseconds: Int)
    case registration(trunk: String, RegistrationState)
}

public enum DialogEnd: Hashable, Sendable {
    /// BYE received; its Reason header if any.
    case bye(reason: String?)
    /// Session timer lapsed (RFC 4028).
    case sessionTimer
    /// The 200 was never acknowledged, or the transport died.
    case lost(String)
}

public enum RegistrationState: Hashable, Sendable {
    case registered(expirySeconds: Int)
    case failed(status: Int, reason: String)
    case unregistered
}

/// The SIP edge as the runtime drives it.
///
/// - Threading: callable from any thread; calls are queued and run in order on the SIP loop; none blocks.
/// - A call for a dialog that has gone is ignored: its end has been or will be reported.
public protocol Signalling: Sendable {
    /// A fresh dialog handle for `invite`.
    func makeDialog() -> DialogID
    /// 180 or 183, with SDP for early media (reliable when the peer supports 100rel and asks for it).
    func ring(_ dialog: DialogID, status: Int, sdp: String?)
    func answer(_ dialog: DialogID, sdp: String)
    /// Final failure of an inbound call. `retryAfterSeconds` adds Retry-After.
    func refuse(_ dialog: DialogID, status: Int, reason: String?, retryAfterSeconds: Int?)
    func invite(_ call: OutgoingInvite)
    /// CANCEL of a call we made; when a 200 crosses it, the edge ACKs, sends BYE and reports `.failed(487)`.
    func cancel(_ dialog: DialogID)
    /// BYE.
    func hangUp(_ dialog: DialogID)
    /// Offers changed media to the peer (re-INVITE).
    func reoffer(_ dialog: DialogID, sdp: String)
    func answerReoffer(_ dialog: DialogID, sdp: String)
    func refuseReoffer(_ dialog: DialogID, status: Int)
}
