/// Unsigned decimal numbers of a bounded size.
enum DecimalText {
    /// Nil when it is empty, holds anything but digits, or exceeds `maximum`.
    static func value(_ text: some StringProtocol, maximum: UInt64) -> UInt64? {
        var value: UInt64 = 0
        var count = 0
        for byte in text.utf8 {
            guard (48...57).contains(byte) else { return nil }
            count += 1
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = product.addingReportingOverflow(UInt64(byte - 48))
            guard !overflow, !carried, sum <= maximum else { return nil }
            value = sum
        }
        return count > 0 ? value : nil
    }
}

/// Base64 of RFC 4648 §4; padding may be missing, as some senders leave it off.
enum Base64Text {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func text(_ bytes: [UInt8]) -> String {
        var characters: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for offset in 0..<3 { bits = bits << 8 | (offset < group.count ? UInt32(group[start + offset]) : 0) }
            for offset in 0..<4 {
                characters.append(offset <= group.count ? alphabet[Int(bits >> (18 - 6 * UInt32(offset)) & 63)] : 61)
            }
        }
        return String(decoding: characters, as: UTF8.self)
    }

    static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var held = 0
        var isPadded = false
        for character in text.utf8 {
            let value: UInt32
            switch character {
            case 65...90: value = UInt32(character - 65)
            case 97...122: value = UInt32(character - 97 + 26)
            case 48...57: value = UInt32(character - 48 + 52)
            case 43: value = 62
            case 47: value = 63
            case 61:
                isPadded = true
                continue
            default: return nil
            }
            guard !isPadded else { return nil }
            bits = bits << 6 | value
            held += 6
            if held >= 8 {
                held -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
            }
        }
        return held < 6 ? bytes : nil
    }
}

/// Addresses as SDP writes them.
enum AddressText {
    enum Family: Hashable { case ip4, ip6 }

    /// Nil when it is no numeric address.
    static func family(of text: some StringProtocol) -> Family? {
        guard text.utf8.count <= 45 else { return nil }
        if isIP4(text) { return .ip4 }
        return isIP6(text) ? .ip6 : nil
    }

    private static func isIP4(_ text: some StringProtocol) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { $0.utf8.count <= 3 && DecimalText.value($0, maximum: 255) != nil }
    }

    private static func isIP6(_ text: some StringProtocol) -> Bool {
        var parts = text.split(separator: ":", omittingEmptySubsequences: false).map { String($0) }
        guard parts.count >= 3 else { return false }
        if let last = parts.last, last.contains(".") {
            guard isIP4(last) else { return false }
            parts.removeLast()
            parts += ["0", "0"]
        }
        // A double colon leaves an empty part inside, or two at an end.
        if parts.first == "" {
            guard parts[1] == "" else { return false }
            parts.removeFirst()
        }
        if parts.last == "" {
            guard parts[parts.count - 2] == "" else { return false }
            parts.removeLast()
        }
        let gaps = parts.count { $0.isEmpty }
        let isHexadecimal = parts.allSatisfy { part in
            part.utf8.count <= 4
                && part.utf8.allSatisfy { (48...57).contains($0) || (65...70).contains($0) || (97...102).contains($0) }
        }
        return isHexadecimal && (gaps == 0 ? parts.count == 8 : gaps == 1 && parts.count <= 8)
    }

    /// `0.0.0.0` or `::`: send nothing.
    static func isUnspecified(_ text: some StringProtocol) -> Bool {
        text.utf8.allSatisfy { $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") }
    }

    /// 224.0.0.0/4 or ff00::/8: no way to talk to one peer.
    static func isMulticast(_ text: some StringProtocol) -> Bool {
        switch family(of: text) {
        case .ip4: (224...239).contains(DecimalText.value(text.prefix { $0 != "." }, maximum: 255) ?? 0)
        case .ip6: text.lowercased().hasPrefix("ff")
        case nil: false
        }
    }
}
