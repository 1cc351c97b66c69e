import Testing
import WireJSON

struct ParsingTests {
    @Test(
        "a sound text becomes its value",
        arguments: [
            ("null", JSON.null), (" true ", true), ("false", false), ("\t0\n", 0), ("-0", 0), ("12", 12), ("-7", -7),
            ("1.5", 1.5), ("-0.25", -0.25), ("1e2", 100.0), ("1E+2", 100.0), ("25e-1", 2.5), ("1.0", 1.0),
            ("\"\"", ""), ("[]", []), ("{}", [:]), ("[1,\"a\",[null]]", [1, "a", [.null]]),
            ("{ \"a\" : 1 , \"b\" : { } }", ["a": 1, "b": [:]]), ("\u{FEFF}[1]", [1]), ("\"ü€😀\"", "ü€😀"),
        ] as [(String, JSON)])
    func sound(text: String, value: JSON) throws {
        #expect(try JSON(parsing: text) == value)
    }

    @Test(
        "an unsound text is refused at the byte that is wrong",
        arguments: [
            ("", 0), ("  ", 2), ("nul", 3), ("nuul", 2), ("tru ", 3), ("[1,]", 3), ("[1 2]", 3), ("[1", 2), ("[", 1),
            ("{\"a\":1,}", 7), ("{\"a\" 1}", 5), ("{a:1}", 1), ("{\"a\"", 4), ("{\"a\":", 5), ("{,}", 1), ("[,]", 1),
            ("01", 1), ("-", 1), ("1.", 2), ("1.x", 2), ("1e", 2), ("1e+", 3), (".5", 0), ("+1", 0), ("--1", 1),
            ("0x1", 1), ("NaN", 0), ("Infinity", 0), ("1 1", 2), ("'a'", 0), ("\"a", 2), ("\"a\nb\"", 2),
            ("\"\\x\"", 3), ("\"\\", 2), ("[1]]", 3), ("{} {}", 3), ("/**/1", 0), ("\u{FEFF}", 3),
            ("\u{FEFF}\u{FEFF}1", 3),
        ])
    func unsound(text: String, offset: Int) {
        let error = #expect(throws: JSONSyntaxError.self) { try JSON(parsing: text) }
        #expect(error?.offset == offset)
    }

    @Test(
        "whole numbers of 64 bits are kept exactly, larger ones become floating point",
        arguments: [
            ("9223372036854775807", JSON.int(.max)), ("-9223372036854775808", .int(.min)),
            ("9223372036854775808", .double(0x1p63)),
            ("999999999999999999", 999_999_999_999_999_999),

            ("1000000000000000000", 1_000_000_000_000_000_000),

            ("-18446744073709551616", .double(-0x1p64)),
            ("123456789012345678901234567890", .double(1.2345678901234568e29)),
        ] as [(String, JSON)])
    func largeNumbers(text: String, value: JSON) throws {
        #expect(try JSON(parsing: text) == value)
    }

    @Test("a number beyond floating point is refused, one too small is zero")
    func extremeNumbers() throws {
        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: "1e400") }
        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: String(repeating: "9", count: 400)) }
        #expect(try JSON(parsing: "1e-400") == .double(0))
        #expect(try JSON(parsing: "1.7976931348623157e308") == .double(.greatestFiniteMagnitude))
    }

    @Test(
        "a decimal number is the nearest floating point number, as the system reads it",
        arguments: [
            "0.1", "-0.0", "0.5", "1.005", "123456.789012", "99999999999999.9", "0.000000000000001",
            "4503599627370497.5",
            "0.30000000000000004", "123456789012345678.9", "12345678901234567890.5", "5e-1", "0.00000000000000000001",
        ])
    func nearest(text: String) throws {
        #expect(try JSON(parsing: text) == .double(#require(Double(text))))
    }

    @Test(
        "escapes are undone",
        arguments: [
            (#""\"\\\/""#, "\"\\/"), (#""\b\f\n\r\t""#, "\u{8}\u{C}\n\r\t"), (#""a\u0041b""#, "aAb"),
            (#""\u00fc\u20AC""#, "ü€"), (#""\uD83D\uDE00""#, "😀"), (#""\u0000""#, "\0"), (#""\uFFFF""#, "\u{FFFF}"),
            (#""ü\n""#, "ü\n"), (#""\uDBFF\uDFFF""#, "\u{10FFFF}"),
        ])
    func escapes(text: String, value: String) throws {
        #expect(try JSON(parsing: text) == .string(value))
    }

    @Test(
        "half a surrogate pair and a bad escape are refused",
        arguments: [
            #""\uD83D""#, #""\uD83Dx""#, #""\uD83D\n""#, #""\uD83D\u0041""#, #""\uDE00""#, #""\uD83D\uD83D""#,
            #""\u12""#,
            #""\u12G4""#, #""\u+123""#, #""\u 123""#, #""\u"#, #""\uD83D\u"#, #""\U0041""#, #""\'""#, #""\u１234""#,
        ])
    func badEscapes(text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: text) }
    }

    @Test(
        "bytes that are not UTF-8 are refused at their string",
        arguments: [
            [0x80], [0xC3, 0x28], [0xC0, 0xAF], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF],
            [0xF0, 0x28, 0x8C, 0x28],
        ] as [[UInt8]])
    func notUTF8(bytes: [UInt8]) {
        let text = Array("[\"".utf8) + bytes + Array("\"]".utf8)
        let error = #expect(throws: JSONSyntaxError.self) { try JSON(parsing: text) }
        #expect(error?.offset == 2)
        let withEscape = Array("[\"\\n".utf8) + bytes + Array("\"]".utf8)
        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: withEscape) }
    }

    @Test("every control character must be escaped", arguments: 0..<UInt8(0x20))
    func controlCharacters(byte: UInt8) {
        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: [0x22, byte, 0x22]) }
        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: [0x22, 0x5C, 0x6E, byte, 0x22]) }
    }

    @Test("what ends a string is found at every place of it", arguments: 0..<20)
    func placesInStrings(place: Int) throws {
        // 0x21, 0x23, 0x5B and 0x5D are the neighbours of what ends it; the tail is as long as a step, and shorter.
        for tail in ["", "#", "!#[]!#[]", "!#[]!#[]!#[]"] {
            let head = String(repeating: "[", count: place)
            #expect(try JSON(parsing: "[\"\(head)\",\"\(tail)\"]") == [.string(head), .string(tail)])
            #expect(try JSON(parsing: "\"\(head)\\n\(tail)\"") == .string("\(head)\n\(tail)"))
            #expect(try JSON(parsing: "\"\(head)é\(tail)\"") == .string("\(head)é\(tail)"))
            for byte in [0x00, 0x1F, 0x80, 0xFF] as [UInt8] {
                let text = Array("\"\(head)".utf8) + [byte] + Array("\(tail)\"".utf8)
                let error = #expect(throws: JSONSyntaxError.self) { try JSON(parsing: text) }
                #expect(error?.offset == (byte < 0x20 ? place + 1 : 1))
            }
        }
    }

    @Test("nesting is taken to its limit and refused beyond", arguments: [("[", "]"), ("{\"a\":", "}")])
    func depth(open: String, close: String) {
        func nested(_ depth: Int) -> String {
            String(repeating: open, count: depth - 1) + (open == "[" ? "[]" : "{}")
                + String(repeating: close, count: depth - 1)
        }
        #expect(throws: Never.self) { try JSON(parsing: nested(JSON.maximumDepth)) }
        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: nested(JSON.maximumDepth + 1)) }
        #expect(throws: JSONSyntaxError.self) { try JSON(parsing: String(repeating: open, count: 1_000_000)) }
    }

    @Test("of members with one name the first keeps its place and has the last value", arguments: [0, 3, 100])
    func duplicateMembers(others: Int) throws {
        let rest = (0..<others).map { ",\"k\($0)\":\($0)" }.joined()
        let value = try JSON(parsing: "{\"a\":1,\"b\":2\(rest),\"a\":3}")
        #expect(value.object?.count == others + 2)
        #expect(value.object?.keys.prefix(2) == ["a", "b"])
        #expect(value["a"] == 3)
    }

    @Test(
        "one name spelled in two ways is one name",
        arguments: [
            (#"{"a":1,"b":2,"\u0061":3}"#, "a"), (#"{"\u0061":1,"b":2,"a":3}"#, "a"), (#"{"":1,"b":2,"":3}"#, ""),
            ("{\"\u{e9}\":1,\"b\":2,\"e\u{301}\":3}", "\u{e9}"),
        ])
    func nameSpelledTwice(text: String, name: String) throws {
        let value = try JSON(parsing: text)
        #expect(value.object?.count == 2)
        #expect(value[name] == 3)
    }

    @Test("names that differ in what a quick look misses stay apart")
    func namesAlike() throws {
        // Same length, first, middle and last letter.
        #expect(try JSON(parsing: #"{"abcde":1,"aXcYe":2}"#).object?.count == 2)
    }

    @Test("an object of many members is read in linear time", .timeLimit(.minutes(1)))
    func manyMembers() throws {
        let text = "{" + (0..<200_000).map { "\"k\($0)\":0" }.joined(separator: ",") + "}"
        #expect(try JSON(parsing: text).object?.count == 200_000)
    }

    @Test("a text cut anywhere is refused and never read beyond its end")
    func cutAnywhere() {
        let text = Array(#"{"a":[1.5e-3,true,null,"\u00fc\n"],"b":{"c":"€"}}"#.utf8)
        for length in 0..<text.count {
            #expect(throws: JSONSyntaxError.self) { try JSON(parsing: text[..<length]) }
        }
    }
}
