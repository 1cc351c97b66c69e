import CallModel
import MediaTime

/// Rows that were stepped over, and rows that the call's own path sends.
extension DeliveryMachine {
    mutating func park(
        _ row: EventRow, attempts: Int, since: MonotonicInstant, isInFlight: Bool, _ now: MonotonicInstant
    ) {
        guard (lanes[row.application]?.parked ?? 0) < settings.parkedRows else {
            givenUp += 1
            progress.forget(row.position)
            return
        }
        lanes[row.application]?.parked += 1
        parked[row.position] = Parked(application: row.application, attempts: attempts, since: since)
        progress.changed.insert(row.position)
        if !isInFlight { timers.add(.retry(row.position), at: now + settings.delay(after: attempts)) }
    }

    /// A row that an earlier run had parked: it is tried at once.
    mutating func restore(
        position: Int64, application: ApplicationID, attempts: Int, age: Duration, _ now: MonotonicInstant
    ) {
        lanes[application, default: Lane(taken: scanned)].parked += 1
        parked[position] = Parked(application: application, attempts: attempts, since: now, earlierAge: age)
        progress.stored.insert(position)
        timers.add(.retry(position), at: now)
    }

    /// A row that an earlier run had owed on the call's own path: now it is a notification, before anything newer.
    mutating func restore(owed row: EventRow, _ now: MonotonicInstant) {
        progress.stored.insert(row.position)
        if lanes[row.application] == nil { lanes[row.application] = Lane(taken: scanned) }
        enqueue(row, now)
    }

    mutating func parkedResult(_ position: Int64, _ outcome: Outcome, _ now: MonotonicInstant) {
        guard let row = parked[position] else { return }
        switch outcome {
        case .delivered, .void: unpark(position)
        case .refused:
            dropped += 1
            unpark(position)
        case .failed where row.earlierAge + (now - row.since) >= settings.giveUpAfter:
            givenUp += 1
            unpark(position)
        case .failed:
            progress.changed.insert(position)
            timers.add(.retry(position), at: now + settings.delay(after: row.attempts))
        }
    }

    mutating func retryIsDue(_ position: Int64) {
        guard let application = parked[position]?.application, flights[position] == nil else { return }
        lanes[application]?.dueRetries.append(position)
        startRetries(application)
    }

    mutating func startRetries(_ application: ApplicationID) {
        while let lane = lanes[application], lane.retriesInFlight < settings.retriesInFlight,
            let position = lanes[application]?.dueRetries.popFirst()
        {
            guard parked[position] != nil, flights[position] == nil else { continue }
            lanes[application]?.retriesInFlight += 1
            flights[position] = .retry
            effects.append(.send(position, nil, limit: nil))
        }
    }

    /// The call's own path sends this row: it is owed until that path says it is through.
    mutating func owe(_ row: EventRow, _ now: MonotonicInstant) {
        let key = AskKey(row.body)
        if let credits = askedCredits[key] {
            askedCredits[key] = credits > 1 ? credits - 1 : nil
            return
        }
        lanes[row.application]?.parked += 1
        parked[row.position] = Parked(application: row.application, attempts: 0, since: now, asked: key)
        askedRows[key, default: []].append(row.position)
        progress.changed.insert(row.position)
        timers.add(.askedExpiry(row.position), at: now + settings.askedExpiry)
    }

    mutating func asked(_ key: AskKey, _ now: MonotonicInstant) {
        if let position = askedRows[key]?.first {
            unpark(position)
        } else {
            askedCredits[key, default: 0] += 1
            timers.add(.creditExpiry(key), at: now + settings.askedExpiry)
        }
    }

    mutating func askedExpired(_ position: Int64) {
        if parked[position]?.asked != nil { unpark(position) }
    }

    mutating func creditExpired(_ key: AskKey) {
        guard let credits = askedCredits[key] else { return }
        askedCredits[key] = credits > 1 ? credits - 1 : nil
    }

    private mutating func unpark(_ position: Int64) {
        guard let row = parked.removeValue(forKey: position) else { return }
        lanes[row.application]?.parked -= 1
        if let key = row.asked {
            askedRows[key]?.removeAll { $0 == position }
            if askedRows[key]?.isEmpty == true { askedRows[key] = nil }
        }
        progress.forget(position)
    }
}
