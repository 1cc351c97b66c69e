import CallModel
import MediaTime

/// One row of a Conversation after the other.
extension DeliveryMachine {
    mutating func enqueue(_ row: EventRow, _ now: MonotonicInstant) {
        let key = Self.queueKey(row)
        if let leg = row.leg { unsettled[leg, default: 0] += 1 }
        let isFree = queues[key] == nil
        queues[key, default: Queue()].rows.append(row)
        if isFree { start(key, now) }
    }

    /// Sends the first row of the queue, or waits for its host to have room.
    mutating func start(_ key: String, _ now: MonotonicInstant) {
        guard let queue = queues[key], !queue.isWaitingForHost else { return }
        guard let row = queue.rows.first else {
            queues[key] = nil
            return
        }
        guard let host = host(row) else {
            if queue.attempts == 0 { settle(row) }
            complete(key, now)
            return
        }
        guard hosts[host, default: Host()].inFlight < settings.connectionsPerHost else {
            queues[key]?.isWaitingForHost = true
            hosts[host]?.waiting.append(key)
            return
        }
        hosts[host, default: Host()].inFlight += 1
        flights[row.position] = .held(queue: key, host: host)
        queues[key]?.attempts += 1
        if queue.heldSince == nil {
            queues[key]?.heldSince = now
            if settings.retry == .durable {
                timers.add(.hold(queue: key, row.position), at: now + settings.hold)
            }
        }
        let isLater = queue.attempts > 0 && settings.retry == .durable
        effects.append(.send(row.position, row, limit: isLater ? settings.laterAttemptLimit : nil))
    }

    /// The row that goes after the one under way at `position`.
    func following(_ position: Int64) -> EventRow? {
        guard case .held(let queue, _) = flights[position] else { return nil }
        return queues[queue]?.rows.second
    }

    mutating func finished(_ position: Int64, _ outcome: Outcome, _ now: MonotonicInstant) {
        guard let flight = flights.removeValue(forKey: position) else { return }
        switch flight {
        case .held(let queue, let host):
            if queues[queue]?.rows.first?.position == position {
                queueResult(queue, outcome, now)
            } else {
                // It was parked while its attempt ran.
                parkedResult(position, outcome, now)
            }
            release(host, now)
        case .retry:
            guard let application = parked[position]?.application else { return }
            parked[position]?.attempts += 1
            lanes[application]?.retriesInFlight -= 1
            parkedResult(position, outcome, now)
            startRetries(application)
        }
    }

    private mutating func queueResult(_ key: String, _ outcome: Outcome, _ now: MonotonicInstant) {
        guard let queue = queues[key], let row = queue.rows.first else { return }
        if queue.attempts == 1 { settle(row) }
        switch outcome {
        case .delivered, .void: complete(key, now)
        case .refused:
            dropped += 1
            complete(key, now)
        case .failed:
            switch settings.retry {
            case .cloud where queue.attempts >= 2:
                dropped += 1
                complete(key, now)
            case .cloud: start(key, now)
            case .durable where queue.attempts >= settings.heldAttempts: park(key, now)
            case .durable:
                timers.add(.again(queue: key, row.position), at: now + settings.delay(after: queue.attempts))
            }
        }
    }

    /// The first row is dealt with: the next one goes.
    private mutating func complete(_ key: String, _ now: MonotonicInstant) {
        guard let row = next(in: key) else { return }
        progress.forget(row.position)
        start(key, now)
        readOn(row.application)
    }

    /// The first row is stepped over: it is tried alongside from now on, and the next one goes.
    mutating func park(_ key: String, _ now: MonotonicInstant) {
        guard let queue = queues[key], let row = next(in: key) else { return }
        let isInFlight = flights[row.position] != nil
        if queue.attempts == 1, isInFlight { settle(row) }
        park(row, attempts: queue.attempts, since: queue.heldSince ?? now, isInFlight: isInFlight, now)
        start(key, now)
        readOn(row.application)
    }

    private mutating func next(in key: String) -> EventRow? {
        guard let row = queues[key]?.rows.popFirst() else { return nil }
        queues[key]?.attempts = 0
        queues[key]?.heldSince = nil
        lanes[row.application]?.unfinished.remove(row.position)
        while let first = lanes[row.application]?.order.first,
            lanes[row.application]?.unfinished.contains(first) == false
        {
            _ = lanes[row.application]?.order.popFirst()
        }
        return row
    }

    private mutating func release(_ name: String, _ now: MonotonicInstant) {
        hosts[name]?.inFlight -= 1
        while let host = hosts[name], host.inFlight < settings.connectionsPerHost,
            let key = hosts[name]?.waiting.popFirst()
        {
            queues[key]?.isWaitingForHost = false
            start(key, now)
        }
        if let host = hosts[name], host.inFlight == 0, host.waiting.isEmpty { hosts[name] = nil }
    }

    /// The row's first attempt is over, or there will be none.
    private mutating func settle(_ row: EventRow) {
        guard let leg = row.leg, let count = unsettled[leg] else { return }
        unsettled[leg] = count > 1 ? count - 1 : nil
        if count <= 1 { effects.append(.settled(leg)) }
    }

    /// Rows of one key keep their order.
    private static func queueKey(_ row: EventRow) -> String {
        row.conversation?.text ?? row.leg?.text ?? row.application.text
    }
}
