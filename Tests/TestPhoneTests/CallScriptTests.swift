import TestPhone
import Testing

@Suite struct CallScriptTests {
    private func step(_ text: String) throws -> CallScript.Step? {
        try CallScript(parsing: Array("[\(text)]".utf8)).steps.first
    }

    @Test("expected words have a text, and how many of them must be heard: seven of ten unless the script says so")
    func words() throws {
        #expect(
            try step(#"{"expect":"words","words":"Thank you, good bye.","within":5}"#)
                == .expect(.words("Thank you, good bye.", atLeast: 3), within: .seconds(5)))
        #expect(
            try step(#"{"expect":"words","words":"Press 12","at_least":1}"#)
                == .expect(.words("Press 12", atLeast: 1), within: .seconds(10)))
        #expect(
            try step(#"{"expect":"words","words":"no"}"#)
                == .expect(.words("no", atLeast: 1), within: .seconds(10)))
    }

    @Test(
        "what is wrong with expected words is told with its place",
        arguments: [
            (#"{"expect":"words"}"#, "/0/words"), (#"{"expect":"words","words":"..."}"#, "/0/words"),
            (#"{"expect":"words","words":"good bye","at_least":3}"#, "/0/at_least"),
            (#"{"expect":"words","words":"good bye","at_least":0}"#, "/0/at_least"),
            (#"{"expect":"words","words":"good bye","at_least":0.7}"#, "/0/at_least"),
            (#"{"expect":"sound","words":"good bye"}"#, "/0/words"),
        ])
    func faults(text: String, path: String) {
        #expect { try step(text) } throws: { ($0 as? CallScript.Fault)?.path == path }
    }
}
