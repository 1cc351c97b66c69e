/// The segments of a request path: without query, decoded once, empty ones dropped (auth §3).
public struct RequestPath: Hashable, Sendable {
    public let segments: [String]

    /// Nil when it is to be answered 400: dot segments, also hidden behind escapes, or escapes that are none.
    public init?(_ text: String) {
        var segments: [String] = []
        for raw in text.prefix(while: { $0 != "?" && $0 != "#" }).utf8.split(separator: UInt8(ascii: "/")) {
            guard let segment = Self.decode(raw) else { return nil }
            // An escaped slash stays inside its segment, but must not hide a dot segment.
            let pieces = segment.split(separator: "/", omittingEmptySubsequences: false)
            guard !pieces.contains("."), !pieces.contains("..") else { return nil }
            segments.append(segment)
        }
        self.segments = segments
    }

    private static func decode(_ raw: Substring.UTF8View.SubSequence) -> String? {
        var bytes: [UInt8] = []
        var rest = raw[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = hexadecimal(rest.popFirst()), let low = hexadecimal(rest.popFirst()) else { return nil }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexadecimal(_ byte: UInt8?) -> UInt8? {
        switch byte {
        case let byte? where (48...57).contains(byte): byte - 48
        case let byte? where (97...102).contains(byte | 0x20): (byte | 0x20) - 87
        default: nil
        }
    }
}
