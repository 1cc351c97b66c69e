import Glibc

/// The folder in which sofia looks up PEM files by fixed names while it opens a TLS socket; gone afterwards.
///
/// It sends only the first certificate of `agent.pem`; OpenSSL completes the chain from `cafile.pem`, so the
/// certificate's own chain goes there too.
struct CertificateFolder {
    private static let systemAuthorities = "/etc/ssl/certs/ca-certificates.crt"
    /// Largest PEM file read, bytes.
    private static let limit = 4 << 20
    let path: String

    /// - Parameters:
    ///   - settings: certificate and key of a listener; nil for calls out only.
    ///   - authoritiesPath: nil: the system's.
    init(_ settings: SIPConfiguration.TLS?, authoritiesPath: String?) throws(SIPFault) {
        let own = try settings.map { settings throws(SIPFault) in try Self.own(settings) }
        var authorities = own?.certificate ?? []
        authorities += try Self.read(
            authoritiesPath ?? Self.systemAuthorities,
            authoritiesPath == nil ? "system certificate authorities" : "SIP certificate authorities")
        path = try Self.makeFolder()
        do {
            if let own {
                try Self.write(own.key + [UInt8(ascii: "\n")] + own.certificate, to: path + "/agent.pem")
            }
            try Self.write(authorities, to: path + "/cafile.pem")
        } catch {
            remove()
            throw error
        }
    }

    private static func own(
        _ settings: SIPConfiguration.TLS
    ) throws(SIPFault) -> (certificate: [UInt8], key: [UInt8]) {
        let certificate = try read(settings.certificatePath, "SIP certificate")
        let key = settings.keyPath == settings.certificatePath ? certificate : try read(settings.keyPath, "SIP key")
        guard holds("-----BEGIN CERTIFICATE-----", certificate) else {
            throw SIPFault(.certificate, "SIP certificate \(settings.certificatePath): holds no PEM certificate")
        }
        guard holds("PRIVATE KEY-----", key), !holds("ENCRYPTED", key) else {
            throw SIPFault(
                .certificate, "SIP key \(settings.keyPath): holds no unencrypted PEM key; make one with openssl pkey")
        }
        return (certificate, key)
    }

    func remove() {
        for name in ["/agent.pem", "/cafile.pem"] { _ = unsafe unlink(path + name) }
        _ = unsafe rmdir(path)
    }

    private static func holds(_ text: StaticString, _ bytes: [UInt8]) -> Bool {
        text.withUTF8Buffer { needle in unsafe bytes.contains(needle) }
    }

    private static func makeFolder() throws(SIPFault) -> String {
        let base = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
        var template = Array((base + "/switchhook-sip-XXXXXX").utf8CString)
        guard unsafe mkdtemp(&template) != nil else {
            throw SIPFault(.certificate, "cannot make a folder for the SIP certificate in \(base): \(reason())")
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func read(_ path: String, _ what: String) throws(SIPFault) -> [UInt8] {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw SIPFault(.certificate, "\(what) \(path): \(reason())") }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= limit {
            let count = unsafe Glibc.read(file, &chunk, chunk.count)
            guard count >= 0 else { throw SIPFault(.certificate, "\(what) \(path): \(reason())") }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
        throw SIPFault(.certificate, "\(what) \(path): larger than \(limit) bytes")
    }

    private static func write(_ bytes: [UInt8], to path: String) throws(SIPFault) {
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw SIPFault(.certificate, "cannot write \(path): \(reason())") }
        defer { close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { throw SIPFault(.certificate, "cannot write \(path): \(reason())") }
            rest = rest.dropFirst(count)
        }
    }

    private static func reason() -> String { unsafe String(cString: strerror(errno)) }
}
