import EdgeProtocols
import Glibc

/// A socket address out of the resolver.
struct ResolvedAddress {
    private var storage: sockaddr_storage
    private let length: socklen_t
    private let family: Int32
    private let isStream: Bool

    /// Only numeric hosts; never asks a name server.
    init?(numeric address: NetworkAddress, isStream: Bool) {
        self.init(address, isStream: isStream, flags: AI_NUMERICHOST | AI_NUMERICSERV)
    }

    /// Asks the resolver: blocks.
    init?(resolving address: NetworkAddress, isStream: Bool) {
        self.init(address, isStream: isStream, flags: AI_NUMERICSERV)
    }

    private init?(_ address: NetworkAddress, isStream: Bool, flags: Int32) {
        var hints = unsafe addrinfo()
        unsafe hints.ai_flags = flags
        unsafe hints.ai_socktype = Int32((isStream ? SOCK_STREAM : SOCK_DGRAM).rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(address.host, String(address.port), &hints, &list) == 0, let found = unsafe list else {
            return nil
        }
        defer { unsafe freeaddrinfo(found) }
        var storage = sockaddr_storage()
        let length = unsafe found.pointee.ai_addrlen
        unsafe withUnsafeMutableBytes(of: &storage) { target in
            let source = unsafe UnsafeRawBufferPointer(start: found.pointee.ai_addr, count: Int(length))
            unsafe target.copyMemory(from: source)
        }
        self.storage = storage
        self.length = length
        family = unsafe found.pointee.ai_family
        self.isStream = isStream
    }

    func socket() -> Int32 {
        Glibc.socket(family, Int32((isStream ? SOCK_STREAM : SOCK_DGRAM).rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    }

    func bind(_ descriptor: Int32) -> Bool {
        unsafe withAddress { address, length in unsafe Glibc.bind(descriptor, address, length) == 0 }
    }

    func connect(_ descriptor: Int32) -> Bool {
        unsafe withAddress { address, length in unsafe Glibc.connect(descriptor, address, length) == 0 }
    }

    /// The numeric address from which this one is reached; nil without a route.
    func sourceHost() -> String? {
        let descriptor = socket()
        guard descriptor >= 0 else { return nil }
        defer { _ = close(descriptor) }
        guard connect(descriptor) else { return nil }
        var local = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let text = unsafe withUnsafeMutablePointer(to: &local) { pointer -> String? in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard unsafe getsockname(descriptor, address, &length) == 0 else { return nil }
                var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
                guard unsafe getnameinfo(address, length, &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST) == 0
                else { return nil }
                return String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }
        }
        return text
    }

    private func withAddress(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Bool) -> Bool {
        unsafe withUnsafePointer(to: storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
        }
    }
}
