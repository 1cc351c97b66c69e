import Testing
import WireJSON

struct WritingTests {
    @Test(
        "a value is written compactly, members in their order, slashes and letters as they are",
        arguments: [
            (JSON.null, "null"), (true, "true"), (-5, "-5"), (0.1, "0.1"), (2.0, "2.0"), (1e300, "1e+300"),
            (["b": 1, "a": [1, "x", [:], []]], #"{"b":1,"a":[1,"x",{},[]]}"#), ("http://a/ü€😀", "\"http://a/ü€😀\""),
            ("\"\\\n\r\t\u{1}\u{1F}\u{7F}", "\"\\\"\\\\\\n\\r\\t\\u0001\\u001f\u{7F}\""), ("", "\"\""),
        ] as [(JSON, String)])
    func compact(value: JSON, text: String) {
        #expect(value.text == text)
        #expect(value.bytes == Array(text.utf8))
    }

    @Test("what JSON cannot spell is written as null", arguments: [Double.nan, .infinity, -.infinity])
    func unspellable(number: Double) {
        #expect(JSON.double(number).text == "null")
    }

    @Test(
        "what was written is read back as the same value and written as the same text",
        arguments: [
            [1, -1, .int(.max), .int(.min), 0.1, 1e-300, 1.5e300, .double(.pi), true, false, .null],
            ["k": "\u{0}\u{1}\u{8}\u{C}\u{1F}\u{7F}\u{80}\u{FFFF}😀\"\\/", "": "", "a b": [[[[:]]]]],
        ] as [JSON])
    func roundTrip(value: JSON) throws {
        let again = try JSON(parsing: value.bytes)
        #expect(again == value)
        #expect(again.text == value.text)
    }
}
