import Glibc

/// An address or network in CIDR form, IPv4 or IPv6.
struct NetworkPrefix: Hashable, Sendable {
    private let bytes: [UInt8]
    private let bits: Int

    /// Nil when `text` is neither an address nor `address/bits`.
    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = parts.first.flatMap({ Self.parse(String($0)) }) else { return nil }
        bytes = address
        guard parts.count == 2 else {
            bits = address.count * 8
            return
        }
        guard let bits = Int(parts[1]), (0...address.count * 8).contains(bits) else { return nil }
        self.bits = bits
    }

    func contains(_ host: String) -> Bool {
        guard let other = Self.parse(host), other.count == bytes.count else { return false }
        for index in 0..<bytes.count {
            let remaining = bits - index * 8
            if remaining <= 0 { return true }
            let mask: UInt8 = remaining >= 8 ? 0xFF : ~(0xFF >> UInt8(remaining))
            if bytes[index] & mask != other[index] & mask { return false }
        }
        return true
    }

    private static func parse(_ host: String) -> [UInt8]? {
        var four = [UInt8](repeating: 0, count: 4)
        if unsafe inet_pton(AF_INET, host, &four) == 1 { return four }
        var sixteen = [UInt8](repeating: 0, count: 16)
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        return unsafe inet_pton(AF_INET6, bare, &sixteen) == 1 ? sixteen : nil
    }
}
