import NIOSSL

/// The certificate of the HTTP port.
enum ServerCertificate {
    /// Nil without certificate files.
    ///
    /// - Fails with: `ControlServerError` naming the file that cannot be used.
    static func configuration(_ configuration: ControlAPIConfiguration) throws(ControlServerError) -> TLSConfiguration?
    {
        guard let certificateFile = configuration.certificateFile, let keyFile = configuration.privateKeyFile else {
            if configuration.certificateFile == nil, configuration.privateKeyFile == nil { return nil }
            throw ControlServerError(.certificate, "HTTP needs both a certificate and its private key, or none")
        }
        let chain: [NIOSSLCertificate]
        do { chain = try NIOSSLCertificate.fromPEMFile(certificateFile) } catch {
            throw ControlServerError(.certificate, "The HTTP certificate \(certificateFile) cannot be read: \(error)")
        }
        let key: NIOSSLPrivateKey
        do { key = try NIOSSLPrivateKey(file: keyFile, format: .pem) } catch {
            throw ControlServerError(.certificate, "The HTTP private key \(keyFile) cannot be read: \(error)")
        }
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        tls.minimumTLSVersion = .tlsv12
        tls.applicationProtocols = ["http/1.1"]
        return tls
    }
}
