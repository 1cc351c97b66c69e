import CallModel
import MediaTime

/// What has to become durable.
extension DeliveryMachine {
    struct Progress {
        var savedScanned: Int64 = 0
        /// Parked rows that the log does not know as they are now.
        var changed: Set<Int64> = []
        /// Rows that the log has as parked.
        var stored: Set<Int64> = []
        var removed: Set<Int64> = []

        /// The row is owed no longer.
        mutating func forget(_ position: Int64) {
            changed.remove(position)
            if stored.remove(position) != nil { removed.insert(position) }
        }
    }

    struct Changes {
        var cursors: [String: Int64?] = [:]
        var parked: [DeliveryJournal.ParkedRow] = []
        var unparked: [Int64] = []
        var isEmpty: Bool { cursors.isEmpty && parked.isEmpty && unparked.isEmpty }
    }

    /// What changed since the last call; places and debts agree with each other.
    mutating func takeChanges(_ now: MonotonicInstant) -> Changes {
        var changes = Changes()
        if scanned != progress.savedScanned {
            changes.cursors[""] = scanned
            progress.savedScanned = scanned
        }
        for (application, lane) in lanes {
            let place = Self.place(of: lane)
            guard place != lane.savedPlace else { continue }
            changes.cursors.updateValue(place, forKey: application.text)
            lanes[application]?.savedPlace = place
        }
        for position in progress.changed {
            guard let row = parked[position] else { continue }
            changes.parked.append(
                (
                    position: position, application: row.application, attempts: row.attempts,
                    ageMilliseconds: (row.earlierAge + (now - row.since)).wholeMilliseconds
                ))
        }
        progress.stored.formUnion(progress.changed)
        progress.changed = []
        changes.unparked = Array(progress.removed)
        progress.removed = []
        return changes
    }

    /// Where the last run had read up to.
    mutating func restore(scanned position: Int64) {
        scanned = position
        progress.savedScanned = position
    }

    /// An Application that was behind when the program ended goes on from its place.
    mutating func restore(place: Int64, of application: ApplicationID) {
        lanes[application] = Lane(taken: place, behind: place, savedPlace: place)
        readOn(application)
    }

    func lag(newest: Int64, wall: WallTime) -> WebhookLag {
        var lag = WebhookLag()
        let places = lanes.values.compactMap(Self.place)
        lag.queuedRows = queues.values.reduce(0) { $0 + $1.rows.count }
        lag.positionsBehind = max(0, newest - min(scanned, places.min() ?? scanned))
        if let oldest = queues.values.compactMap({ $0.rows.first?.instant }).min() {
            lag.oldestMilliseconds = max(0, wall.milliseconds - oldest.milliseconds)
        }
        lag.requestsInFlight = flights.count
        lag.parkedRows = parked.count - askedRows.values.reduce(0) { $0 + $1.count }
        lag.droppedRows = dropped
        lag.givenUpRows = givenUp
        return lag
    }

    /// Everything of the lane up to here is done or parked; nil when that is true of all that was scanned.
    private static func place(of lane: Lane) -> Int64? {
        [lane.order.first.map { $0 - 1 }, lane.behind].compactMap(\.self).min()
    }
}
