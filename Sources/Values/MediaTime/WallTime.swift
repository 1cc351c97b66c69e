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
        var text: [UInt8] = []
        text.reserveCapacity(24)
        Self.append(year, 4, to: &text)
        for (separator, value, digits) in [
            ("-", month, 2), ("-", day, 2), ("T", second / 3600, 2), (":", second / 60 % 60, 2), (":", second % 60, 2),
            (".", dayMilliseconds % 1000, 3),
        ] as [(Unicode.Scalar, Int64, Int)] {
            text.append(UInt8(ascii: separator))
            Self.append(value, digits, to: &text)
        }
        text.append(UInt8(ascii: "Z"))
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads `YYYY-MM-DDTHH:MM:SS[.fff][Z|±HH:MM]`; also a blank for `T` and a bare date. Nil when it is none of these.
    public init?(iso8601 text: String) {
        var reader = DigitReader(text)
        guard let date = Self.date(&reader) else { return nil }
        guard !reader.atEnd else {
            self.init(milliseconds: date)
            return
        }
        guard reader.skip("T") || reader.skip("t") || reader.skip(" "), let time = Self.timeOfDay(&reader),
            let offset = Self.offset(&reader), reader.atEnd
        else { return nil }
        self.init(milliseconds: date + time - offset)
    }

    /// Milliseconds from 1970 to the start of the date.
    private static func date(_ reader: inout DigitReader) -> Int64? {
        guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2), reader.skip("-"),
            let day = reader.number(2), (1...12).contains(month), day >= 1
        else { return nil }
        let start = days(fromYear: year, month: month, day: 1)
        let nextMonth =
            month == 12 ? days(fromYear: year + 1, month: 1, day: 1) : days(fromYear: year, month: month + 1, day: 1)
        guard day <= nextMonth - start else { return nil }
        return (start + day - 1) * 86_400_000
    }

    /// Milliseconds of `HH:MM[:SS[.fff]]`; 24:00 and a leap second count on into the next day or minute.
    private static func timeOfDay(_ reader: inout DigitReader) -> Int64? {
        guard let hour = reader.number(2), reader.skip(":"), let minute = reader.number(2), hour <= 24, minute < 60
        else {
            return nil
        }
        var milliseconds = (hour * 3600 + minute * 60) * 1000
        if reader.skip(":") {
            guard let second = reader.number(2), second <= 60 else { return nil }
            milliseconds += second * 1000
            if reader.skip(".") {
                guard let fraction = reader.fractionMilliseconds() else { return nil }
                milliseconds += fraction
            }
        }
        return hour == 24 && milliseconds != 86_400_000 ? nil : milliseconds
    }

    /// Milliseconds east of UTC; UTC when nothing is said.
    private static func offset(_ reader: inout DigitReader) -> Int64? {
        if reader.atEnd || reader.skip("Z") || reader.skip("z") { return 0 }
        let isEast = reader.skip("+")
        guard isEast || reader.skip("-"), let hour = reader.number(2), hour < 24 else { return nil }
        _ = reader.skip(":")
        guard let minute = reader.number(2), minute < 60 else { return nil }
        let offset = (hour * 60 + minute) * 60_000
        return isEast ? offset : -offset
    }

    /// At least `digits` digits.
    private static func append(_ value: Int64, _ digits: Int, to text: inout [UInt8]) {
        var scale: Int64 = 1
        for _ in 1..<digits { scale *= 10 }
        guard (0..<scale * 10).contains(value) else { return text.append(contentsOf: String(value).utf8) }
        while scale > 0 {
            text.append(48 + UInt8(value / scale % 10))
            scale /= 10
        }
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
    /// One or more digits; those below the millisecond are dropped.
    mutating func fractionMilliseconds() -> Int64? {
        guard let first = rest.first, (48...57).contains(first) else { return nil }
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
