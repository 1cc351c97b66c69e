/// Why a text is not JSON, and where.
public struct JSONSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
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
        var parser = JSONParser(Array(bytes))
        self = try parser.document()
    }

    public init(parsing text: String) throws(JSONSyntaxError) {
        try self.init(parsing: Array(text.utf8))
    }
}

struct JSONParser {
    private let input: [UInt8]
    private var index = 0

    init(_ input: [UInt8]) {
        self.input = input
        if input.count >= 3, input[0] == 0xEF, input[1] == 0xBB, input[2] == 0xBF { index = 3 }
    }

    mutating func document() throws(JSONSyntaxError) -> JSON {
        let value = try value(depth: 0)
        skipBlanks()
        if index < input.count { throw fault("text after the end of the document") }
        return value
    }

    private func fault(_ reason: String) -> JSONSyntaxError { JSONSyntaxError(offset: index, reason: reason) }
    private var endsEarly: JSONSyntaxError { fault("document ends early") }

    private mutating func skipBlanks() {
        while index < input.count {
            switch input[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return
            }
        }
    }

    private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSON {
        if depth > JSON.maximumDepth { throw fault("nested deeper than \(JSON.maximumDepth)") }
        skipBlanks()
        guard index < input.count else { throw endsEarly }
        switch input[index] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), 48...57: return try number()
        default: throw fault("unexpected character")
        }
    }

    private mutating func word(_ text: StaticString, _ value: JSON) throws(JSONSyntaxError) -> JSON {
        for byte in text.description.utf8 {
            guard index < input.count else { throw endsEarly }
            guard input[index] == byte else { throw fault("unexpected character") }
            index += 1
        }
        return value
    }

    private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSON {
        index += 1
        var items: [JSON] = []
        skipBlanks()
        if index < input.count, input[index] == UInt8(ascii: "]") {
            index += 1
            return .array(items)
        }
        while true {
            skipBlanks()
            if index < input.count, input[index] == UInt8(ascii: "]") { throw fault("trailing comma") }
            items.append(try value(depth: depth + 1))
            skipBlanks()
            guard index < input.count else { throw endsEarly }
            switch input[index] {
            case UInt8(ascii: ","): index += 1
            case UInt8(ascii: "]"):
                index += 1
                return .array(items)
            default: throw fault("expected , or ]")
            }
        }
    }

    private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSON {
        index += 1
        var object = JSONObject()
        skipBlanks()
        if index < input.count, input[index] == UInt8(ascii: "}") {
            index += 1
            return .object(object)
        }
        while true {
            skipBlanks()
            guard index < input.count else { throw endsEarly }
            if input[index] == UInt8(ascii: "}") { throw fault("trailing comma") }
            guard input[index] == UInt8(ascii: "\"") else { throw fault("expected a member name in quotes") }
            let key = try string()
            skipBlanks()
            guard index < input.count else { throw endsEarly }
            guard input[index] == UInt8(ascii: ":") else { throw fault("expected :") }
            index += 1
            object[key] = try value(depth: depth + 1)
            skipBlanks()
            guard index < input.count else { throw endsEarly }
            switch input[index] {
            case UInt8(ascii: ","): index += 1
            case UInt8(ascii: "}"):
                index += 1
                return .object(object)
            default: throw fault("expected , or }")
            }
        }
    }

    private mutating func number() throws(JSONSyntaxError) -> JSON {
        let start = index
        var isInteger = true
        if input[index] == UInt8(ascii: "-") { index += 1 }
        guard index < input.count else { throw endsEarly }
        if input[index] == 48 {
            index += 1
        } else {
            try digits()
        }
        if index < input.count, input[index] == UInt8(ascii: ".") {
            isInteger = false
            index += 1
            try digits()
        }
        if index < input.count, input[index] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            index += 1
            if index < input.count, input[index] == UInt8(ascii: "+") || input[index] == UInt8(ascii: "-") {
                index += 1
            }
            try digits()
        }
        let text = String(decoding: input[start..<index], as: UTF8.self)
        if isInteger, let value = Int64(text) { return .int(value) }
        guard let value = Double(text), value.isFinite else { throw fault("number out of range") }
        return .double(value)
    }

    private mutating func digits() throws(JSONSyntaxError) {
        let start = index
        while index < input.count, (48...57).contains(input[index]) { index += 1 }
        if index == start { throw index < input.count ? fault("expected a digit") : endsEarly }
    }

    private mutating func string() throws(JSONSyntaxError) -> String {
        index += 1
        let start = index
        // Most strings have no escape: find the closing quote first and take the bytes as they are.
        while index < input.count {
            let byte = input[index]
            if byte == UInt8(ascii: "\"") {
                defer { index += 1 }
                return try utf8(input[start..<index], at: start)
            }
            if byte == UInt8(ascii: "\\") { break }
            if byte < 0x20 { throw fault("control character in a string") }
            index += 1
        }
        var bytes = Array(input[start..<index])
        while index < input.count {
            let byte = input[index]
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return try utf8(bytes[...], at: start)
            case UInt8(ascii: "\\"):
                index += 1
                try escape(into: &bytes)
            case 0..<0x20: throw fault("control character in a string")
            default:
                bytes.append(byte)
                index += 1
            }
        }
        throw endsEarly
    }

    private func utf8(_ bytes: ArraySlice<UInt8>, at offset: Int) throws(JSONSyntaxError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw JSONSyntaxError(offset: offset, reason: "string is not UTF-8")
        }
        return text
    }

    private mutating func escape(into bytes: inout [UInt8]) throws(JSONSyntaxError) {
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
            var code = try hexadecimal()
            if (0xD800..<0xDC00).contains(code) {
                guard index + 1 < input.count, input[index] == UInt8(ascii: "\\"), input[index + 1] == UInt8(ascii: "u")
                else { throw fault("lone surrogate") }
                index += 2
                let low = try hexadecimal()
                guard (0xDC00..<0xE000).contains(low) else { throw fault("lone surrogate") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw fault("lone surrogate") }
            bytes.append(contentsOf: String(Character(scalar)).utf8)
        default: throw fault("unknown escape")
        }
    }

    private mutating func hexadecimal() throws(JSONSyntaxError) -> UInt32 {
        guard index + 4 <= input.count else { throw endsEarly }
        guard let value = UInt32(String(decoding: input[index..<index + 4], as: UTF8.self), radix: 16),
            input[index] != UInt8(ascii: "+"), input[index] != UInt8(ascii: "-")
        else { throw fault("expected four hexadecimal digits") }
        index += 4
        return value
    }
}
