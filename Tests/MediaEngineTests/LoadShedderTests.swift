import Testing

@testable import MediaEngine

/// What a worker gives up, second by second; each line is a share of its core for some seconds and the stage after them.
@Suite struct LoadShedderTests {
    typealias Line = (share: Double, seconds: Int, stage: LoadShedder.Stage)

    @Test(
        "a full core gives up new legs, then effort of Opus in two stages, and takes back in turn",
        arguments: [
            [(0.84, 5, .none), (0.85, 1, .refusesLegs), (0.84, 1, .none)],
            // A moment costs nobody anything but new legs.
            [(0.99, 1, .refusesLegs), (0.5, 1, .none), (0.99, 1, .refusesLegs)],
            [(0.91, 2, .easesEncoders), (0.91, 60, .easesEncoders)],
            [(0.95, 1, .refusesLegs), (0.95, 2, .easesEncoders), (0.95, 1, .sparesEncoders)],
            // What was saved is kept for those that are there.
            [(0.91, 2, .easesEncoders), (0.7, 60, .easesEncoders), (0.64, 9, .easesEncoders), (0.64, 1, .none)],
            [(0.95, 9, .sparesEncoders), (0.3, 10, .easesEncoders), (0.3, 9, .easesEncoders), (0.3, 1, .none)],
            [(0.91, 2, .easesEncoders), (0.3, 9, .easesEncoders), (0.66, 1, .easesEncoders), (0.3, 9, .easesEncoders)],
        ] as [[Line]])
    func stages(lines: [Line]) {
        var shedder = LoadShedder()
        for line in lines {
            for _ in 0..<line.seconds { shedder.measured(line.share) }
            #expect(shedder.stage == line.stage)
        }
    }

    @Test("each stage leaves Opus no more effort than the one before, and new legs come in none of them")
    func order() {
        let stages = LoadShedder.Stage.allCases
        #expect(stages.map(\.complexity) == [10, 10, 2, 0])
        #expect(zip(stages, stages.dropFirst()).allSatisfy { $0.limit < $1.limit })
    }
}
