import CallModel

/// The legs of a conversation by id.
///
/// A `Leg` is large, and a dictionary of two keeps room for four; here each lies in an array once, and the dictionary
/// holds its place only.
struct LegTable: Sendable {
    private var places: [LegID: Int] = [:]
    /// No holes; optional only so that a leg is changed where it lies.
    private var stored: [Leg?] = []

    var count: Int { stored.count }
    var isEmpty: Bool { stored.isEmpty }
    /// In no order.
    var values: some Sequence<Leg> { stored.lazy.compactMap { $0 } }

    subscript(id: LegID) -> Leg? {
        get { places[id].flatMap { stored[$0] } }
        _modify {
            if let place = places[id] {
                yield &stored[place]
                if stored[place] == nil { close(place, of: id) }
            } else {
                var new: Leg?
                yield &new
                if let new {
                    places[id] = stored.count
                    stored.append(new)
                }
            }
        }
    }

    /// The last one moves to a place that has become free.
    private mutating func close(_ place: Int, of id: LegID) {
        places[id] = nil
        let last = stored.removeLast()
        guard place < stored.count, let last else { return }
        stored[place] = last
        places[last.id] = place
    }
}
