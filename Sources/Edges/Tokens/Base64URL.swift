/// Base64 with the URL alphabet and without padding (RFC 4648 §5, RFC 7515 §2).
enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, letter) in alphabet.enumerated() { values[Int(letter)] = UInt8(value) }
        return values
    }()

    static func append(_ bytes: [UInt8], to text: inout [UInt8]) {
        var index = 0
        while index < bytes.count {
            let length = min(3, bytes.count - index)
            var group = UInt32(bytes[index]) << 16
            if length > 1 { group |= UInt32(bytes[index + 1]) << 8 }
            if length > 2 { group |= UInt32(bytes[index + 2]) }
            for digit in 0...length { text.append(alphabet[Int(group >> UInt32(18 - 6 * digit)) & 63]) }
            index += 3
        }
    }

    /// Nil for any other letter, for padding, for a length that cannot be and for spare bits that are not zero: each
    /// token has one spelling only.
    static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 3 / 4)
        var bits: UInt32 = 0
        var bitCount = 0
        for letter in text {
            let value = values[Int(letter)]
            guard value != 0xFF else { return nil }
            bits = bits << 6 | UInt32(value)
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
                bits &= (1 << UInt32(bitCount)) - 1
            }
        }
        return bits == 0 ? bytes : nil
    }
}
