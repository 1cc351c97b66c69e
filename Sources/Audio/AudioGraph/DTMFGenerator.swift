/// Sends keys as sound, to peers that have no telephone-events: 100 ms on, 100 ms off, `p` a pause of 500 ms.
///
/// - Units: samples at the rate of each call; the two tones are −14 and −12 dBFS.
/// - Reference: ITU-T Q.23; the times are those of `contract/sip-interworking.md` §4.
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
public struct DTMFGenerator: Sendable {
    private var queue = InlineArray<64, UInt8>(repeating: 0)
    private var head = 0
    private var count = 0
    /// ASCII; 0: idle.
    private var current: UInt8 = 0
    /// Samples of the current key and its gap that are done.
    private var done = 0
    private var low = Oscillator()
    private var high = Oscillator()

    private struct Oscillator: Sendable {
        private var coefficient: Float = 0
        private var last: Float = 0
        private var before: Float = 0

        @_noLocks init() {}

        @_noLocks mutating func start(hertz: Float, amplitude: Float, rate: Int) {
            let cosine = DTMFTones.cosine(turns: hertz / Float(rate))
            coefficient = 2 * cosine
            // A cosine from zero on; the ramp takes its step away.
            last = amplitude * cosine
            before = amplitude
        }

        @_noLocks mutating func next() -> Float {
            let value = before
            before = last
            last = coefficient * last - value
            return value
        }
    }

    @_noLocks public init() {}

    public var isIdle: Bool {
        @_noLocks get { current == 0 && count == 0 }
    }

    /// - Returns: false when it is no key and no `p`, or the queue is full.
    @_noLocks public mutating func enqueue(_ digit: UInt8) -> Bool {
        let isPause = digit == 0x70 || digit == 0x50
        if !isPause && DTMFTones.place(ofKey: digit) == nil { return false }
        if count >= 64 { return false }
        queue[(head &+ count) & 63] = isPause ? 0x70 : digit
        count &+= 1
        return true
    }

    /// Puts tones in place of the sound while a key is down; pauses and gaps leave it as it is.
    @_noLocks public mutating func render(into samples: UnsafeMutablePointer<Int16>, count total: Int, rate: Int) {
        var index = 0
        while index < total {
            if current == 0 && !begin(rate) { return }
            let isPause = current == 0x70
            let on = isPause ? 0 : rate / 10
            if done < on {
                let ramp = rate / 400
                let edge = min(done, on &- 1 &- done)
                let level = edge < ramp ? Float(edge) / Float(ramp) : 1
                unsafe samples[index] = Int16((low.next() + high.next()) * level)
            }
            done &+= 1
            index &+= 1
            if done >= (isPause ? rate / 2 : rate / 5) { current = 0 }
        }
    }

    @_noLocks private mutating func begin(_ rate: Int) -> Bool {
        if count == 0 { return false }
        current = queue[head]
        head = (head &+ 1) & 63
        count &-= 1
        done = 0
        if let place = DTMFTones.place(ofKey: current) {
            low.start(hertz: DTMFTones.frequency(place.row), amplitude: 6500, rate: rate)
            high.start(hertz: DTMFTones.frequency(place.column &+ 4), amplitude: 8200, rate: rate)
        }
        return true
    }
}
