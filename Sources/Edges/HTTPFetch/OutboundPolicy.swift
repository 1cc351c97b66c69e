import Glibc

/// Which addresses the box may call (`security.outbound`).
///
/// - Rule: an address in `deny` is refused; when `allow` is not empty, an address outside it is refused too.
public struct OutboundPolicy: Hashable, Sendable {
    public var allow: [IPNetwork]
    public var deny: [IPNetwork]

    public init(allow: [IPNetwork] = [], deny: [IPNetwork] = []) {
        self.allow = allow
        self.deny = deny
    }

    /// True when no address is refused, so that nothing need be looked up.
    public var isOpen: Bool { allow.isEmpty && deny.isEmpty }

    /// Nil when the box may talk to `address` (IPv4 or IPv6 text), else why not.
    public func refusal(of address: String) -> String? {
        guard let bytes = IPNetwork.bytes(of: address) else { return "\(address) is not an IP address" }
        if let network = deny.first(where: { $0.contains(bytes) }) {
            return "\(address) is in \(network.text), which security.outbound denies"
        }
        if !allow.isEmpty, !allow.contains(where: { $0.contains(bytes) }) {
            return "\(address) is in no network that security.outbound allows"
        }
        return nil
    }
}

/// An IP network in CIDR notation; a bare address is a network of one.
public struct IPNetwork: Hashable, Sendable {
    public let text: String
    /// IPv4 is kept as IPv4-mapped IPv6 (RFC 4291 §2.5.5.2), so that `::ffff:10.0.0.1` is in `10.0.0.0/8`.
    private let prefix: [UInt8]
    /// 0…128.
    private let bits: Int

    /// Nil when `text` is not `address` or `address/bits`.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let bytes = Self.bytes(of: String(first)) else { return nil }
        let width = first.contains(":") ? 128 : 32
        var bits = width
        if parts.count == 2 {
            guard let given = Int(parts[1]), (0...width).contains(given) else { return nil }
            bits = given
        }
        self.text = text
        self.bits = bits + 128 - width
        prefix = bytes
    }

    func contains(_ address: [UInt8]) -> Bool {
        let whole = bits / 8
        guard prefix.prefix(whole).elementsEqual(address.prefix(whole)) else { return false }
        let rest = bits % 8
        guard rest > 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xFF00 >> rest)
        return prefix[whole] & mask == address[whole] & mask
    }

    /// 16 bytes in network order.
    static func bytes(of address: String) -> [UInt8]? {
        let literal = address.split(separator: "%", maxSplits: 1).first.map(String.init) ?? address
        var bytes = [UInt8](repeating: 0, count: 16)
        if literal.contains(":") {
            return unsafe bytes.withUnsafeMutableBytes { unsafe inet_pton(AF_INET6, literal, $0.baseAddress) } == 1
                ? bytes : nil
        }
        var four = [UInt8](repeating: 0, count: 4)
        guard unsafe four.withUnsafeMutableBytes({ unsafe inet_pton(AF_INET, literal, $0.baseAddress) }) == 1 else {
            return nil
        }
        bytes[10] = 0xFF
        bytes[11] = 0xFF
        bytes.replaceSubrange(12..., with: four)
        return bytes
    }
}
