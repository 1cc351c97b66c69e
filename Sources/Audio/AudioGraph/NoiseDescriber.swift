/// Finds the packets in which nobody speaks and describes the noise in them, so that they need not be sent.
///
/// A pause begins when there was no voice for 200 ms: until then the noise is listened to. It ends with the packet in which
/// somebody speaks, which is sent. Sound that can be predicted almost whole is a tone and no noise, and what is louder
/// than −37 dBFS is sent in any case.
///
/// - Units: 16-bit samples; a description is of the level in −dBov, then reflection coefficients.
/// - Reference: RFC 3389 §3; `ComfortNoise` of the codecs is its other end.
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
public struct NoiseDescriber: Sendable {
    public enum Verdict: UInt8, Sendable {
        /// Send the packet.
        case voice
        /// Send a description in its place.
        case new
        /// Send nothing: the peer knows the noise.
        case known
    }

    /// Bytes of the longest description.
    public static var longest: Int { @_noLocks get { 1 &+ order } }
    private static var order: Int { @_noLocks get { 8 } }
    /// Pieces of 20 ms without a voice before a pause.
    private static var hangover: Int { @_noLocks get { 10 } }
    /// −45 dBFS; a voice is 8 dB above its noise.
    private static var highestFloor: Double { @_noLocks get { 33_954 } }
    private static var distance: Double { @_noLocks get { 6.3 } }
    /// −60 dBFS: what is softer is no voice.
    private static var softestVoice: Double { @_noLocks get { 1074 } }
    /// What is softer, −100 dBov, has no colour.
    private static var faintest: Int { @_noLocks get { 100 } }

    /// The power of the noise: falls to the softest 40 ms at once and rises by 1.5 dB a second, so that a sentence without
    /// a pause is no noise.
    private var floor = NoiseDescriber.highestFloor
    private var previous = 0.0
    private var power = 0.0
    private var samples = 0
    /// Pieces of 20 ms since somebody spoke; the first second of a call is listened to.
    private var quiet = -40
    /// Of the noise, for each sample, and the pieces it was learnt from.
    private var correlation = InlineArray<9, Double>(repeating: 0)
    private var learnt = 0.0
    /// Reflection coefficients of it.
    private var colour = InlineArray<8, Double>(repeating: 0)
    private var level = 127
    /// Negative: the peer was told nothing in this pause.
    private var toldLevel = -1
    private var millisecondsSinceTold = 0

    @_noLocks public init() {}

    /// Takes the next packet.
    @_noLocks public mutating func hear(_ sound: UnsafePointer<Int16>, count: Int, rate: Int) -> Verdict {
        let piece = rate / 50
        var place = 0
        var energy = 0.0
        while place < count {
            let part = min(count &- place, piece &- samples)
            let own = unsafe SampleMath.energy(sound.advanced(by: place), count: part)
            energy += own
            power += own
            samples &+= part
            place &+= part
            if samples < piece { continue }
            takePiece(power / Double(piece))
            power = 0
            samples = 0
        }
        // A voice that begins within a piece is heard at once.
        if learnt > 0 && energy / Double(max(1, count)) > max(correlation[0] * Self.distance, Self.softestVoice) {
            quiet = min(quiet, 0)
        }
        if quiet <= 0 {
            learnt = 0
        } else if quiet > 3 {
            unsafe learn(sound, count, of: piece)
        }
        if quiet < Self.hangover || learnt == 0 || !findColour() {
            toldLevel = -1
            return .voice
        }
        millisecondsSinceTold &+= count &* 1000 / rate
        let change = abs(level &- toldLevel)
        if toldLevel >= 0 && millisecondsSinceTold < (change >= 2 ? 100 : 1000) { return .known }
        toldLevel = level
        millisecondsSinceTold = 0
        return .new
    }

    /// 20 ms have this power.
    @_noLocks private mutating func takePiece(_ power: Double) {
        let smooth = (power + previous) / 2
        previous = power
        floor = smooth < floor ? smooth : min(Self.highestFloor, floor * 1.006_93)
        quiet = power > max(floor * Self.distance, Self.softestVoice) ? 0 : quiet &+ 1
    }

    /// Writes what `hear` called new.
    /// - Parameter payload: room for `longest` bytes.
    /// - Returns: bytes written.
    @_noLocks public func write(into payload: UnsafeMutablePointer<UInt8>) -> Int {
        unsafe payload[0] = UInt8(truncatingIfNeeded: level)
        if level >= Self.faintest { return 1 }
        var index = 0
        while index < Self.order {
            let steps = colour[index] * 32_768 / 258 + 127.5
            unsafe payload[index &+ 1] = UInt8(max(0, min(254, steps)))
            index &+= 1
        }
        return Self.longest
    }

    /// The first pieces count alike, then the newest counts a tenth.
    @_noLocks private mutating func learn(_ sound: UnsafePointer<Int16>, _ count: Int, of piece: Int) {
        let share = Double(count) / Double(piece)
        learnt = min(max(10, share), learnt + share)
        let weight = share / learnt
        var lag = 0
        while lag <= Self.order {
            var sum = 0.0
            var index = lag
            while index < count {
                sum += unsafe Double(sound[index]) * Double(sound[index &- lag])
                index &+= 1
            }
            // By the number of products: taken as equal, a tone would be smeared into noise.
            correlation[lag] += (sum / Double(max(1, count &- lag)) - correlation[lag]) * weight
            lag &+= 1
        }
    }

    /// Levinson and Durbin.
    /// - Returns: false for a tone.
    @_noLocks private mutating func findColour() -> Bool {
        level = Self.level(of: correlation[0])
        colour = InlineArray(repeating: 0)
        if level >= Self.faintest { return true }
        var filter = InlineArray<9, Double>(repeating: 0)
        filter[0] = 1
        let total = correlation[0] * 1.0005
        var error = total
        var step = 1
        while step <= Self.order && error > 0 {
            var sum = correlation[step]
            var index = 1
            while index < step {
                sum += filter[index] * correlation[step &- index]
                index &+= 1
            }
            let reflection = max(-0.99, min(0.99, 0 - sum / error))
            colour[step &- 1] = reflection
            let before = filter
            index = 1
            while index < step {
                filter[index] = before[index] + reflection * before[step &- index]
                index &+= 1
            }
            filter[step] = reflection
            error *= 1 - reflection * reflection
            step &+= 1
        }
        return error > total * 0.003
    }

    /// −10 log10 of a mean square against full scale, 0 to 127.
    @_noLocks private static func level(of power: Double) -> Int {
        // Half a decibel below full scale rounds to 1.
        var edge = 32_768.0 * 32_768 * 0.891_250_938_133_746
        var level = 0
        while level < 127 && power < edge {
            edge *= 0.794_328_234_724_281_5
            level &+= 1
        }
        return level
    }
}
