internal import Glibc

/// Finds that nobody has spoken for a time, whatever the noise of the line.
///
/// Speech rises and falls; what stays at one level is noise: its floor follows the quietest moments at once and creeps up
/// by 3 dB a second towards what is heard now. Sound 9 dB above the floor, and above −50 dBFS, for 60 ms is speech.
///
/// - Units: levels as mean squares of 16-bit samples; seconds.
/// - Threading: a value.
public struct SilenceDetector {
    private let limitMilliseconds: Int
    private var floor = -60.0
    private var silentMilliseconds = 0
    private var speechMilliseconds = 0
    private var hasTold = false

    public init(seconds: Double) { limitMilliseconds = Int(seconds * 1000) }

    /// Takes the next stretch of sound.
    /// - Returns: true once, when the silence has lasted long enough.
    public mutating func hears(_ meanSquare: Double, milliseconds: Int) -> Bool {
        let level = Self.decibels(meanSquare)
        floor = level < floor ? max(level, -70) : min(floor + 0.003 * Double(milliseconds), level, -30)
        if level > max(floor + 9, -50) {
            speechMilliseconds += milliseconds
            if speechMilliseconds >= 60 { silentMilliseconds = 0 }
        } else {
            speechMilliseconds = 0
        }
        silentMilliseconds += milliseconds
        guard silentMilliseconds >= limitMilliseconds, !hasTold else { return false }
        hasTold = true
        return true
    }

    private static func decibels(_ meanSquare: Double) -> Double {
        meanSquare < 1 ? -90 : 10 * log10(meanSquare / (32_768 * 32_768))
    }
}
