/// The pairs of tones of the sixteen keys.
///
/// - Reference: ITU-T Q.23.
enum DTMFTones {
    /// Hertz; 0 to 3 the low group (rows), 4 to 7 the high one (columns).
    @_noLocks static func frequency(_ place: Int) -> Float {
        switch place {
        case 0: 697
        case 1: 770
        case 2: 852
        case 3: 941
        case 4: 1209
        case 5: 1336
        case 6: 1477
        default: 1633
        }
    }

    /// ASCII of the key in a row and a column.
    @_noLocks static func key(row: Int, column: Int) -> UInt8 {
        if column == 3 { return 65 &+ UInt8(truncatingIfNeeded: row) }
        if row < 3 { return 49 &+ UInt8(truncatingIfNeeded: row &* 3 &+ column) }
        return column == 0 ? 42 : column == 1 ? 48 : 35
    }

    /// Row and column of an ASCII key (`a` to `d` too); nil for others.
    @_noLocks static func place(ofKey key: UInt8) -> (row: Int, column: Int)? {
        switch key {
        case 49...57: (Int(key &- 49) / 3, Int(key &- 49) % 3)
        case 42: (3, 0)
        case 48: (3, 1)
        case 35: (3, 2)
        case 65...68: (Int(key &- 65), 3)
        case 97...100: (Int(key &- 97), 3)
        default: nil
        }
    }

    /// Cosine of 2π × `turns`, for less than half a turn: the library's may not be called on a media thread.
    @_noLocks static func cosine(turns: Float) -> Float {
        let x = turns * 6.283_185_3
        let square = x * x
        var sum: Float = 1
        var term: Float = 1
        var index: Float = 1
        while index < 20 {
            term *= 0 - square / (index * (index + 1))
            sum += term
            index += 2
        }
        return sum
    }
}
