/// A JSON value that keeps member order, so that what leaves the box is byte for byte predictable.
///
/// - Units: numbers are kept as `int` when they are written without fraction and exponent and fit 64 bits.
/// - Reference: RFC 8259. Own code instead of Foundation: order of members, exact bytes for `payload_hash`
///   (contract voice-webhooks §8: compact, `/` unescaped, UTF-8) and the speed wanted of NCCO parsing.
public enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case array([JSON])
    case object(JSONObject)
}

/// The members of a JSON object in the order they were written.
///
/// Setting a key that exists keeps its place; setting `nil` removes it. Parsing keeps the last of duplicate keys.
public struct JSONObject: Hashable, Sendable {
    public private(set) var members: [(key: String, value: JSON)]

    public init() { members = [] }
    public init(_ members: [(String, JSON)]) {
        self.members = []
        self.members.reserveCapacity(members.count)
        for (key, value) in members { self[key] = value }
    }

    /// Members as they were parsed: of duplicate keys the first keeps its place and gets the last value.
    init(lastOfEach parsed: [(key: String, value: JSON)], areDistinct: Bool) {
        members = parsed
        if !areDistinct, hasDuplicates { removeDuplicates() }
    }

    private var hasDuplicates: Bool {
        // Few members are compared with each other; many (hostile input) through an index, so that it stays linear.
        guard members.count <= 16 else { return Set(members.lazy.map(\.key)).count < members.count }
        return members.indices.contains { index in members[..<index].contains { $0.key == members[index].key } }
    }

    private mutating func removeDuplicates() {
        var places: [String: Int] = [:]
        var unique: [(key: String, value: JSON)] = []
        for member in members {
            if let place = places[member.key] {
                unique[place].value = member.value
            } else {
                places[member.key] = unique.count
                unique.append(member)
            }
        }
        members = unique
    }

    public var isEmpty: Bool { members.isEmpty }
    public var count: Int { members.count }
    public var keys: [String] { members.map(\.key) }

    public subscript(key: String) -> JSON? {
        get { members.first { $0.key == key }?.value }
        set {
            if let index = members.firstIndex(where: { $0.key == key }) {
                if let newValue { members[index].value = newValue } else { members.remove(at: index) }
            } else if let newValue {
                members.append((key, newValue))
            }
        }
    }

    public static func == (a: Self, b: Self) -> Bool {
        a.members.count == b.members.count && a.members.allSatisfy { b[$0.key] == $0.value }
    }

    public func hash(into hasher: inout Hasher) {
        // Equality ignores order, so the hash must too.
        var sum = 0
        for (key, value) in members {
            var one = Hasher()
            one.combine(key)
            one.combine(value)
            sum &+= one.finalize()
        }
        hasher.combine(sum)
    }
}

extension JSON {
    public subscript(key: String) -> JSON? {
        if case .object(let object) = self { return object[key] }
        return nil
    }
    public subscript(index: Int) -> JSON? {
        if case .array(let items) = self, items.indices.contains(index) { return items[index] }
        return nil
    }
    public var string: String? {
        if case .string(let text) = self { return text }
        return nil
    }
    public var bool: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }
    /// The number when it is whole, also when it was written as `2.0`.
    public var int: Int? {
        switch self {
        case .int(let value): return Int(value)
        case .double(let value): return Int(exactly: value)
        default: return nil
        }
    }
    public var double: Double? {
        switch self {
        case .int(let value): return Double(value)
        case .double(let value): return value
        default: return nil
        }
    }
    public var array: [JSON]? {
        if case .array(let items) = self { return items }
        return nil
    }
    public var object: JSONObject? {
        if case .object(let object) = self { return object }
        return nil
    }
    public var isNull: Bool { self == .null }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(JSONObject(elements)) }
}

extension JSON {
    public init(_ text: String?) { self = text.map { .string($0) } ?? .null }
    public init(_ value: Int) { self = .int(Int64(value)) }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }
}
