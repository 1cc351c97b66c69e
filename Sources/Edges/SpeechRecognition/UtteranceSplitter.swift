import Glibc

/// Cuts one channel of a recording into utterances at its silences.
///
/// - Units: frames of 20 ms at 16 kHz; milliseconds since the beginning of the recording.
/// - Bounds: an utterance has 15 s at most; a longer speech is cut where it is softest.
struct UtteranceSplitter {
    static let sampleRate = 16_000
    static let frameSamples = 320
    private static let frameMilliseconds = 20

    struct Piece: Hashable {
        var samples: [Int16]
        /// Of the first sample.
        var start: Int
        /// Of the first and the last loud frame.
        var speechStart: Int
        var speechEnd: Int
    }

    /// Frames before speech was noticed that belong to its first word.
    private static let leadFrames = 15
    /// Silence that stays at the end, at most.
    private static let tailFrames = 15
    /// Loud for shorter than that is no speech.
    private static let leastFrames = 5
    /// Loud frames one after the other that begin an utterance.
    private static let onsetFrames = 3
    private static let longestFrames = 750
    /// A long speech is cut in its last two seconds.
    private static let cutFrames = 100

    private let gapFrames: Int
    private var floor = -60.0
    private var frames = 0
    private var lead: [Int16] = []
    private var loudRun = 0
    private var utterance: Open?

    private struct Open {
        var samples: [Int16]
        /// Frame numbers.
        var first: Int
        var firstLoud: Int
        var lastLoud: Int
        var loud: Int
        /// Of each frame, dBFS.
        var levels: [Double]
    }

    /// - Parameter gapMilliseconds: so much silence is between two utterances; people pause for 600 ms between sentences,
    ///   not within them.
    init(gapMilliseconds: Int = 600) { gapFrames = gapMilliseconds / Self.frameMilliseconds }

    /// Takes the next frame.
    /// - Returns: an utterance that has ended.
    mutating func hear(_ frame: [Int16]) -> Piece? {
        let level = Self.level(frame)
        floor = level < floor ? max(level, -70) : min(floor + 0.06, level, -30)
        let isLoud = level > max(floor + 9, -50)
        defer { frames += 1 }
        guard var open = utterance else {
            wait(frame, isLoud)
            return nil
        }
        open.samples += frame
        open.levels.append(level)
        if isLoud {
            open.lastLoud = frames
            open.loud += 1
        }
        if frames - open.lastLoud >= gapFrames { return close(open) }
        if open.levels.count >= Self.longestFrames { return cut(open) }
        utterance = open
        return nil
    }

    /// The recording is over.
    mutating func end() -> Piece? { utterance.flatMap { close($0) } }

    private mutating func wait(_ frame: [Int16], _ isLoud: Bool) {
        lead += frame
        if lead.count > Self.leadFrames * Self.frameSamples { lead.removeFirst(Self.frameSamples) }
        loudRun = isLoud ? loudRun + 1 : 0
        guard loudRun >= Self.onsetFrames else { return }
        let count = lead.count / Self.frameSamples
        utterance = Open(
            samples: lead, first: frames + 1 - count, firstLoud: frames + 1 - Self.onsetFrames, lastLoud: frames,
            loud: Self.onsetFrames, levels: Array(repeating: 0, count: count))
        lead = []
        loudRun = 0
    }

    private mutating func close(_ open: Open) -> Piece? {
        utterance = nil
        loudRun = 0
        let kept = min(open.samples.count, (open.lastLoud + 1 + Self.tailFrames - open.first) * Self.frameSamples)
        lead = Array(open.samples[kept...].suffix(Self.leadFrames * Self.frameSamples))
        return open.loud < Self.leastFrames ? nil : piece(open, kept)
    }

    private mutating func cut(_ open: Open) -> Piece? {
        let last = open.levels.suffix(Self.cutFrames)
        guard let place = last.indices.min(by: { last[$0] < last[$1] }) else { return nil }
        var rest = open
        rest.samples = Array(open.samples[(place * Self.frameSamples)...])
        rest.levels = Array(open.levels[place...])
        rest.first = open.first + place
        rest.firstLoud = rest.first
        rest.loud = Self.leastFrames
        utterance = rest
        var ended = open
        ended.lastLoud = min(open.lastLoud, rest.first - 1)
        return piece(ended, place * Self.frameSamples)
    }

    private func piece(_ open: Open, _ count: Int) -> Piece {
        Piece(
            samples: Array(open.samples[..<count]), start: open.first * Self.frameMilliseconds,
            speechStart: open.firstLoud * Self.frameMilliseconds,
            speechEnd: (open.lastLoud + 1) * Self.frameMilliseconds)
    }

    private static func level(_ frame: [Int16]) -> Double {
        let sum = frame.reduce(0.0) { $0 + Double($1) * Double($1) }
        return 10 * log10(max(sum / Double(max(1, frame.count)) / (32_768 * 32_768), 1e-9))
    }
}
