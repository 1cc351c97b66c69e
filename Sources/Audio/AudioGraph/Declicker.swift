/// Takes the step out of a signal whose source has changed: what comes next starts where the last sample was and the
/// difference dies away within 5 ms.
///
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
public struct Declicker: Sendable {
    private var last: Int32
    private var isArmed: Bool
    private var offset: Int32
    private var remaining: Int32
    private var length: Int32

    @_noLocks public init() {
        last = 0
        isArmed = false
        offset = 0
        remaining = 0
        length = 1
    }

    /// The next samples come from another source.
    @_noLocks public mutating func arm() { isArmed = true }

    /// - Parameter rate: samples per second of this run.
    @_noLocks public mutating func run(_ samples: UnsafeMutablePointer<Int16>, count: Int, rate: Int) {
        if count <= 0 { return }
        if isArmed {
            isArmed = false
            offset = last &- Int32(unsafe samples[0])
            length = Int32(truncatingIfNeeded: rate / 200)
            remaining = length
        }
        var index = 0
        while remaining > 0 && index < count {
            let shifted = unsafe Int32(samples[index]) &+ offset &* remaining / length
            unsafe samples[index] = SampleMath.clip(shifted)
            remaining &-= 1
            index &+= 1
        }
        last = Int32(unsafe samples[count &- 1])
    }
}
