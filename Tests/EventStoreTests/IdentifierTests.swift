import CallModel
import MediaTime
import Testing

@Suite struct IdentifierTests {
    @Test("ids of rows lie in the order of the milliseconds in which they were made, and no two are the same")
    func order() {
        let texts = (0..<100).map { UUIDText.ordered(at: WallTime(milliseconds: 1_700_000_000_000 + Int64($0))) }
        #expect(texts == texts.sorted())
        #expect(texts[0].hasPrefix("018bcfe5-6800-7"))
        let together = Set((0..<1000).map { _ in UUIDText.ordered(at: WallTime(milliseconds: 0)) })
        #expect(together.count == 1000)
    }

    @Test("version and variant are where RFC 9562 puts them", arguments: [UUIDText.ordered(), UUIDText.random()])
    func shape(text: String) throws {
        let characters = Array(text)
        #expect(characters.count == 36)
        #expect([8, 13, 18, 23].allSatisfy { characters[$0] == "-" })
        #expect("47".contains(characters[14]))
        #expect("89ab".contains(characters[19]))
    }
}
