public import EdgeProtocols

/// Listens to sound as it comes for the words of a text: whenever somebody pauses, what was said since is searched, and so
/// it is with what came before, since a text may have pauses of its own.
///
/// - Units: 16 kHz.
/// - Bounds: two minutes are listened to.
/// - Threading: one task.
public struct WordListening {
    private static let longest = 120 * UtteranceSplitter.sampleRate
    /// Utterances that may together be the text.
    private static let mostJoined = 6

    /// The text, word by word.
    public let words: [String]
    /// Of each word: it was found, in the stretch that had most of them.
    public private(set) var found: [Bool]
    public var count: Int { found.count { $0 } }
    /// So many words are looked for as were asked for, and no further.
    public var hasEnough: Bool { count >= enough }

    private let enough: Int
    private let spotter: WordSpotter
    /// Cut finely, since what belongs together is joined again: a synthetic voice pauses for less than people do.
    private var splitter = UtteranceSplitter(gapMilliseconds: 300)
    private var heard: [Int16] = []
    /// Samples that the splitter has had.
    private var split = 0
    private var pieces: [Range<Int>] = []

    public init(_ words: [String], enough: Int, by spotter: WordSpotter) {
        self.words = words
        self.enough = enough
        self.spotter = spotter
        found = Array(repeating: false, count: words.count)
    }

    /// Takes sound in; takes its time when an utterance has ended.
    public mutating func hear(_ samples: some Collection<Int16>) async throws(SpeechFault) {
        heard += samples.prefix(max(0, Self.longest - heard.count))
        while split + UtteranceSplitter.frameSamples <= heard.count {
            let piece = splitter.hear(Array(heard[split..<split + UtteranceSplitter.frameSamples]))
            split += UtteranceSplitter.frameSamples
            if let piece { try await search(piece) }
        }
    }

    /// Nothing follows: what is being said is searched too.
    public mutating func finish() async throws(SpeechFault) {
        if let piece = splitter.end() { try await search(piece) }
    }

    private mutating func search(_ piece: UtteranceSplitter.Piece) async throws(SpeechFault) {
        let first = piece.start * UtteranceSplitter.sampleRate / 1000
        pieces.append(first..<first + piece.samples.count)
        for start in pieces.indices.reversed().prefix(Self.mostJoined) {
            let range = pieces[start].lowerBound..<pieces[pieces.count - 1].upperBound
            let milliseconds = range.count * 1000 / UtteranceSplitter.sampleRate
            // So much too long or too short that nobody says it like this.
            if milliseconds > 2000 + 800 * words.count { break }
            if milliseconds < 100 * enough { continue }
            let now = try await spotter.find(words, in: Array(heard[range]))
            if now.count(where: \.self) > count { found = now }
            if hasEnough { return }
        }
    }
}
