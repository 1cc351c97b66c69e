/// The bytes of a string up to its closing quote, its first escape or what must not stand in it.
///
/// Eight bytes a step: texts are most of a document.
struct PlainRun {
    /// Of the first byte that ends it, or the end of the text.
    private(set) var end: Int
    private var bits: UInt64 = 0

    var isASCII: Bool { bits & Self.high == 0 }

    private static let low: UInt64 = 0x0101_0101_0101_0101
    private static let high: UInt64 = 0x8080_8080_8080_8080

    @inline(__always)
    init(in input: Span<UInt8>, from start: Int) {
        end = start
        while end &+ 8 <= input.count {
            // Sound: every pattern of bits is an integer; the place is checked against the bounds.
            let word = unsafe UInt64(
                littleEndian: input.bytes.unsafeLoadUnaligned(fromByteOffset: end, as: UInt64.self))
            let quote = word ^ (Self.low &* 0x22)
            let escape = word ^ (Self.low &* 0x5C)
            // A byte's high bit is set where it is a quote, a backslash or below a blank; above the first such a false
            // one may be, which does not matter.
            let stops =
                ((quote &- Self.low) & ~quote | (escape &- Self.low) & ~escape | (word &- Self.low &* 0x20) & ~word)
                & Self.high
            if stops != 0 {
                let length = stops.trailingZeroBitCount / 8
                bits |= word & ~(UInt64.max &<< (8 &* UInt64(length)))
                end &+= length
                return
            }
            bits |= word
            end &+= 8
        }
        while end < input.count, input[end] >= 0x20, input[end] != 0x22, input[end] != 0x5C {
            bits |= UInt64(input[end])
            end &+= 1
        }
    }
}
