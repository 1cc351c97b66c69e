import MediaTime

/// What is due when: a binary heap; nothing is taken out early, stale entries are for their owner to ignore.
struct TimerHeap<Item> {
    private var entries: [(at: MonotonicInstant, item: Item)] = []

    init() {}

    var next: MonotonicInstant? { entries.first?.at }

    mutating func add(_ item: Item, at instant: MonotonicInstant) {
        entries.append((instant, item))
        var child = entries.count - 1
        while child > 0, entries[child].at < entries[(child - 1) / 2].at {
            entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// The earliest item that is due at `now`.
    mutating func popDue(_ now: MonotonicInstant) -> Item? {
        guard let first = entries.first, first.at <= now else { return nil }
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < entries.count {
                if entries[child].at < entries[least].at { least = child }
            }
            if least == parent { return first.item }
            entries.swapAt(parent, least)
            parent = least
        }
    }
}
