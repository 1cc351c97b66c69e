import CallModel
import EdgeProtocols
import Logging
import MediaTime
import SIPStack

/// A stack on free loopback ports with an inbox for its events.
struct TestStack {
    let sip: SIPStack
    let inbox: Inbox

    init(_ change: (inout SIPConfiguration) -> Void = { _ in }) throws(SIPFault) {
        var configuration = SIPConfiguration(port: 0)
        change(&configuration)
        let inbox = Inbox()
        self.inbox = inbox
        var logger = Logger(label: "sip.test")
        logger.logLevel = .critical
        sip = SIPStack(configuration: configuration, time: SystemTimeSource(), logger: logger) { inbox.put($0) }
        try sip.start()
    }

    var port: UInt16 { sip.port(.udp) }

    func call(
        host: String = "127.0.0.1", port: UInt16, user: String = "100", parameters: String = "", trunk: String? = nil,
        headers: [SIPHeader] = []
    ) -> DialogID {
        let dialog = sip.makeDialog()
        sip.invite(
            OutgoingInvite(
                dialog: dialog, target: "sip:\(user)@\(NetworkAddress(host: host, port: port))\(parameters)",
                fromUser: "4930999",
                headers: headers, offer: SDPText.offer, trunk: trunk))
        return dialog
    }

    func incoming() async throws -> IncomingInvite {
        try await inbox.next("invite") { if case .invite(let invite) = $0 { invite } else { nil } }
    }
    func acknowledged(_ dialog: DialogID) async throws -> String {
        try await inbox.next("acknowledged") {
            if case .acknowledged(dialog, let answer) = $0 { answer ?? "" } else { nil }
        }
    }
    func ended(_ dialog: DialogID) async throws -> DialogEnd {
        try await inbox.next("ended") { if case .ended(dialog, let cause) = $0 { cause } else { nil } }
    }
    func progress(_ dialog: DialogID, status: Int) async throws -> String {
        try await inbox.next("progress \(status)") {
            if case .progress(dialog, status, let sdp, _) = $0 { sdp ?? "" } else { nil }
        }
    }
    func answered(_ dialog: DialogID) async throws -> (sdp: String, source: NetworkAddress?) {
        try await inbox.next("answered") {
            if case .answered(dialog, let sdp, let source) = $0 { (sdp ?? "", source) } else { nil }
        }
    }
    func failed(_ dialog: DialogID) async throws -> (status: Int, fromPeer: Bool) {
        try await inbox.next("failed") {
            if case .failed(dialog, let status, _, let fromPeer) = $0 { (status, fromPeer) } else { nil }
        }
    }
    func reoffer(_ dialog: DialogID) async throws -> String {
        try await inbox.next("reoffer") { if case .reoffer(dialog, let sdp) = $0 { sdp ?? "" } else { nil } }
    }
    func reofferAnswered(_ dialog: DialogID) async throws -> (status: Int, sdp: String?) {
        try await inbox.next("reofferAnswered") {
            if case .reofferAnswered(dialog, let status, let sdp) = $0 { (status, sdp) } else { nil }
        }
    }
    func digit(_ dialog: DialogID) async throws -> Character {
        try await inbox.next("digit") { if case .infoDigit(dialog, let digit, _) = $0 { digit } else { nil } }
    }
}

enum SDPText {
    static let offer = text(session: 1)
    static let answer = text(session: 2)
    static func text(session: Int, direction: String = "sendrecv") -> String {
        """
        v=0\r
        o=box \(session) 1 IN IP4 127.0.0.1\r
        s=-\r
        c=IN IP4 127.0.0.1\r
        t=0 0\r
        m=audio 4000 RTP/AVP 0\r
        a=\(direction)\r

        """
    }
}
