/// Why a text is not JSON, and where.
public struct JSONSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Bytes from the start of the text.
    public let offset: Int
    public let reason: String
    public var description: String { "not valid JSON at byte \(offset): \(reason)" }
}

extension JSON {
    /// Deepest nesting accepted; deeper input is hostile and refused before it can exhaust the stack.
    public static let maximumDepth = 128

    /// Parses one complete JSON text (UTF-8; a leading byte order mark is skipped).
    ///
    /// - Fails with: `JSONSyntaxError` naming the byte offset.
    public init(parsing bytes: some Collection<UInt8>) throws(JSONSyntaxError) {
        let input = Array(bytes)
        var parser = JSONParser()
        self = try parser.document(input.span)
    }

    public init(parsing text: String) throws(JSONSyntaxError) {
        try self.init(parsing: Array(text.utf8))
    }
}

/// Reads one text; the input is handed to every step so that its bounds are checked without counting references.
struct JSONParser {
    private var index = 0
    /// Whether the string read last was ASCII without escapes: only such names can be told apart by their bytes.
    private var isPlain = false

    mutating func document(_ input: Span<UInt8>) throws(JSONSyntaxError) -> JSON {
        if input.count >= 3, input[0] == 0xEF, input[1] == 0xBB, input[2] == 0xBF { index = 3 }
        let value = try value(input, depth: 0)
        if peek(input) != nil { throw fault("text after the end of the document") }
        return value
    }

    private func fault(_ reason: String) -> JSONSyntaxError { JSONSyntaxError(offset: index, reason: reason) }
    private var endsEarly: JSONSyntaxError { fault("document ends early") }

    /// The next byte that is not blank, not yet taken.
    @inline(__always)
    private mutating func peek(_ input: Span<UInt8>) -> UInt8? {
        while index < input.count {
            let byte = input[index]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            index += 1
        }
        return nil
    }

    @inline(__always)
    private mutating func next(_ input: Span<UInt8>) throws(JSONSyntaxError) -> UInt8 {
        guard let byte = peek(input) else { throw endsEarly }
        return byte
    }

    private mutating func value(_ input: Span<UInt8>, depth: Int) throws(JSONSyntaxError) -> JSON {
        switch try next(input) {
        case UInt8(ascii: "\""): return .string(try string(input))
        case UInt8(ascii: "{"): return .object(try object(input, depth: depth))
        case UInt8(ascii: "["): return .array(try array(input, depth: depth))
        case UInt8(ascii: "-"), 48...57: return try number(input)
        case UInt8(ascii: "t"): return try word("true", .bool(true), input)
        case UInt8(ascii: "f"): return try word("false", .bool(false), input)
        case UInt8(ascii: "n"): return try word("null", .null, input)
        default: throw fault("unexpected character")
        }
    }

    private mutating func word(_ word: String, _ value: JSON, _ input: Span<UInt8>) throws(JSONSyntaxError) -> JSON {
        for byte in word.utf8 {
            guard index < input.count else { throw endsEarly }
            guard input[index] == byte else { throw fault("unexpected character") }
            index += 1
        }
        return value
    }

    private mutating func array(_ input: Span<UInt8>, depth: Int) throws(JSONSyntaxError) -> [JSON] {
        if depth == JSON.maximumDepth { throw fault("nested deeper than \(JSON.maximumDepth)") }
        index += 1
        var items: [JSON] = []
        items.reserveCapacity(4)
        if try next(input) == UInt8(ascii: "]") {
            index += 1
            return items
        }
        while true {
            items.append(try value(input, depth: depth + 1))
            switch try next(input) {
            case UInt8(ascii: ","):
                index += 1
                if try next(input) == UInt8(ascii: "]") { throw fault("trailing comma") }
            case UInt8(ascii: "]"):
                index += 1
                return items
            default: throw fault("expected , or ]")
            }
        }
    }

    private mutating func object(_ input: Span<UInt8>, depth: Int) throws(JSONSyntaxError) -> JSONObject {
        if depth == JSON.maximumDepth { throw fault("nested deeper than \(JSON.maximumDepth)") }
        index += 1
        if try next(input) == UInt8(ascii: "}") {
            index += 1
            return JSONObject()
        }
        var members: [(key: String, value: JSON)] = []
        members.reserveCapacity(8)
        var names = NameSieve()
        while true {
            guard try next(input) == UInt8(ascii: "\"") else { throw fault("expected a member name in quotes") }
            let start = index
            let key = try string(input)
            names.pass(isPlain ? input.extracting(start + 1..<index - 1) : nil)
            guard try next(input) == UInt8(ascii: ":") else { throw fault("expected :") }
            index += 1
            members.append((key, try value(input, depth: depth + 1)))
            switch try next(input) {
            case UInt8(ascii: ","):
                index += 1
                if try next(input) == UInt8(ascii: "}") { throw fault("trailing comma") }
            case UInt8(ascii: "}"):
                index += 1
                return JSONObject(lastOfEach: members, areDistinct: names.areDistinct)
            default: throw fault("expected , or }")
            }
        }
    }

    private mutating func number(_ input: Span<UInt8>) throws(JSONSyntaxError) -> JSON {
        let start = index
        let isNegative = input[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        guard index < input.count else { throw endsEarly }
        let firstDigit = index
        var digits: Int64 = 0
        if input[index] == 48 {
            index += 1
        } else {
            digits = try self.digits(input)
        }
        var count = index - firstDigit
        var decimals = 0
        if index < input.count, input[index] == UInt8(ascii: ".") {
            index += 1
            let firstDecimal = index
            digits = try self.digits(input, after: digits)
            decimals = index - firstDecimal
            count += decimals
        }
        var hasExponent = false
        if index < input.count, input[index] | 0x20 == UInt8(ascii: "e") {
            hasExponent = true
            index += 1
            if index < input.count, input[index] == UInt8(ascii: "+") || input[index] == UInt8(ascii: "-") {
                index += 1
            }
            _ = try self.digits(input)
        }
        let isWhole = decimals == 0 && !hasExponent
        // 18 digits always fit; longer numbers take the slow way.
        if isWhole, count <= 18 { return .int(isNegative ? -digits : digits) }
        // Both are exact in floating point, so their quotient is the nearest to what is written.
        if !hasExponent, count <= 15 {
            let value = Double(digits) / Self.powersOfTen[decimals]
            return .double(isNegative ? -value : value)
        }
        let text = try text(input.extracting(start..<index), at: start)
        if isWhole, let value = Int64(text) { return .int(value) }
        guard let value = Double(text), value.isFinite else { throw fault("number out of range") }
        return .double(value)
    }

    private static let powersOfTen: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ]

    /// One or more digits written after those of `value`; all their value, wrapped when there are more than 18.
    private mutating func digits(
        _ input: Span<UInt8>, after value: Int64 = 0
    ) throws(JSONSyntaxError) -> Int64 {
        let start = index
        var value = value
        while index < input.count, (48...57).contains(input[index]) {
            value = value &* 10 &+ Int64(input[index] &- 48)
            index += 1
        }
        if index == start { throw index < input.count ? fault("expected a digit") : endsEarly }
        return value
    }

    private mutating func string(_ input: Span<UInt8>) throws(JSONSyntaxError) -> String {
        index += 1
        let start = index
        // Most strings have no escape: find the closing quote and take the bytes as they are.
        let plain = PlainRun(in: input, from: start)
        index = plain.end
        isPlain = false
        guard index < input.count else { throw endsEarly }
        switch input[index] {
        case UInt8(ascii: "\""):
            index += 1
            let bytes = input.extracting(start..<plain.end)
            guard plain.isASCII else { return try text(bytes, at: start) }
            isPlain = true
            // Sound: text of bytes below 0x80 only is valid UTF-8 (RFC 3629 §3).
            return unsafe String(copying: UTF8Span(unchecked: bytes, isKnownASCII: true))
        case UInt8(ascii: "\\"): return try escapedString(input, from: start)
        default: throw fault("control character in a string")
        }
    }

    /// The rest of a string whose first escape is at `index`.
    private mutating func escapedString(_ input: Span<UInt8>, from start: Int) throws(JSONSyntaxError) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(2 * (index - start) + 32)
        for position in start..<index { bytes.append(input[position]) }
        while index < input.count {
            let byte = input[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return try text(bytes.span, at: start)
            case UInt8(ascii: "\\"): try escape(input, into: &bytes)
            case 0..<0x20:
                index -= 1
                throw fault("control character in a string")
            default: bytes.append(byte)
            }
        }
        throw endsEarly
    }

    private func text(_ bytes: Span<UInt8>, at offset: Int) throws(JSONSyntaxError) -> String {
        do {
            return String(copying: try UTF8Span(validating: bytes))
        } catch {
            throw JSONSyntaxError(offset: offset, reason: "string is not UTF-8")
        }
    }

    private mutating func escape(_ input: Span<UInt8>, into bytes: inout [UInt8]) throws(JSONSyntaxError) {
        guard index < input.count else { throw endsEarly }
        let byte = input[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(byte)
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "u"):
            var code = try hexadecimal(input)
            if (0xD800..<0xDC00).contains(code) {
                guard index + 1 < input.count, input[index] == UInt8(ascii: "\\"), input[index + 1] == UInt8(ascii: "u")
                else { throw fault("lone surrogate") }
                index += 2
                let low = try hexadecimal(input)
                guard (0xDC00..<0xE000).contains(low) else { throw fault("lone surrogate") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw fault("lone surrogate") }
            bytes.append(contentsOf: scalar.utf8)
        default: throw fault("unknown escape")
        }
    }

    private mutating func hexadecimal(_ input: Span<UInt8>) throws(JSONSyntaxError) -> UInt32 {
        guard index + 4 <= input.count else { throw endsEarly }
        var value: UInt32 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch input[index] {
            case let byte where (48...57).contains(byte): digit = byte - 48
            case let byte where (97...102).contains(byte | 0x20): digit = (byte | 0x20) - 87
            default: throw fault("expected four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }
}
