/// Hears keys in the sound itself, where a peer has no telephone-events.
///
/// Blocks of 12.75 ms through eight Goertzel filters. A key counts when in two blocks running one tone of each group
/// stands 8 dB above its neighbours, the two are as loud as each other within 8 dB (high group louder: 4 dB), and next to
/// nothing else is in the sound: a voice has more than two tones (talk-off). It ends with three blocks without it.
///
/// - Units: samples at the rate given to `init`, a multiple of 8 000; durations in milliseconds.
/// - Reference: ITU-T Q.24 (40 ms are a key, 23 ms are none; frequencies within 1.5 % are, beyond 3.5 % are none).
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
public struct DTMFDetector: Sendable {
    /// A key that was let go.
    public struct Key: Sendable {
        /// ASCII.
        public var digit: UInt8
        public var milliseconds: Int
        @_noLocks init(digit: UInt8, milliseconds: Int) {
            self.digit = digit
            self.milliseconds = milliseconds
        }
    }

    private static var block: Int { @_noLocks get { 102 } }

    private let scale: Int
    private var coefficients = InlineArray<8, Float>(repeating: 0)
    private var first = InlineArray<8, Float>(repeating: 0)
    private var second = InlineArray<8, Float>(repeating: 0)
    private var energy: Float = 0
    private var count = 0
    /// Samples summed up to one at 8 000 a second.
    private var gathered: Float = 0
    private var gatheredCount = 0
    /// What the last block held (0: no key), what is pressed, for how many blocks, and blocks without it.
    private var last: UInt8 = 0
    private var pressed: UInt8 = 0
    private var held = 0
    private var missed = 0

    @_noLocks public init(rate: Int) {
        scale = max(1, rate / 8000)
        var place = 0
        while place < 8 {
            coefficients[place] = 2 * DTMFTones.cosine(turns: DTMFTones.frequency(place) / 8000)
            place &+= 1
        }
    }

    /// - Returns: the key that ended within these samples, if any; more than one cannot within 40 ms.
    @_noLocks public mutating func hear(_ samples: UnsafePointer<Int16>, count total: Int) -> Key? {
        var ended: Key?
        var index = 0
        while index < total {
            gathered += Float(unsafe samples[index])
            gatheredCount &+= 1
            index &+= 1
            if gatheredCount < scale { continue }
            take(gathered / Float(scale))
            gathered = 0
            gatheredCount = 0
            if count == Self.block, let key = finishBlock() { ended = key }
        }
        return ended
    }

    @_noLocks private mutating func take(_ sample: Float) {
        energy += sample * sample
        var place = 0
        while place < 8 {
            let next = coefficients[place] * first[place] - second[place] + sample
            second[place] = first[place]
            first[place] = next
            place &+= 1
        }
        count &+= 1
    }

    @_noLocks private mutating func finishBlock() -> Key? {
        let found = judge()
        count = 0
        energy = 0
        first = InlineArray(repeating: 0)
        second = InlineArray(repeating: 0)
        defer { last = found }
        if pressed != 0 {
            if found == pressed {
                held &+= 1 &+ missed
                missed = 0
                return nil
            }
            missed &+= 1
            if missed < 3 { return nil }
            let key = Key(digit: pressed, milliseconds: held &* 51 / 4)
            pressed = 0
            // The next key may have begun in the block before.
            if found != 0 && found == last { press(found) }
            return key
        }
        if found != 0 && found == last { press(found) }
        return nil
    }

    @_noLocks private mutating func press(_ key: UInt8) {
        pressed = key
        held = 2
        missed = 0
    }

    /// The key that this block holds; 0: none.
    @_noLocks private func judge() -> UInt8 {
        // Below -42 dBFS nobody presses a key.
        if energy < Float(Self.block) * 70_000 / 2 { return 0 }
        var powers = InlineArray<8, Float>(repeating: 0)
        var row = 0
        var column = 4
        var place = 0
        while place < 8 {
            let (a, b) = (first[place], second[place])
            powers[place] = a * a + b * b - coefficients[place] * a * b
            if place < 4 && powers[place] > powers[row] { row = place }
            if place >= 4 && powers[place] > powers[column] { column = place }
            place &+= 1
        }
        let (low, high) = (powers[row], powers[column])
        if high > low * 2.51 || low > high * 6.31 { return 0 }
        place = 0
        while place < 8 {
            let own = place < 4 ? low : high
            if place != row && place != column && powers[place] * 6.31 > own { return 0 }
            place &+= 1
        }
        // The two tones alone would be half the block's length times its energy.
        if low + high < 0.8 * energy * Float(Self.block) / 2 { return 0 }
        return DTMFTones.key(row: row, column: column &- 4)
    }
}
