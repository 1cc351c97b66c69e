import CSofiaSIP
import Glibc

/// The configuration in C's shape, and the start of the thread.
struct StackStart {
    private let configuration: SIPConfiguration
    private let folder: String?

    init(_ configuration: SIPConfiguration, folder: String?) {
        self.configuration = configuration
        self.folder = folder
    }

    /// C holds a reference to `context` until `SIPLoop.join`.
    func run(context: SIPLoop) throws(SIPFault) -> Handle {
        let reference = unsafe Unmanaged.passRetained(context)
        var fault = [CChar](repeating: 0, count: 256)
        let stack = unsafe withStrings { config in
            unsafe swh_sip_start(
                &config,
                { context, event in
                    unsafe Unmanaged<SIPLoop>.fromOpaque(context).takeUnretainedValue().handle(event.pointee)
                }, reference.toOpaque(), &fault, fault.count)
        }
        guard let stack = unsafe Handle(stack) else {
            unsafe reference.release()
            let text = String(decoding: fault.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            throw SIPFault(text.contains("certificate") ? .certificate : .listen, text)
        }
        return stack
    }

    /// Copies of the strings live until `body` returns; C makes its own.
    private func withStrings(_ body: (inout swh_sip_config) -> OpaquePointer?) -> OpaquePointer? {
        var copies: [UnsafeMutablePointer<CChar>?] = unsafe []
        func copy(_ text: String?) -> UnsafeMutablePointer<CChar>? {
            guard let text, let pointer = unsafe strdup(text) else { return nil }
            unsafe copies.append(pointer)
            return unsafe pointer
        }
        defer { unsafe copies.forEach { unsafe free($0) } }
        let hosts = unsafe configuration.hosts.compactMap { unsafe UnsafePointer(copy($0)) }
        return unsafe hosts.withUnsafeBufferPointer { hosts -> OpaquePointer? in
            guard let first = hosts.baseAddress, let userAgent = unsafe copy(configuration.userAgent) else {
                return nil
            }
            var config = unsafe swh_sip_config(
                hosts: first, host_count: hosts.count, port: configuration.port,
                udp: configuration.listensOnUDP ? 1 : 0, tcp: configuration.listensOnTCP ? 1 : 0,
                tls_port: configuration.tls?.port ?? 0,
                tls_folder: copy(folder), advertised_host: copy(configuration.advertisedHost), user_agent: userAgent,
                t1_ms: UInt32(clamping: configuration.timerT1Milliseconds),
                session_seconds: UInt32(clamping: configuration.sessionExpirySeconds),
                min_session_seconds: UInt32(clamping: configuration.minimumSessionExpirySeconds),
                max_pending: UInt32(clamping: configuration.maxPendingInvites))
            return unsafe body(&config)
        }
    }
}
