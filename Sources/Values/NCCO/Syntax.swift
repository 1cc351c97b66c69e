/// Spelling of the texts that a script may carry. All checks are bounded by the length of the text.
public enum Syntax {
    /// Absolute `http` or `https` URL with a host and without blanks or control characters (ncco §1).
    public static func isHTTPURL(_ text: String) -> Bool { isURL(text, scheme: "http") }

    static func isWebSocketURL(_ text: String) -> Bool { isURL(text, scheme: "ws") }

    /// Why digits are no phone number (7 to 15, not starting with 0: ncco §4); nil when they are one.
    static func phoneNumberFlaw(_ digits: String) -> String? {
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return "digits only" }
        guard (7...15).contains(digits.utf8.count) else { return "7 to 15 digits" }
        return digits.utf8.first == UInt8(ascii: "0") ? "must not start with 0" : nil
    }

    static func withoutPlus(_ number: String) -> String {
        number.utf8.first == UInt8(ascii: "+") ? String(number.dropFirst()) : number
    }

    /// A caller id: the bare digits when it is a number, else the text itself (a user name).
    static func callerID(_ text: String) -> String {
        let rest = withoutPlus(text)
        return !rest.isEmpty && rest.utf8.allSatisfy { (48...57).contains($0) } ? rest : text
    }

    static func isKey(_ byte: UInt8) -> Bool { (48...57).contains(byte) || byte == 0x2A || byte == 0x23 }

    /// `[0-9*#p]+`
    static func isDTMF(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { isKey($0) || $0 == UInt8(ascii: "p") }
    }

    /// `sip:` or `sips:` and an address that can stand in a request line and between `<` and `>` as it is.
    static func isSIPURI(_ text: String) -> Bool {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return false }
        guard ["sip", "sips"].contains(text[..<colon].lowercased()) else { return false }
        let rest = text.utf8[text.utf8.index(after: colon)...]
        let host = rest.lastIndex(of: UInt8(ascii: "@")).map { rest[rest.index(after: $0)...] } ?? rest
        guard let first = host.first, first != UInt8(ascii: ";"), first != UInt8(ascii: ":") else { return false }
        return isSIPSafe(rest)
    }

    /// User part or domain of a SIP address.
    static func isSIPPart(_ text: String) -> Bool {
        !text.isEmpty && isSIPSafe(text.utf8[...])
            && !text.utf8.contains { $0 == UInt8(ascii: "@") || $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: "?") }
    }

    /// A header name (RFC 3261 §25.1 `token`).
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 48...57, 65...90, 97...122: true
                case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "%"), UInt8(ascii: "*"),
                    UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "`"), UInt8(ascii: "'"), UInt8(ascii: "~"):
                    true
                default: false
                }
            }
    }

    static func hasLineBreak(_ text: String) -> Bool { text.utf8.contains { $0 == 0x0D || $0 == 0x0A } }

    static func hasControl(_ text: String) -> Bool { text.utf8.contains { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F } }

    static func isPrintableASCII(_ text: String) -> Bool { text.utf8.allSatisfy { (0x20...0x7E).contains($0) } }

    /// BCP 47 by its shape: groups of up to 8 letters and digits, the first 2 to 8 letters.
    static func isLanguageTag(_ text: String) -> Bool {
        guard text.utf8.count <= 64 else { return false }
        var length = 0
        var isFirst = true
        for byte in text.utf8 {
            if byte == UInt8(ascii: "-") {
                guard length >= (isFirst ? 2 : 1) else { return false }
                (length, isFirst) = (0, false)
            } else {
                length += 1
                guard length <= 8, isLetter(byte) || (!isFirst && (48...57).contains(byte)) else { return false }
            }
        }
        return length >= (isFirst ? 2 : 1)
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (97...122).contains(byte | 0x20) }

    private static func isSIPSafe(_ bytes: Substring.UTF8View) -> Bool {
        bytes.allSatisfy {
            (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">") && $0 != UInt8(ascii: "\"")
        }
    }

    /// `scheme` or the same with `s`, `://`, a host, an optional port. Scripts are full of them: one pass over the bytes.
    private static func isURL(_ text: String, scheme: String) -> Bool {
        let bytes = text.utf8.span
        guard let start = authorityStart(in: bytes, scheme: scheme) else { return false }
        var hostStart = start
        var hostEnd = bytes.count
        for index in start..<bytes.count {
            switch bytes[index] {
            case 0...0x20, 0x7F: return false
            case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"): hostEnd = min(hostEnd, index)
            case UInt8(ascii: "@") where hostEnd == bytes.count: hostStart = index + 1
            default: break
            }
        }
        return isHostAndPort(bytes.extracting(hostStart..<hostEnd))
    }

    private static func authorityStart(in bytes: Span<UInt8>, scheme: String) -> Int? {
        var index = 0
        for byte in scheme.utf8 {
            guard index < bytes.count, bytes[index] | 0x20 == byte else { return nil }
            index += 1
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "s") { index += 1 }
        for byte in "://".utf8 {
            guard index < bytes.count, bytes[index] == byte else { return nil }
            index += 1
        }
        return index
    }

    private static func isHostAndPort(_ bytes: Span<UInt8>) -> Bool {
        var colon: Int?
        for index in 0..<bytes.count {
            switch bytes[index] {
            case UInt8(ascii: ":"): colon = index
            case UInt8(ascii: "]"): colon = nil
            case let byte: if !isHostByte(byte) { return false }
            }
        }
        guard let colon else { return bytes.count > 0 }
        return colon > 0 && isPort(bytes.extracting((colon + 1)..<bytes.count))
    }

    private static func isPort(_ bytes: Span<UInt8>) -> Bool {
        guard (1...5).contains(bytes.count) else { return false }
        var port = 0
        for index in 0..<bytes.count {
            guard (48...57).contains(bytes[index]) else { return false }
            port = port * 10 + Int(bytes[index] - 48)
        }
        return (1...65535).contains(port)
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, 0x80...: true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "["): true
        default: false
        }
    }
}
