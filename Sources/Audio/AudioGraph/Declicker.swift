/// Takes the step out of a signal whose source may have changed: what comes next starts where the last sample was and
/// the difference dies away within 5 ms. A signal that simply goes on is left alone.
///
/// - Threading: one media worker owns it; allocates nothing, takes no lock.
public struct Declicker: Sendable {
    /// A step smaller than that (-38 dBFS) from where the signal was heading is no seam.
    private static var audible: Int32 { @_noLocks get { 400 } }

    /// The three newest samples, the last one first.
    private var last: Int32
    private var second: Int32
    private var third: Int32
    private var isArmed: Bool
    private var offset: Int32
    private var remaining: Int32
    private var length: Int32

    @_noLocks public init() {
        last = 0
        second = 0
        third = 0
        isArmed = false
        offset = 0
        remaining = 0
        length = 1
    }

    /// The next samples may come from another source.
    @_noLocks public mutating func arm() { isArmed = true }

    /// - Parameter rate: samples per second of this run.
    /// - Returns: true when a difference dies away in them: they are no silence, whatever came in.
    @discardableResult
    @_noLocks public mutating func run(_ samples: UnsafeMutablePointer<Int16>, count: Int, rate: Int) -> Bool {
        if count < 3 { return false }
        if isArmed {
            isArmed = false
            let first = Int32(unsafe samples[0])
            if !goesOn(with: first) {
                offset = last &- first
                length = Int32(truncatingIfNeeded: rate / 200)
                remaining = length
            }
        }
        let isSounding = remaining > 0
        var index = 0
        while remaining > 0 && index < count {
            let shifted = unsafe Int32(samples[index]) &+ offset &* remaining / length
            unsafe samples[index] = SampleMath.clip(shifted)
            remaining &-= 1
            index &+= 1
        }
        last = Int32(unsafe samples[count &- 1])
        second = Int32(unsafe samples[count &- 2])
        third = Int32(unsafe samples[count &- 3])
        return isSounding
    }

    /// The sample lies where the last ones were heading: level, on a line, or on a curve.
    @_noLocks private func goesOn(with first: Int32) -> Bool {
        let line = 2 &* last &- second
        let curve = 3 &* last &- 3 &* second &+ third
        return abs(first &- last) < Self.audible || abs(first &- line) < Self.audible
            || abs(first &- curve) < Self.audible
    }
}
