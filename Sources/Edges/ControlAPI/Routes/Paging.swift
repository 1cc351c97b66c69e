import MediaTime
import WireJSON
import Tokens

/// Query of a cursor list (conversation-api §6): `page_size`, `order`, `cursor`.
struct Paging: Sendable {
    var size: Int
    var isDescending: Bool
    /// Where to go on: what the list put into `next`.
    var cursor: [String]?
    private var cursorText: String?

    /// - Fails with: 400 naming each bad parameter.
    init(_ request: APIRequest, sizeLimit: Int, defaultSize: Int = 10, cursorFields: Int) throws(Problem) {
        var reader = QueryReader(request.query)
        size = reader.number("page_size", in: 1...sizeLimit) ?? defaultSize
        isDescending = reader.isDescending()
        cursorText = request.query["cursor"]
        if let cursorText {
            if let fields = Self.decode(cursorText), fields.count == cursorFields + 1,
                fields[0] == (isDescending ? "desc" : "asc")
            {
                cursor = Array(fields.dropFirst())
            } else {
                reader.fault("cursor", "is not a cursor of this list")
            }
        }
        try reader.finish()
    }

    /// `{page_size, _embedded: {name: items}, _links}`; `next` is absent on the last page.
    func page(_ name: String, _ items: [JSON], next: [String]?, _ request: APIRequest, filters: [String]) -> JSON {
        // `page_size` comes first: JS clients cannot read a cursor that follows the question mark.
        var query = [("page_size", String(size)), ("order", order)]
        for filter in filters {
            if let value = request.query[filter] { query.append((filter, value)) }
        }
        let path = request.path.text
        var links = JSONObject()
        links["first"] = ["href": .string(request.link(path, query))]
        let here = cursorText.map { query + [("cursor", $0)] } ?? query
        links["self"] = ["href": .string(request.link(path, here))]
        if let next {
            let there = query + [("cursor", Self.encode([order] + next))]
            links["next"] = ["href": .string(request.link(path, there))]
        }
        return [
            "page_size": JSON(size), "_embedded": .object(JSONObject([(name, .array(items))])),
            "_links": .object(links),
        ]
    }

    private var order: String { isDescending ? "desc" : "asc" }

    /// Hexadecimal, so that it is safe in a URL and opaque to a reader.
    static func encode(_ fields: [String]) -> String {
        fields.joined(separator: "|").utf8.map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    static func decode(_ text: String) -> [String]? {
        guard text.utf8.count <= 400, text.utf8.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while !rest.isEmpty {
            guard let byte = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else { return nil }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)?
            .split(separator: "|", omittingEmptySubsequences: false).map(String.init)
    }
}

/// Reads typed query parameters and gathers what is wrong with them.
struct QueryReader {
    private let query: Query
    private var faults: [Problem.InvalidParameter] = []

    init(_ query: Query) { self.query = query }

    mutating func fault(_ name: String, _ reason: String) {
        faults.append(Problem.InvalidParameter(name: name, reason: reason))
    }

    mutating func number(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let text = query[name] else { return nil }
        guard let value = Int(text), range.contains(value) else {
            let upper =
                range.upperBound == .max ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
            fault(name, "must be a whole number, \(upper)")
            return nil
        }
        return value
    }

    mutating func isDescending() -> Bool {
        switch query["order"]?.lowercased() {
        case nil, "asc": return false
        case "desc": return true
        case .some:
            fault("order", "must be asc or desc")
            return false
        }
    }

    mutating func time(_ name: String) -> WallTime? {
        guard let text = query[name] else { return nil }
        // A plus that was not escaped arrives as a blank.
        let repaired = text.split(separator: " ").count > 1 ? text.replacing(" ", with: "+") : text
        guard let time = WallTime(iso8601: text) ?? WallTime(iso8601: repaired) else {
            fault(name, "must be a time such as 2026-03-14T09:26:05Z")
            return nil
        }
        return time
    }

    /// - Fails with: 400 naming each bad parameter.
    func finish() throws(Problem) {
        if !faults.isEmpty { throw .invalid(faults) }
    }
}
