/// Makes the background noise that a peer describes while it says nothing.
///
/// - Units: level in −dBov as on the wire; samples at the codec's rate.
/// - Reference: RFC 3389 §3 (level, then quantised reflection coefficients of a lattice filter).
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
public struct ComfortNoise: Sendable {
    /// Reflection coefficients used; a description may hold more, which shape nothing one would hear.
    private static var order: Int { @_noLocks get { 12 } }

    private var coefficients = InlineArray<12, Float>(repeating: 0)
    private var state = InlineArray<13, Float>(repeating: 0)
    /// Standard deviation of the noise wanted, and the one made now, which follows it within some 20 ms.
    private var wanted: Float = 0
    private var present: Float = 0
    /// What the filter makes of the energy that goes in.
    private var gain: Float = 1
    private var seed: UInt32 = 0x9E37_79B9

    /// The peer has described its noise, and no sound came since.
    public private(set) var isOn = false

    @_noLocks public init() {}

    /// Takes a payload over; an empty one says nothing and changes nothing.
    @_noLocks public mutating func describe(_ payload: UnsafePointer<UInt8>, count: Int) {
        if count < 1 { return }
        let level = unsafe payload[0] & 0x7F
        wanted = Self.deviation(level: Int(level))
        var energy: Float = 1
        var index = 0
        while index < 12 {
            var value: Float = 0
            if index &+ 1 < count {
                value = unsafe (Float(payload[index &+ 1]) - 127) * 258 / 32_768
                value = max(-0.98, min(0.98, value))
            }
            coefficients[index] = value
            energy *= 1 - value * value
            index &+= 1
        }
        gain = Self.root(max(0.001, energy))
        isOn = true
    }

    /// Sound has come.
    @_noLocks public mutating func stop() {
        isOn = false
        present = 0
    }

    /// Makes `count` samples; silence when nothing was described.
    @_noLocks public mutating func make(_ count: Int, into samples: UnsafeMutablePointer<Int16>) {
        var index = 0
        while index < count {
            if !isOn {
                unsafe samples[index] = 0
            } else {
                present += (wanted - present) * 0.005
                unsafe samples[index] = Int16(max(-32_768, min(32_767, filtered(noise() * present * gain))))
            }
            index &+= 1
        }
    }

    /// Square root of a number up to 1 by Newton's steps: the library's may not be called here.
    @_noLocks private static func root(_ value: Float) -> Float {
        var root: Float = 1
        var round = 0
        while round < 10 {
            root = (root + value / root) / 2
            round &+= 1
        }
        return root
    }

    /// White noise of unit variance: the sum of two even ones.
    @_noLocks private mutating func noise() -> Float {
        var sum: Float = 0
        var round = 0
        while round < 2 {
            seed = seed &* 1_664_525 &+ 1_013_904_223
            sum += Float(Int32(bitPattern: seed)) / 2_147_483_648
            round &+= 1
        }
        return sum * 1.224_744_9
    }

    /// The all-pole lattice.
    @_noLocks private mutating func filtered(_ input: Float) -> Float {
        var forward = input
        var index = Self.order
        while index > 0 {
            let coefficient = coefficients[index &- 1]
            forward -= coefficient * state[index &- 1]
            state[index] = state[index &- 1] + coefficient * forward
            index &-= 1
        }
        state[0] = forward
        return forward
    }

    /// 10^(−level / 20) of full scale.
    @_noLocks private static func deviation(level: Int) -> Float {
        var value: Float = 32_768
        var left = level
        while left >= 20 {
            value *= 0.1
            left &-= 20
        }
        while left > 0 {
            value *= 0.891_250_9
            left &-= 1
        }
        return value
    }
}
