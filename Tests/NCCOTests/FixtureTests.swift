import NCCO
import Testing
import WireJSON

struct FixtureTests {
    @Test("the fixtures are all there")
    func fixturesAreThere() {
        #expect(FixtureFiles.valid.count == 61)
        #expect(FixtureFiles.invalid.count == 122)
    }

    @Test("a valid fixture is accepted with all its actions", arguments: FixtureFiles.valid)
    func validFixture(name: String) throws {
        let bytes = try FixtureFiles.bytes("valid/\(name).json")
        let script = try Script.parse(bytes)
        let items = try #require(try JSON(parsing: bytes).array)
        #expect(script.actions.map(\.name) == items.map { $0["action"]?.string })
    }

    @Test("an invalid fixture is refused at the path its reason file names", arguments: FixtureFiles.invalid)
    func invalidFixture(name: String) throws {
        let bytes = try FixtureFiles.bytes("invalid/\(name).json")
        let expected = try FixtureFiles.expectedPath(of: name)
        let refusal = #expect(throws: ScriptRefusal.self) { try Script.parse(bytes) }
        #expect(refusal?.faults.first?.path == expected)
    }
}
