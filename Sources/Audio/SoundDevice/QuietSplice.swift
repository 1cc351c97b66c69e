/// Takes samples out of a pause, or puts some in, with a cross-fade that nobody hears.
///
/// - Units: 16-bit samples at 48 kHz.
/// - Threading: any; allocates nothing.
enum QuietSplice {
    /// 2.5 ms.
    static var fade: Int { @_noLocks get { 120 } }
    /// Most samples left out of, or put into, one block.
    @_noLocks static func most(of count: Int) -> Int { max(0, count &- fade) / 2 }

    /// A pause: -50 dBFS root mean square or less, which is below any speech and includes a line's noise.
    @_noLocks static func isQuiet(_ samples: UnsafePointer<Int16>, count: Int) -> Bool {
        var sum = 0
        for index in 0..<count {
            let value = Int(unsafe samples[index])
            sum &+= value &* value
        }
        return sum <= 10_700 &* count
    }

    /// Leaves `samples` out of the middle of a block, in place.
    /// - Returns: samples that are left.
    @_noLocks static func shorten(_ block: UnsafeMutablePointer<Int16>, count: Int, by samples: Int) -> Int {
        let cut = min(samples, most(of: count))
        if cut <= 0 { return count }
        let kept = count &- cut
        let begin = (kept &- fade) / 2
        for index in 0..<fade {
            let old = Int(unsafe block[begin &+ index])
            let new = Int(unsafe block[begin &+ index &+ cut])
            unsafe block[begin &+ index] = Int16(truncatingIfNeeded: (old &* (fade &- index) &+ new &* index) / fade)
        }
        for index in (begin &+ fade)..<kept { unsafe block[index] = unsafe block[index &+ cut] }
        return kept
    }

    /// Repeats `samples` of a block's middle, in place; there must be room for them behind it.
    /// - Returns: samples that there are now.
    @_noLocks static func lengthen(_ block: UnsafeMutablePointer<Int16>, count: Int, by samples: Int) -> Int {
        let added = min(samples, most(of: count))
        if added <= 0 { return count }
        // The block goes on from `from` once it has come to `from + added`, so both sides of the seam are known.
        let from = (count &- fade &- added) / 2
        var index = count &- 1
        while index >= from &+ fade {
            unsafe block[index &+ added] = unsafe block[index]
            index &-= 1
        }
        // What was at `from + added` fades into what was at `from`; backwards, as the two may overlap.
        index = fade &- 1
        while index >= 0 {
            let new = Int(unsafe block[from &+ index])
            let old = Int(unsafe block[from &+ added &+ index])
            unsafe block[from &+ added &+ index] = Int16(
                truncatingIfNeeded: (old &* (fade &- index) &+ new &* index) / fade)
            index &-= 1
        }
        return count &+ added
    }
}
