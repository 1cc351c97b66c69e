import ConfigFile
import EdgeProtocols
import Glibc
import NIOCore
import NIOPosix
import CLinux
import CallModel

extension Doctor {
    private static var patience: TimeAmount { .seconds(2) }

    /// Whether trunks answer: OPTIONS over UDP, a connection over TCP and TLS.
    func trunks() async -> [DoctorFinding] {
        var findings: [DoctorFinding] = []
        for (name, trunk) in configuration.trunks.sorted(by: { $0.key < $1.key }) {
            guard let uri = trunk.uri, let peer = SIPTarget(uri: uri) else { continue }
            findings.append(await self.trunk(name, peer))
        }
        return findings.isEmpty ? [.ok("trunks", "none")] : findings
    }

    private func trunk(_ name: String, _ peer: SIPTarget) async -> DoctorFinding {
        let title = "trunk \(name) (\(peer.address) by \(peer.transport.rawValue))"
        let fix = "check trunks.\(name).uri, the firewall, and that the peer knows this machine's address"
        if peer.transport == .udp {
            guard let target = ResolvedAddress(resolving: peer.address, isStream: false) else {
                return .failure(
                    "trunks", "\(title): the name cannot be resolved", fix: "check trunks.\(name).uri and DNS")
            }
            return Self.answersOptions(target, peer)
                ? .ok("trunks", "\(title) answers")
                : .failure("trunks", "\(title) does not answer OPTIONS", fix: fix)
        }
        if let reason = await Self.whyUnreachable(peer.address) {
            return .failure("trunks", "\(title): \(reason)", fix: fix)
        }
        return .ok("trunks", "\(title) takes connections")
    }

    /// Whether the hosts of webhook URLs take connections.
    func webhooks() async -> [DoctorFinding] {
        var findings: [DoctorFinding] = []
        var seen: Set<NetworkAddress> = []
        for (name, application) in configuration.applications.sorted(by: { $0.key < $1.key }) {
            let hooks = [
                application.answerURL, application.fallbackAnswerURL, application.voiceEventURL,
                application.rtcEventURL,
            ]
            for url in hooks.compactMap(\.address) {
                guard let address = Self.address(of: url), seen.insert(address).inserted else { continue }
                if let reason = await Self.whyUnreachable(address) {
                    findings.append(
                        .warning(
                            "webhooks", "\(address) of application \(name): \(reason)",
                            fix: "start its backend (for a try: switchhook backend), or change its URLs"))
                } else {
                    findings.append(.ok("webhooks", "\(address) of application \(name) takes connections"))
                }
            }
        }
        return findings
    }

    private static func whyUnreachable(_ address: NetworkAddress) async -> String? {
        do {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(patience).connect(host: address.host, port: Int(address.port)).get()
            channel.close(promise: nil)
            return nil
        } catch {
            return "no connection (\(networkWords(error)))"
        }
    }

    /// Sends OPTIONS (RFC 3261 §11) three times; any SIP answer will do.
    private static func answersOptions(_ target: ResolvedAddress, _ peer: SIPTarget) -> Bool {
        let descriptor = target.socket()
        guard descriptor >= 0 else { return false }
        defer { _ = close(descriptor) }
        guard target.connect(descriptor) else { return false }
        let branch = UUIDText.canonical(UUIDText.random())
        let request = [
            "OPTIONS sip:\(peer.address) SIP/2.0", "Via: SIP/2.0/UDP 0.0.0.0;branch=z9hG4bK\(branch);rport",
            "Max-Forwards: 70", "From: <sip:doctor@switchhook.local>;tag=\(branch.prefix(8))",
            "To: <sip:\(peer.address)>",
            "Call-ID: \(branch)", "CSeq: 1 OPTIONS", "Contact: <sip:doctor@0.0.0.0>", "Content-Length: 0", "", "",
        ].joined(separator: "\r\n")
        var answer = [UInt8](repeating: 0, count: 2048)
        for _ in 0..<3 {
            guard unsafe send(descriptor, request, request.utf8.count, 0) > 0 else { continue }
            guard swh_wait_readable(descriptor, 700) > 0 else { continue }
            let count = unsafe recv(descriptor, &answer, answer.count, 0)
            if count > 0, answer.prefix(count).starts(with: "SIP/2.0 ".utf8) { return true }
        }
        return false
    }

    /// Host and port of an http or https URL.
    static func address(of url: String) -> NetworkAddress? {
        let isSecure = url.lowercased().hasPrefix("https://")
        let rest = url.dropFirst(isSecure ? 8 : 7)
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let host = authority.split(separator: "@").last.map(String.init) ?? ""
        return SIPTarget.address(host, defaultPort: isSecure ? 443 : 80)
    }
}
