import WireJSON

/// Scalars with the two coercions that SDKs need: numbers as decimal text and booleans as `"true"` or `"false"`
/// (ncco §1). Each returns nil after noting a fault.
extension Findings {
    mutating func flag(_ key: String, _ value: JSON) -> Bool? {
        switch value {
        case .bool(let flag): return flag
        case .string("true"): return true
        case .string("false"): return false
        default:
            fault(key, "must be a boolean")
            return nil
        }
    }

    mutating func whole(_ key: String, _ value: JSON, in range: ClosedRange<Int>) -> Int? {
        let number: Int?
        switch value {
        case .int, .double: number = value.int
        case .string(let text):
            guard let decimal = Self.decimal(text) else {
                fault(key, "must be an integer, not a number was given")
                return nil
            }
            number = Int(text) ?? Int(exactly: decimal)
        default: number = nil
        }
        guard let number else {
            fault(key, "must be an integer")
            return nil
        }
        guard range.contains(number) else {
            let limits = range.upperBound == .max ? "be \(range.lowerBound) or more" : "lie in \(Self.words(range))"
            fault(key, "must \(limits)")
            return nil
        }
        return number
    }

    mutating func number(_ key: String, _ value: JSON) -> Double? {
        switch value {
        case .int, .double:
            return value.double
        case .string(let text):
            if let number = Self.decimal(text) { return number }
            fault(key, "not a number")
        default:
            fault(key, "must be a number")
        }
        return nil
    }

    mutating func number(_ key: String, _ value: JSON, in range: ClosedRange<Double>) -> Double? {
        guard let number = number(key, value) else { return nil }
        guard range.contains(number) else {
            fault(key, "must lie in \(Self.words(range))")
            return nil
        }
        return number
    }

    mutating func text(_ key: String, _ value: JSON) -> String? {
        guard case .string(let text) = value else {
            fault(key, "must be a string")
            return nil
        }
        return text
    }

    mutating func nonEmptyText(_ key: String, _ value: JSON) -> String? {
        guard let text = text(key, value) else { return nil }
        guard !text.isEmpty else {
            fault(key, "must not be empty")
            return nil
        }
        return text
    }

    mutating func choice<Words>(_ key: String, _ value: JSON) -> Words?
    where Words: RawRepresentable & CaseIterable, Words.RawValue == String {
        if case .string(let text) = value, let word = Words(rawValue: text) { return word }
        fault(key, "must be " + Self.alternatives(Words.allCases.map(\.rawValue)))
        return nil
    }

    /// An option that knows one word only; true when it is that.
    mutating func onlyWord(_ word: String, _ key: String, _ value: JSON) -> Bool {
        if case .string(let text) = value, text == word { return true }
        fault(key, "must be \(word)")
        return false
    }

    mutating func object(_ key: String, _ value: JSON) -> JSONObject? {
        guard case .object(let object) = value else {
            fault(key, "must be an object")
            return nil
        }
        return object
    }

    mutating func texts(_ key: String, _ value: JSON, of what: String) -> [String]? {
        guard case .array(let items) = value else {
            fault(key, "must be an array of \(what)")
            return nil
        }
        var texts: [String] = []
        texts.reserveCapacity(items.count)
        for (index, item) in items.enumerated() {
            if case .string(let text) = item {
                texts.append(text)
            } else {
                within(key) { $0.fault("\(index)", "must be a string") }
            }
        }
        return texts.count == items.count ? texts : nil
    }

    /// A language tag; anything that is not shaped like one falls back to `fallback` with a warning (ncco §3.4).
    mutating func language(_ key: String, _ value: JSON, fallback: String) -> String {
        guard let text = text(key, value) else { return fallback }
        if Syntax.isLanguageTag(text) { return text }
        warn(key, "not a language tag, \(fallback) is used")
        return fallback
    }

    /// `-12.5` and the like; no exponent, sign `+`, blank or empty text.
    private static func decimal(_ text: String) -> Double? {
        var digits = 0
        var points = 0
        for (index, byte) in text.utf8.enumerated() {
            switch byte {
            case 48...57: digits += 1
            case UInt8(ascii: "-") where index == 0: break
            case UInt8(ascii: ".") where points == 0 && digits > 0: points += 1
            default: return nil
            }
        }
        guard digits > 0, text.utf8.last != UInt8(ascii: ".") else { return nil }
        return Double(text)
    }

    private static func words(_ range: ClosedRange<Int>) -> String { "\(range.lowerBound)..\(range.upperBound)" }

    private static func words(_ range: ClosedRange<Double>) -> String {
        func short(_ value: Double) -> String { Int(exactly: value).map(String.init) ?? "\(value)" }
        return "\(short(range.lowerBound))..\(short(range.upperBound))"
    }

    private static func alternatives(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }
}
