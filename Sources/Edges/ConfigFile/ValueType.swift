import CallModel
import EdgeProtocols
import MediaTime

/// How one kind of scalar is read from text and written back.
struct ValueType<Value: Sendable & Equatable>: Sendable {
    /// Shown in documentation and faults: `address`, `integer 1…64`.
    var description: String
    /// The value, or nil when the text is none; the fault then reads `expected <description>`.
    var parse: @Sendable (String) -> Value?
    /// As it would be written in the file, before quoting.
    var print: @Sendable (Value) -> String
    /// Names a file that must be readable; relative to the configuration file.
    var isFile = false
}

extension ValueType where Value == String {
    static var text: Self { Self(description: "text", parse: { $0.isEmpty ? nil : $0 }, print: { $0 }) }
    static var file: Self { Self(description: "file", parse: { $0.isEmpty ? nil : $0 }, print: { $0 }, isFile: true) }
    /// An http or https URL.
    static var webURL: Self {
        Self(
            description: "http or https URL",
            parse: { text in
                let schemes = ["http://", "https://"]
                guard let scheme = schemes.first(where: { text.lowercased().hasPrefix($0) }) else { return nil }
                let rest = text.dropFirst(scheme.count)
                guard let first = rest.first, first != "/", first != ":" else { return nil }
                return text.contains(where: \.isWhitespace) ? nil : text
            }, print: { $0 })
    }
    static var sipURI: Self {
        Self(
            description: "sip: or sips: URI",
            parse: { text in
                let lower = text.lowercased()
                guard lower.hasPrefix("sip:") || lower.hasPrefix("sips:"), !text.hasSuffix(":"),
                    !text.contains(where: \.isWhitespace)
                else { return nil }
                return text
            }, print: { $0 })
    }
    static var uuid: Self {
        Self(description: "UUID", parse: { isUUID($0) ? $0.lowercased() : nil }, print: { $0 })
    }

    /// An IPv4 or IPv6 address, or a network `address/bits`.
    static var network: Self {
        Self(description: "address or network address/bits", parse: { isNetwork($0) ? $0 : nil }, print: { $0 })
    }

    static func isUUID(_ text: String) -> Bool {
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        return groups.map(\.count) == [8, 4, 4, 4, 12] && groups.allSatisfy { $0.allSatisfy(\.isHexDigit) }
    }
}

extension ValueType where Value == Int? {
    /// A level of a mixer's control; nil: off.
    static var level: Self {
        Self(
            description: "0%…100% or off",
            parse: { text in
                if text == "off" { return .some(nil) }
                guard text.hasSuffix("%"), let percent = Int(text.dropLast()), (0...100).contains(percent) else {
                    return nil
                }
                return percent
            }, print: { $0.map { "\($0)%" } ?? "off" })
    }
}

extension ValueType where Value == Bool {
    static var flag: Self {
        Self(
            description: "true or false",
            parse: { text in
                switch text.lowercased() {
                case "true", "yes", "on": true
                case "false", "no", "off": false
                default: nil
                }
            }, print: { $0 ? "true" : "false" })
    }
}

extension ValueType where Value == Int {
    static func integer(_ range: ClosedRange<Int>, unit: String = "") -> Self {
        let words = "integer \(range.lowerBound)…\(range.upperBound)" + (unit.isEmpty ? "" : " \(unit)")
        return Self(
            description: words,
            parse: { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }, print: { String($0) })
    }

    /// Bytes, written with KiB, MiB or GiB where it fits.
    static func size(_ range: ClosedRange<Int>) -> Self {
        let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        let print: @Sendable (Int) -> String = { value in
            for (name, factor) in units where value >= factor && value.isMultiple(of: factor) {
                return "\(value / factor)\(name)"
            }
            return String(value)
        }
        return Self(
            description: "size \(print(range.lowerBound))…\(print(range.upperBound))",
            parse: { text in
                let unit = units.first { text.hasSuffix($0.0) }
                let digits = text.dropLast(unit?.0.count ?? 0)
                guard let number = Int(digits.trimmingBlanks) else { return nil }
                let (value, overflow) = number.multipliedReportingOverflow(by: unit?.1 ?? 1)
                return !overflow && range.contains(value) ? value : nil
            }, print: print)
    }
}

extension ValueType where Value == Duration {
    /// Units a duration may be written in, longest first.
    private static var units: [(String, Duration)] {
        [
            ("d", .seconds(86_400)), ("h", .seconds(3600)), ("m", .seconds(60)), ("s", .seconds(1)),
            ("ms", .milliseconds(1)), ("us", .microseconds(1)),
        ]
    }

    private static func text(_ value: Duration) -> String {
        for (name, unit) in units where value >= unit {
            let count = value.wholeNanoseconds / unit.wholeNanoseconds
            if unit * count == value { return "\(count)\(name)" }
        }
        return "0s"
    }

    /// A whole number with its unit: `250ms`, `12s`, `7d`.
    static func duration(_ range: ClosedRange<Duration>) -> Self {
        Self(
            description: "duration \(text(range.lowerBound))…\(text(range.upperBound))",
            parse: { text in
                let digits = text.prefix { $0.isASCII && $0.isNumber }
                let name = text.dropFirst(digits.count).trimmingBlanks
                guard let count = Int64(digits), let unit = units.first(where: { $0.0 == name })?.1,
                    count <= 1_000_000_000
                else { return nil }
                let value = unit * count
                return range.contains(value) ? value : nil
            }, print: { text($0) })
    }
}

extension ValueType where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    static var choice: Self { choice(of: Array(Value.allCases)) }
}

extension ValueType where Value: RawRepresentable, Value.RawValue == String {
    /// One of a closed set of words.
    static func choice(of cases: [Value]) -> Self {
        Self(
            description: cases.map(\.rawValue).joined(separator: " | "),
            parse: { text in cases.first { $0.rawValue.lowercased() == text.lowercased() } }, print: { $0.rawValue })
    }
}

extension ValueType where Value == NetworkAddress {
    /// `host:port`, IPv6 in brackets.
    static var address: Self {
        Self(
            description: "address host:port",
            parse: { text in
                guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
                    return nil
                }
                var host = text[..<colon]
                if host.hasPrefix("["), host.hasSuffix("]") {
                    host = host.dropFirst().dropLast()
                } else if host.contains(":") {
                    return nil
                }
                guard !host.isEmpty, !host.contains(where: \.isWhitespace) else { return nil }
                return NetworkAddress(host: String(host), port: port)
            }, print: { $0.description })
    }
}

extension ValueType where Value == PortRange {
    /// `first-last`, at least two ports.
    static var ports: Self {
        Self(
            description: "port range first-last",
            parse: { text in
                let ends = text.split(separator: "-", omittingEmptySubsequences: false).map {
                    UInt16($0.trimmingBlanks)
                }
                guard ends.count == 2, let first = ends[0], let last = ends[1], first > 0, first < last else {
                    return nil
                }
                return PortRange(first: first, last: last)
            }, print: { "\($0.first)-\($0.last)" })
    }
}

extension StringProtocol {
    var trimmingBlanks: String {
        var rest = Substring(self)
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
