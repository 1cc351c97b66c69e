/// A session description as far as a call between two parties uses it; lines of other types are read over.
///
/// - Reference: RFC 8866 §5. Tolerant where phones are: line ends of either kind, no `s=` or `t=`, empty lines.
public struct SessionDescription: Hashable, Sendable {
    public var origin: Origin
    /// `s=`, `-` when there is none.
    public var name: String
    /// Session-level `c=`.
    public var connection: Connection?
    public var attributes: [Attribute]
    public var media: [MediaSection]

    public init(
        origin: Origin, name: String = "-", connection: Connection? = nil, attributes: [Attribute] = [],
        media: [MediaSection] = []
    ) {
        self.origin = origin
        self.name = name
        self.connection = connection
        self.attributes = attributes
        self.media = media
    }

    /// `o=`: who made the description, and which version of it this is.
    public struct Origin: Hashable, Sendable {
        public var user: String
        /// Text, as some phones write numbers that fit no integer.
        public var sessionID: String
        public var version: String
        public var address: String

        public init(user: String = "-", sessionID: String, version: String, address: String) {
            self.user = user
            self.sessionID = sessionID
            self.version = version
            self.address = address
        }
    }

    /// `c=`: a numeric IPv4 or IPv6 address, without the TTL or count that multicast has.
    public struct Connection: Hashable, Sendable {
        public var address: String
        public init(address: String) { self.address = address }
    }

    /// `a=name` or `a=name:value`.
    public struct Attribute: Hashable, Sendable {
        public var name: String
        public var value: String?
        public init(_ name: String, _ value: String? = nil) {
            self.name = name
            self.value = value
        }
    }

    /// The description as it goes on the wire, lines ended by CR LF.
    public var text: String {
        var lines = ["v=0", "o=\(origin.user) \(origin.sessionID) \(origin.version) \(Self.typed(origin.address))"]
        lines.append("s=\(name)")
        if let connection { lines.append("c=\(Self.typed(connection.address))") }
        lines.append("t=0 0")
        lines += attributes.map(Self.line)
        for section in media {
            lines.append(
                "m=\(section.kind) \(section.port) \(section.profile) \(section.formats.joined(separator: " "))")
            if let connection = section.connection { lines.append("c=\(Self.typed(connection.address))") }
            lines += section.attributes.map(Self.line)
        }
        return lines.joined(separator: "\r\n") + "\r\n"
    }

    private static func typed(_ address: String) -> String {
        "IN \(AddressText.family(of: address) == .ip6 ? "IP6" : "IP4") \(address)"
    }

    private static func line(_ attribute: Attribute) -> String {
        guard let value = attribute.value else { return "a=\(attribute.name)" }
        return "a=\(attribute.name):\(value)"
    }
}

/// One `m=` line and what belongs to it.
public struct MediaSection: Hashable, Sendable {
    /// `audio`, `video`, …
    public var kind: String
    /// 0: refused or ended.
    public var port: UInt16
    /// `RTP/AVP`, … as written.
    public var profile: String
    /// Payload types for RTP, other words for other profiles; never empty.
    public var formats: [String]
    /// Media-level `c=`; the session's holds when there is none.
    public var connection: SessionDescription.Connection?
    public var attributes: [SessionDescription.Attribute]

    public init(
        kind: String, port: UInt16, profile: String, formats: [String],
        connection: SessionDescription.Connection? = nil, attributes: [SessionDescription.Attribute] = []
    ) {
        self.kind = kind
        self.port = port
        self.profile = profile
        self.formats = formats
        self.connection = connection
        self.attributes = attributes
    }

    /// Value of the first attribute of that name; nil when there is none or it has no value.
    func value(of name: String) -> String? { attributes.first { $0.name == name }?.value }

    func has(_ name: String) -> Bool { attributes.contains { $0.name == name } }

    /// This section refused: port 0, nothing of it kept but what the grammar wants (RFC 3264 §6).
    var refused: MediaSection { MediaSection(kind: kind, port: 0, profile: profile, formats: formats) }
}
