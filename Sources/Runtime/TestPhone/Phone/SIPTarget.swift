import EdgeProtocols

/// Where a `sip:` or `sips:` URI points to.
struct SIPTarget: Hashable {
    var user: String
    var address: NetworkAddress
    var transport: SIPTransport

    /// Nil when it is no such URI.
    init?(uri: String) {
        guard let colon = uri.firstIndex(of: ":") else { return nil }
        let scheme = uri[..<colon].lowercased()
        guard scheme == "sip" || scheme == "sips" else { return nil }
        var rest = uri[uri.index(after: colon)...].prefix { $0 != "?" }
        let parameters = rest.split(separator: ";").dropFirst().map { $0.lowercased() }
        rest = rest.prefix { $0 != ";" }
        let parts = rest.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        user = parts.count == 2 ? String(parts[0]) : ""
        let named = parameters.first { $0.hasPrefix("transport=") }.flatMap {
            SIPTransport(rawValue: String($0.dropFirst(10)))
        }
        transport = scheme == "sips" ? .tls : named ?? .udp
        guard let address = Self.address(String(parts[parts.count - 1]), defaultPort: transport == .tls ? 5061 : 5060)
        else { return nil }
        self.address = address
    }

    /// `host`, `host:port`, `[v6]` or `[v6]:port`.
    static func address(_ text: String, defaultPort: UInt16) -> NetworkAddress? {
        var host = Substring(text)
        var port: UInt16? = defaultPort
        if text.hasPrefix("["), let close = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<close]
            let rest = text[text.index(after: close)...]
            if !rest.isEmpty { port = rest.hasPrefix(":") ? UInt16(rest.dropFirst()) : nil }
        } else if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            port = UInt16(text[text.index(after: colon)...])
        }
        guard let port, !host.isEmpty, !host.contains(":") || text.hasPrefix("[") else { return nil }
        return NetworkAddress(host: String(host), port: port)
    }
}
