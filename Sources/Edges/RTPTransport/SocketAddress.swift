internal import CLinux

/// A numeric IPv4 or IPv6 address and a port, as the kernel takes it.
///
/// - Threading: a value; comparing and reading the port allocate nothing and take no lock.
public struct SocketAddress: Sendable {
    var raw: swh_address

    @_noLocks init(_ raw: swh_address) { self.raw = raw }

    /// Nil when `host` is no numeric address.
    public init?(host: String, port: UInt16) {
        var address = swh_address()
        guard unsafe swh_address_parse(host, port, &address) == 0 else { return nil }
        raw = address
    }

    public var host: String {
        var copy = raw
        var text = [CChar](repeating: 0, count: 46)
        guard unsafe swh_address_host(&copy, &text, text.count) == 0 else { return "" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    public var port: UInt16 {
        @_noLocks get {
            var copy = raw
            return unsafe swh_address_port(&copy)
        }
    }

    /// The same host at another port.
    @_noLocks public func at(port: UInt16) -> SocketAddress {
        var copy = raw
        unsafe swh_address_set_port(&copy, port)
        return SocketAddress(copy)
    }

    @_noLocks public func isSameHost(as other: SocketAddress) -> Bool {
        var a = raw
        var b = other.raw
        return unsafe swh_address_same_host(&a, &b)
    }

    /// Host and port are the same.
    @_noLocks public func isSame(as other: SocketAddress) -> Bool {
        var a = raw
        var b = other.raw
        return unsafe swh_address_equal(&a, &b)
    }
}
