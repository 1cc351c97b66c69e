import Testing

@testable import SpeechRecognition

@Suite struct SplitterTests {
    /// A vowel-like sound, or soft noise, so many milliseconds.
    private static func sound(_ milliseconds: Int, loud: Bool) -> [Int16] {
        (0..<milliseconds * 16).map { (index: Int) -> Int16 in
            if loud { return index % 100 < 50 ? 6000 : -6000 }
            let noise = index * 7919 % 41 - 20
            return Int16(noise)
        }
    }

    private static func split(_ parts: (Int, Bool)...) -> [UtteranceSplitter.Piece] {
        let samples = parts.flatMap { sound($0.0, loud: $0.1) }
        var splitter = UtteranceSplitter()
        var pieces: [UtteranceSplitter.Piece] = []
        for start in stride(from: 0, to: samples.count, by: 320) {
            if let piece = splitter.hear(Array(samples[start..<min(start + 320, samples.count)])) {
                pieces.append(piece)
            }
        }
        if let piece = splitter.end() { pieces.append(piece) }
        return pieces
    }

    @Test("sentences are cut at their silences, with sound before and after")
    func sentences() {
        let pieces = Self.split((1000, false), (1500, true), (800, false), (600, true), (700, false))
        #expect(pieces.map(\.speechStart) == [1000, 3300])
        #expect(pieces.map(\.speechEnd) == [2500, 3900])
        for piece in pieces {
            #expect(piece.start < piece.speechStart && piece.speechStart - piece.start <= 300)
            let end = piece.start + piece.samples.count / 16
            #expect(end > piece.speechEnd && end - piece.speechEnd <= 320)
        }
    }

    @Test("a pause within a sentence does not cut it")
    func pause() {
        #expect(Self.split((500, false), (700, true), (400, false), (700, true), (700, false)).count == 1)
    }

    @Test("silence, and a click, hold no utterance")
    func silence() {
        #expect(Self.split((3000, false)).isEmpty)
        #expect(Self.split((1000, false), (40, true), (1000, false)).isEmpty)
    }

    @Test("who speaks on to the end of the recording is heard too")
    func unfinished() {
        let pieces = Self.split((400, false), (1000, true))
        #expect(pieces.count == 1 && pieces.first?.speechEnd == 1400)
    }

    @Test("a long speech is cut where it is softest, and no sample of it is lost or doubled")
    func long() {
        let pieces = Self.split((400, false), (14_000, true), (200, false), (20_000, true), (900, false))
        #expect(pieces.count == 3)
        #expect(pieces.allSatisfy { $0.samples.count <= 750 * 320 })
        for (one, next) in zip(pieces, pieces.dropFirst()) {
            #expect(one.start + one.samples.count / 16 == next.start && one.speechEnd <= next.speechStart)
        }
        if let first = pieces.first { #expect((14_300...14_600).contains(first.start + first.samples.count / 16)) }
    }
}
