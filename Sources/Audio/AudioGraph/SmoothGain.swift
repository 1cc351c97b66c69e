/// Moves the loudness of what somebody hears to where it shall be, slowly enough not to be heard as a cut: voices under a
/// prompt, the volume of a member.
///
/// - Units: gains, 1 is as it came; down by 10 a second, up by 2 a second.
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
public struct SmoothGain: Sendable {
    /// Where it is now.
    public private(set) var gain: Float

    @_noLocks public init() { gain = 1 }

    /// - Parameter target: where it shall be.
    @_noLocks public mutating func move(
        _ sum: UnsafeMutablePointer<Int32>, count: Int, rate: Int, to target: Float
    ) {
        if gain == 1 && target == 1 { return }
        let seconds = Float(count) / Float(rate)
        let end = target < gain ? max(target, gain - seconds * 10) : min(target, gain + seconds * 2)
        let step = (end - gain) / Float(max(1, count))
        var index = 0
        while index < count {
            gain += step
            unsafe sum[index] = Int32(Float(sum[index]) * gain)
            index &+= 1
        }
        gain = end
    }
}
