import WireJSON

/// Puts faults in the order in which their values stand in the document.
///
/// A fault of a container comes before those of its members; a missing member comes after those that are there.
enum DocumentOrder {
    static func sorted(_ faults: [ScriptFault], in document: JSON) -> [ScriptFault] {
        guard faults.count > 1 else { return faults }
        let placed = faults.enumerated().map { ($0.offset, place(of: $0.element.path, in: document), $0.element) }
        return placed.sorted { a, b in
            if a.1 == b.1 { return a.0 < b.0 }
            return a.1.lexicographicallyPrecedes(b.1)
        }.map(\.2)
    }

    /// Index of each step of a JSON pointer among its siblings.
    private static func place(of path: String, in document: JSON) -> [Int] {
        var place: [Int] = []
        var value: JSON? = document
        for step in path.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            switch value {
            case .array(let items):
                let index = Int(step) ?? items.count
                place.append(index)
                value = items.indices.contains(index) ? items[index] : nil
            case .object(let object):
                let index = object.members.firstIndex { Findings.component($0.key).dropFirst() == step }
                place.append(index ?? object.count)
                value = index.map { object.members[$0].value }
            default:
                return place
            }
        }
        return place
    }
}
