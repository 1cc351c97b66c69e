import ConfigFile
import Foundation
import NIOSSL

extension Doctor {
    private static var renewalDays: Int { 14 }

    /// Whether certificates can be used and for how long.
    func certificates() -> [DoctorFinding] {
        let pairs = [
            ("sip", configuration.sip.tlsCertificate, configuration.sip.tlsPrivateKey),
            ("http", configuration.http.tlsCertificate, configuration.http.tlsPrivateKey),
        ]
        let findings = pairs.compactMap { section, certificate, key -> DoctorFinding? in
            guard let certificate, let key else { return nil }
            return pair(section, certificate: certificate, key: key)
        }
        return findings.isEmpty ? [.ok("certificates", "none set: no TLS for SIP, no https")] : findings
    }

    private func pair(_ section: String, certificate: String, key: String) -> DoctorFinding {
        let name = "\(section).tls_certificate \(certificate)"
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(certificate)
            guard let leaf = chain.first else {
                return .failure(
                    "certificates", "\(name) holds none", fix: "put the PEM chain there, own certificate first")
            }
            // Loading both into one context is what proves that they belong together.
            _ = try NIOSSLContext(
                configuration: .makeServerConfiguration(
                    certificateChain: chain.map { .certificate($0) },
                    privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))))
            let days = Int((Double(leaf.notValidAfter) - Date().timeIntervalSince1970) / 86_400)
            if days < 0 {
                return .failure("certificates", "\(name) has expired", fix: "renew it, then restart")
            }
            if days < Self.renewalDays {
                return .warning("certificates", "\(name) expires in \(days) days", fix: "renew it, then restart")
            }
            return .ok("certificates", "\(name) is good for \(days) days")
        } catch {
            return .failure(
                "certificates", "\(name) and \(key) cannot be used together: \(error)",
                fix: "check that both are PEM and that the key belongs to the certificate")
        }
    }
}
