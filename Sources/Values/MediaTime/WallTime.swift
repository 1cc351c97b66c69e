/// Wall-clock time, used only on what leaves the box and for durable deadlines.
///
/// - Units: milliseconds since 1970-01-01T00:00:00Z.
/// - Reference: ISO 8601 with three decimals and `Z`, as every event and webhook carries it.
public struct WallTime: Hashable, Comparable, Sendable {
    public var milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (a: Self, b: Self) -> Bool { a.milliseconds < b.milliseconds }

    /// `2026-03-14T09:26:05.118Z`
    public var iso8601: String {
        let (days, dayMilliseconds) = milliseconds.flooredDivision(by: 86_400_000)
        let (year, month, day) = Self.civil(fromDays: days)
        let second = dayMilliseconds / 1000
        return Self.pad(year, 4) + "-" + Self.pad(month, 2) + "-" + Self.pad(day, 2) + "T"
            + Self.pad(second / 3600, 2) + ":" + Self.pad(second / 60 % 60, 2) + ":" + Self.pad(second % 60, 2) + "."
            + Self.pad(dayMilliseconds % 1000, 3) + "Z"
    }

    /// Reads `YYYY-MM-DDTHH:MM:SS[.fff][Z|±HH:MM]`; also a blank for `T` and a bare date. Nil when it is none of these.
    public init?(iso8601 text: String) {
        var reader = DigitReader(text)
        guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2), reader.skip("-"),
            let day = reader.number(2), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        var milliseconds = Self.days(fromYear: year, month: month, day: day) * 86_400_000
        if !reader.atEnd {
            guard reader.skip("T") || reader.skip("t") || reader.skip(" ") else { return nil }
            guard let hour = reader.number(2), reader.skip(":"), let minute = reader.number(2), hour < 25, minute < 60
            else { return nil }
            var second: Int64 = 0
            if reader.skip(":") {
                guard let value = reader.number(2), value < 61 else { return nil }
                second = value
            }
            milliseconds += (hour * 3600 + minute * 60 + second) * 1000
            if reader.skip(".") { milliseconds += reader.fractionMilliseconds() }
            if !reader.atEnd, !reader.skip("Z"), !reader.skip("z") {
                let east = reader.skip("+")
                guard east || reader.skip("-") else { return nil }
                guard let offsetHour = reader.number(2) else { return nil }
                _ = reader.skip(":")
                guard let offsetMinute = reader.number(2) else { return nil }
                let offset = (offsetHour * 60 + offsetMinute) * 60_000
                milliseconds -= east ? offset : -offset
            }
            guard reader.atEnd else { return nil }
        }
        self.init(milliseconds: milliseconds)
    }

    private static func pad(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return digits.count >= width ? digits : String(repeating: "0", count: width - digits.count) + digits
    }

    // Civil-from-days and back: proleptic Gregorian calendar counted from 0000-03-01, era of 400 years.
    private static func civil(fromDays days: Int64) -> (Int64, Int64, Int64) {
        let shifted = days + 719_468
        let (era, dayOfEra) = shifted.flooredDivision(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthIndex + 2) / 5 + 1)
    }

    private static func days(fromYear year: Int64, month: Int64, day: Int64) -> Int64 {
        let y = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = y.flooredDivision(by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}

extension Int64 {
    fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (q, r) = quotientAndRemainder(dividingBy: divisor)
        return r < 0 ? (q - 1, r + divisor) : (q, r)
    }
}

private struct DigitReader {
    private var rest: Substring.UTF8View
    init(_ text: String) { rest = text[...].utf8 }
    var atEnd: Bool { rest.isEmpty }
    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }
    mutating func number(_ digits: Int) -> Int64? {
        guard rest.count >= digits else { return nil }
        var value: Int64 = 0
        for byte in rest.prefix(digits) {
            guard (48...57).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - 48)
        }
        rest.removeFirst(digits)
        return value
    }
    mutating func fractionMilliseconds() -> Int64 {
        var value: Int64 = 0
        var scale: Int64 = 100
        while let byte = rest.first, (48...57).contains(byte) {
            value += Int64(byte - 48) * scale
            scale /= 10
            rest.removeFirst()
        }
        return value
    }
}
