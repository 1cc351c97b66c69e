import NCCO
import Testing
import WireJSON

struct DocumentTests {
    @Test("an empty array is a script that ends at once")
    func emptyScript() throws {
        #expect(try Script.parse(Array("[]".utf8)) == Script(actions: []))
    }

    @Test(
        "what is not an array of actions is refused at the document",
        arguments: ["", " ", "{", "[,]", "null", "1", "\"talk\"", "{}", "[] []", "[}", "[{\"a\"}]", "\u{FEFF}{}"])
    func notAnArray(text: String) throws {
        #expect(try faultPaths(of: text) == ["/"])
    }

    @Test("a byte order mark before the array is skipped")
    func byteOrderMark() throws {
        #expect(try faults(of: "\u{FEFF}[]").isEmpty)
    }

    @Test("bytes that are not UTF-8 are refused at the document")
    func notUTF8() {
        let bytes = Array("[{\"action\":\"talk\",\"text\":\"".utf8) + [0xC3, 0x28] + Array("\"}]".utf8)
        #expect(throws: ScriptRefusal.self) { try Script.parse(bytes) }
    }

    @Test("the message starts with the documented sentence and ends with place and reason of the first fault")
    func message() {
        let text = #"[{"action":"talk","text":"a"},{"action":"connect","endpoint":[{"type":"phone","number":"12"}]}]"#
        let refusal = #expect(throws: ScriptRefusal.self) { try Script.parse(Array(text.utf8)) }
        #expect(
            refusal?.message
                == "Syntax error in NCCO. Invalid value type or action. at /1/endpoint/0/number: 7 to 15 digits")
    }

    @Test("every fault is told, in document order, missing members after those that are there")
    func documentOrder() throws {
        let text = """
            [{"action":"connect","randomFromNumber":true,"limit":0,"from":"447700900000",
              "endpoint":[{"type":"sip","headers":{"b":{},"a":"x\\ny"},"uri":"tel:1"}],"timeout":"x"},
             {"loop":-1,"action":"talk"}, 7, {"action":"pay"}]
            """
        #expect(
            try faultPaths(of: text) == [
                "/0/randomFromNumber", "/0/limit", "/0/endpoint/0/headers/b", "/0/endpoint/0/headers/a",
                "/0/endpoint/0/uri", "/0/timeout", "/1/loop", "/1/text", "/2", "/3/action",
            ])
    }

    @Test("names in a path are escaped as a JSON pointer")
    func pointerEscapes() throws {
        let text = #"[{"action":"connect","endpoint":[{"type":"sip","uri":"sip:a@b","headers":{"a/b~c":1}}]}]"#
        #expect(try faultPaths(of: text) == ["/0/endpoint/0/headers/a~1b~0c"])
    }

    @Test("the number of faults told is bounded")
    func boundedFaults() throws {
        let text = "[" + Array(repeating: "1", count: 5000).joined(separator: ",") + "]"
        #expect(try faults(of: text).count == 100)
    }

    @Test("the number of warnings is bounded")
    func boundedWarnings() throws {
        let options = (0..<5000).map { "\"o\($0)\":0" }.joined(separator: ",")
        let script = try Script.parse(Array(#"[{"action":"wait",\#(options)}]"#.utf8))
        #expect(script.warnings.count == 100)
    }

    @Test("an unknown option is ignored with a warning that names it")
    func unknownOption() throws {
        let script = try Script.parse(Array(#"[{"action":"talk","text":"Hi","provider":"x"}]"#.utf8))
        #expect(script.warnings == [ScriptWarning(path: "/0/provider", reason: "unknown option, ignored")])
    }

    @Test("the last of two members of one name counts")
    func duplicateMembers() throws {
        #expect(try action(#"[{"action":"talk","text":"a","text":"b"}]"#) == .talk(Talk(text: "b")))
    }

    @Test("a script is read from a value as well as from bytes")
    func fromValue() throws {
        #expect(try Script.parse([["action": "talk", "text": "Hi"]]).actions == [.talk(Talk(text: "Hi"))])
    }
}
