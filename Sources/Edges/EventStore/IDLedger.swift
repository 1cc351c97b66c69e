import CallModel

/// Watches that the ids of a conversation's listed events run from 1 without a hole.
///
/// A wrong id is a fault of the program: it is reported, and the row is kept all the same. To refuse it would lose the
/// event and make every later one of its conversation a hole as well.
struct IDLedger {
    private static let bound = 50_000
    private var last: [ConversationID: Int] = [:]

    /// Nil when the row's id is the next one.
    ///
    /// - Parameter stored: looks up the highest id on disk, for a conversation not seen since the start.
    mutating func fault(of row: EventRow, stored: (ConversationID) throws -> Int) rethrows -> String? {
        guard let id = row.id, let conversation = row.conversation else { return nil }
        let before = try last[conversation] ?? stored(conversation)
        if last.count >= Self.bound { last.removeAll(keepingCapacity: true) }
        last[conversation] = max(before, id)
        return id == before + 1 ? nil : "id \(id) follows \(before)"
    }

    mutating func forget(_ conversation: ConversationID) { last[conversation] = nil }
}
