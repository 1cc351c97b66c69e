import ConfigFile
import EdgeProtocols
import Glibc

extension Doctor {
    private enum Kind: String {
        case udp, tcp
    }

    /// Whether the box can have its ports, and who reaches them.
    func ports(isRunning: Bool) -> [DoctorFinding] {
        var wanted: [(String, NetworkAddress, Kind)] = configuration.sip.transports.map {
            ("sip.listen", configuration.sip.listen, $0 == .udp ? .udp : .tcp)
        }
        if configuration.sip.tlsCertificate != nil {
            wanted.append(("sip.tls_listen", configuration.sip.tlsListen, .tcp))
        }
        wanted.append(("http.listen", configuration.http.listen, .tcp))
        var findings = wanted.map { key, address, kind in port(key, address, kind, isRunning: isRunning) }
        findings.append(rtpPorts())
        let isLocal = configuration.sip.listen.isLoopback
        if isLocal != (configuration.media.bind.hasPrefix("127.") || configuration.media.bind == "::1") {
            findings.append(
                .warning(
                    "ports",
                    "SIP and RTP do not reach the same networks: \(configuration.sip.listen) and "
                        + configuration.media.bind, fix: "set sip.listen and media.bind to the same address"))
        } else if isLocal {
            findings.append(.ok("ports", "reached from this machine only; sip.listen and media.bind open them"))
        }
        return findings
    }

    private func port(_ key: String, _ address: NetworkAddress, _ kind: Kind, isRunning: Bool) -> DoctorFinding {
        let name = "\(kind.rawValue.uppercased()) \(address) (\(key))"
        switch Self.bind(address, kind) {
        case 0: return .ok("ports", "\(name) is free")
        case EADDRINUSE where isRunning: return .ok("ports", "\(name) is in use, by the running box it seems")
        case EADDRINUSE:
            return .failure(
                "ports", "\(name) is in use by another program",
                fix: "find it with: ss -lpn 'sport = :\(address.port)'; stop it or set \(key) to another port")
        case EACCES:
            return .failure(
                "ports", "\(name) may not be used by this user", fix: "use a port from 1024 on, or run it by systemd")
        case EADDRNOTAVAIL:
            return .failure(
                "ports", "\(name): this machine has no such address", fix: "see: ip address; then set \(key)")
        case let code:
            return .failure("ports", "\(name): \(systemWords(code))", fix: "set \(key) to an address of this machine")
        }
    }

    private func rtpPorts() -> DoctorFinding {
        let range = configuration.media.rtpPorts
        // Sixty-four samples are enough to see a range that somebody else uses.
        let step = max(1, (Int(range.last) - Int(range.first)) / 64)
        let samples = stride(from: Int(range.first), through: Int(range.last), by: step)
        let taken = samples.filter {
            Self.bind(NetworkAddress(host: configuration.media.bind, port: UInt16($0)), .udp) != 0
        }
        let calls = (Int(range.last) - Int(range.first) + 1) / 4
        let name = "RTP \(configuration.media.bind):\(range.first)-\(range.last)"
        if taken.count * 4 > 64 {
            return .failure(
                "ports", "\(name): many of these ports cannot be had",
                fix: "set media.bind to an address of this machine and media.rtp_ports to a free range")
        }
        return .ok("ports", "\(name) carries about \(calls) calls of two phones")
    }

    /// 0 when the address can be bound now, else errno.
    private static func bind(_ address: NetworkAddress, _ kind: Kind) -> Int32 {
        guard let resolved = ResolvedAddress(numeric: address, isStream: kind == .tcp) else { return EADDRNOTAVAIL }
        let descriptor = resolved.socket()
        guard descriptor >= 0 else { return errno }
        defer { _ = close(descriptor) }
        if kind == .tcp {
            // As servers do: connections that are closing do not count.
            var one: Int32 = 1
            _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        }
        guard resolved.bind(descriptor) else { return errno }
        // Two sockets may share a TCP address until one listens.
        return kind == .udp || listen(descriptor, 1) == 0 ? 0 : errno
    }
}

func systemWords(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
