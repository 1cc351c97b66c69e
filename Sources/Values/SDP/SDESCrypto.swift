/// The value of one `a=crypto` line: a suite and the key with which its sender protects what it sends.
///
/// Lines that ask for what is not supported here (several keys, MKI, unprotected or unauthenticated streams, key
/// derivation rates, FEC order, unknown suites) are no candidates: the parser gives nil and the next line is tried.
///
/// - Reference: RFC 4568 §4, §6, §9.2; RFC 7714 §14.2 (GCM).
public struct SDESCrypto: Hashable, Sendable {
    /// 1 to 999 999 999.
    public var tag: UInt32
    public var suite: SRTPSuite
    public var key: SRTPMasterKey

    public init(tag: UInt32, suite: SRTPSuite, key: SRTPMasterKey) {
        self.tag = tag
        self.suite = suite
        self.key = key
    }

    /// Reads what follows `a=crypto:`.
    public init?(parsing value: String) {
        let fields = value.split(separator: " ", omittingEmptySubsequences: true)
        guard fields.count >= 3, let tag = DecimalText.value(fields[0], maximum: 999_999_999), tag > 0,
            let suite = SRTPSuite(rawValue: fields[1].uppercased())
        else { return nil }
        for parameter in fields[3...] where !parameter.lowercased().hasPrefix("wsh=") { return nil }
        guard fields[2].lowercased().hasPrefix("inline:"), !fields[2].contains(";") else { return nil }
        let parts = fields[2].dropFirst("inline:".count).split(separator: "|", omittingEmptySubsequences: false)
        // key | lifetime | MKI:length; both are optional, and only an MKI has a colon.
        guard parts.count <= 2, !parts.dropFirst().contains(where: { $0.contains(":") }),
            let bytes = Base64Text.bytes(parts[0]), let key = SRTPMasterKey(bytes, for: suite)
        else { return nil }
        self.init(tag: UInt32(tag), suite: suite, key: key)
    }

    /// What follows `a=crypto:`, with the key in it.
    var text: String { "\(tag) \(suite.rawValue) inline:\(Base64Text.text(key.bytes))" }
}
