/// A `sip:` or `sips:` URI taken apart.
///
/// Strict: what RFC 3261 §25.1 does not allow is refused, so that a value that came from outside cannot smuggle
/// header text into a message.
/// - Reference: RFC 3261 §19.1.
/// - Limits: 1 024 bytes, 32 parameters.
public struct SIPURI: Hashable, Sendable, CustomStringConvertible {
    public var isSecure: Bool
    /// As written, percent escapes kept; nil when absent.
    public var user: String?
    /// Name or IPv4 address as written; IPv6 without brackets.
    public var host: String
    public var port: UInt16?
    /// Names in lower case; a value is nil when there was no `=`.
    public var parameters: [Parameter]

    public struct Parameter: Hashable, Sendable {
        public var name: String
        public var value: String?
        public init(name: String, value: String?) {
            self.name = name
            self.value = value
        }
    }

    public init(isSecure: Bool = false, user: String?, host: String, port: UInt16? = nil, parameters: [Parameter] = [])
    {
        self.isSecure = isSecure
        self.user = user
        self.host = host
        self.port = port
        self.parameters = parameters
    }

    /// Nil when the text is no SIP URI. Header parts (`?…`) and passwords are refused.
    public init?(_ text: String) {
        guard text.utf8.count <= 1024, let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        switch text[..<colon].lowercased() {
        case "sip": isSecure = false
        case "sips": isSecure = true
        default: return nil
        }
        var rest = text[text.utf8.index(after: colon)...]
        if let at = rest.utf8.firstIndex(of: UInt8(ascii: "@")) {
            let name = rest[..<at]
            guard !name.isEmpty, Self.isEscaped(name, allowing: "-_.!~*'()&=+$,;?/") else { return nil }
            user = String(name)
            rest = rest[rest.utf8.index(after: at)...]
        }
        let pieces = rest.split(separator: ";", omittingEmptySubsequences: false)
        guard let place = pieces.first, pieces.count <= 33, let (host, port) = Self.hostAndPort(place) else {
            return nil
        }
        self.host = host
        self.port = port
        parameters = []
        for piece in pieces.dropFirst() {
            let pair = piece.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = pair.first, !name.isEmpty, Self.isEscaped(name, allowing: Self.parameterMarks) else {
                return nil
            }
            let value = pair.count > 1 ? pair[1] : nil
            if let value, value.isEmpty || !Self.isEscaped(value, allowing: Self.parameterMarks) { return nil }
            parameters.append(Parameter(name: name.lowercased(), value: value.map(String.init)))
        }
    }

    /// Value of a parameter, empty when it has none; nil when it is absent.
    public func parameter(_ name: String) -> String? {
        parameters.first { $0.name == name }.map { $0.value ?? "" }
    }

    /// `;transport=`, in lower case.
    public var transport: String? { parameter("transport")?.lowercased() }
    /// `;media=`, in lower case: `srtp` asks for protected media (sip-interworking §3).
    public var media: String? { parameter("media")?.lowercased() }
    /// TLS to the next hop.
    public var usesTLS: Bool { isSecure || transport == "tls" }

    public func removingParameter(_ name: String) -> SIPURI {
        var copy = self
        copy.parameters.removeAll { $0.name == name }
        return copy
    }

    /// User part without percent escapes and without what follows a `;` in it.
    public var plainUser: String? { user.map(Self.plainUser) }

    /// A user part as it came over the wire, readable: `%2B1555;npdi=yes` is `+1555`.
    public static func plainUser(_ user: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        var rest = user.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: ";") { break }
            if byte == UInt8(ascii: "%"), rest.count >= 2, let high = rest.first?.hexDigit,
                let low = rest.dropFirst().first?.hexDigit
            {
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A text as a user part: everything that is not allowed there is percent-escaped.
    public static func escapedUser(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if byte.isAlphanumeric || "-_.!~*'()&=+$,/".utf8.contains(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), byte.highHexDigit, byte.lowHexDigit]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    public var description: String {
        var text = isSecure ? "sips:" : "sip:"
        if let user { text += user + "@" }
        text += host.contains(":") ? "[\(host)]" : host
        if let port { text += ":\(port)" }
        for parameter in parameters { text += ";" + parameter.name + (parameter.value.map { "=" + $0 } ?? "") }
        return text
    }

    private static let parameterMarks = "-_.!~*'()[]/:&+$"

    private static func isEscaped(_ text: Substring, allowing marks: String) -> Bool {
        var bytes = text.utf8
        while let byte = bytes.popFirst() {
            if byte.isAlphanumeric || marks.utf8.contains(byte) { continue }
            guard byte == UInt8(ascii: "%"), bytes.popFirst()?.hexDigit != nil, bytes.popFirst()?.hexDigit != nil else {
                return false
            }
        }
        return true
    }

    private static func hostAndPort(_ text: Substring) -> (String, UInt16?)? {
        var host = text
        var portText: Substring?
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            let after = text[text.index(after: end)...]
            if !after.isEmpty {
                guard after.hasPrefix(":") else { return nil }
                portText = after.dropFirst()
            }
            guard host.contains(":"), host.utf8.count <= 45,
                host.utf8.allSatisfy({ $0.hexDigit != nil || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") })
            else { return nil }
        } else {
            if let colon = text.firstIndex(of: ":") {
                host = text[..<colon]
                portText = text[text.index(after: colon)...]
            }
            guard !host.isEmpty, host.utf8.count <= 253, host.utf8.first?.isAlphanumeric == true,
                host.utf8.allSatisfy({ $0.isAlphanumeric || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") })
            else { return nil }
        }
        guard let portText else { return (String(host), nil) }
        guard (1...5).contains(portText.utf8.count), portText.utf8.allSatisfy({ (48...57).contains($0) }),
            let port = UInt16(portText), port > 0
        else { return nil }
        return (String(host), port)
    }
}

extension UInt8 {
    var isAlphanumeric: Bool { (48...57).contains(self) || (65...90).contains(self) || (97...122).contains(self) }

    var hexDigit: UInt8? {
        switch self {
        case 48...57: self - 48
        case 65...70: self - 55
        case 97...102: self - 87
        default: nil
        }
    }

    var highHexDigit: UInt8 { Array("0123456789ABCDEF".utf8)[Int(self >> 4)] }
    var lowHexDigit: UInt8 { Array("0123456789ABCDEF".utf8)[Int(self & 15)] }
}
