/// Tells most objects whose member names all differ, without comparing them: no two fell into the same of 64 places.
struct NameSieve {
    private(set) var areDistinct = true
    private var taken: UInt64 = 0

    /// - Parameter name: nil when its bytes do not tell it apart (escapes, more than ASCII): then nothing is known.
    @inline(__always)
    mutating func pass(_ name: Span<UInt8>?) {
        guard let name, !name.isEmpty else {
            areDistinct = false
            return
        }
        let place =
            name.count &* 7 &+ Int(name[0]) &* 5 &+ Int(name[name.count / 2]) &* 3 &+ Int(name[name.count - 1])
        let bit = 1 as UInt64 &<< UInt64(truncatingIfNeeded: place)
        areDistinct = areDistinct && taken & bit == 0
        taken |= bit
    }
}
