/// The parts of a `ws` or `wss` URL that a handshake needs.
struct SocketURL: Hashable {
    var isSecure: Bool
    /// Name or address, without brackets.
    var host: String
    var port: Int
    /// Host and port as given, for the Host header.
    var authority: String
    /// Path and query; never empty.
    var target: String

    /// Nil when it is no absolute ws or wss URL of printable ASCII.
    init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), let scheme = text.firstRange(of: "://") else {
            return nil
        }
        switch text[..<scheme.lowerBound].lowercased() {
        case "ws": isSecure = false
        case "wss": isSecure = true
        default: return nil
        }
        let rest = text[scheme.upperBound...].prefix { $0 != "#" }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let path = rest[end...]
        target = path.isEmpty ? "/" : path.hasPrefix("?") ? "/" + path : String(path)
        // Credentials in a URL are no part of the contract, and none of the peer's business.
        let full = rest[..<end]
        authority = String(full.lastIndex(of: "@").map { full[full.index(after: $0)...] } ?? full)
        var name = authority[...]
        var digits: Substring?
        if name.hasPrefix("[") {
            guard let bracket = name.firstIndex(of: "]") else { return nil }
            let after = name[name.index(after: bracket)...]
            if after.hasPrefix(":") { digits = after.dropFirst() } else if !after.isEmpty { return nil }
            name = name[name.index(after: name.startIndex)..<bracket]
        } else if let colon = name.lastIndex(of: ":") {
            digits = name[name.index(after: colon)...]
            name = name[..<colon]
        }
        host = String(name)
        if let digits {
            guard let number = UInt16(digits), number > 0 else { return nil }
            port = Int(number)
        } else {
            port = isSecure ? 443 : 80
        }
        if host.isEmpty { return nil }
    }
}
