import CSofiaSIP
import Logging

/// TLS sockets that are opened when first needed, and the listener's certificate, on the SIP thread.
extension SIPLoop {
    /// Whether calls can go out over TLS; opens what that needs.
    func opensTLS(verifies: Bool) -> Bool {
        guard let stack else { return false }
        if verifies, configuration.tls != nil { return true }
        guard !openedTLS.contains(verifies) else { return true }
        do {
            let folder = try CertificateFolder(nil, authoritiesPath: configuration.authoritiesPath)
            defer { folder.remove() }
            if let fault = unsafe swh_sip_open_tls_out(stack.pointer, folder.path, verifies ? 1 : 0) {
                throw unsafe SIPFault(.listen, String(cString: fault))
            }
            openedTLS.insert(verifies)
            return true
        } catch {
            logger.error("no calls over TLS", metadata: ["reason": "\(error)"])
            return false
        }
    }

    /// Takes over the certificate files as they are now; with a fault in them the listener keeps what it has.
    func changeCertificate() {
        guard let stack, let settings = configuration.tls else { return }
        do {
            let folder = try CertificateFolder(settings, authoritiesPath: configuration.authoritiesPath)
            defer { folder.remove() }
            if let fault = unsafe swh_sip_change_certificate(stack.pointer, folder.path) {
                throw unsafe SIPFault(
                    .certificate, "SIP certificate \(settings.certificatePath): \(String(cString: fault))")
            }
        } catch {
            logger.error("SIP certificate not changed", metadata: ["reason": "\(error)"])
        }
    }
}
