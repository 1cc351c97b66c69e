import Tokens

extension RequestPath {
    /// Longest path accepted, in bytes.
    static let lengthLimit = 2048

    /// The path of a request line: the segments that access rules see are the ones that routes see (auth §3).
    ///
    /// Nil for a path with dot segments, bad escapes, control characters or bytes that are not UTF-8.
    init?(bounded raw: Substring) {
        guard raw.utf8.count <= Self.lengthLimit else { return nil }
        self.init(String(raw))
        guard segments.allSatisfy({ $0.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }) else { return nil }
    }

    /// `/v1/calls`, escaped, in one form: no trailing and no double slash; `/` for the root.
    var text: String { "/" + segments.map(PercentEncoding.encode).joined(separator: "/") }

    /// The same with another first segment.
    func text(version: String) -> String {
        "/" + ([version] + segments.dropFirst().map(PercentEncoding.encode)).joined(separator: "/")
    }
}

/// The query of a request.
struct Query: Sendable {
    private let items: [(name: String, value: String)]

    /// Most parameters looked at.
    static let itemLimit = 100

    init(_ raw: Substring) {
        items = raw.split(separator: "&", maxSplits: Self.itemLimit).prefix(Self.itemLimit).compactMap { item in
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(parts[0].utf8, plusIsBlank: true),
                let value = PercentEncoding.decode(parts.count > 1 ? parts[1].utf8 : "".utf8[...], plusIsBlank: true)
            else { return nil }
            return (name, value)
        }
    }

    /// The first value of a name; an empty one counts as absent.
    subscript(name: String) -> String? {
        guard let value = items.first(where: { $0.name == name })?.value, !value.isEmpty else { return nil }
        return value
    }

    /// Every value by name, for filters of access rules.
    var values: [(name: String, value: String)] { items }
}

/// RFC 3986 §2.1.
enum PercentEncoding {
    /// Nil for a bad escape or bytes that are not UTF-8.
    static func decode(_ text: Substring.UTF8View, plusIsBlank: Bool) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "+"), plusIsBlank {
                bytes.append(0x20)
            } else if byte == UInt8(ascii: "%") {
                guard let high = hexadecimal(rest.popFirst()), let low = hexadecimal(rest.popFirst()) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            } else {
                bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Escapes everything but unreserved characters.
    static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes.append(contentsOf: [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexadecimal(_ byte: UInt8?) -> UInt8? {
        switch byte {
        case .some(let digit) where (48...57).contains(digit): digit - 48
        case .some(let letter) where (97...102).contains(letter | 0x20): (letter | 0x20) - 87
        default: nil
        }
    }
}
