import CallModel
import MediaTime

@testable import WebhookClient

/// The machine with a clock that is moved by hand.
struct MachineBench {
    var machine: DeliveryMachine
    var now = MonotonicInstant(nanoseconds: 1_000_000_000_000)
    /// Positions sent and not yet answered, in order.
    var sent: [Int64] = []
    var sentAt: [Int64: [MonotonicInstant]] = [:]
    var limits: [Int64: [Duration?]] = [:]
    var reads: [(application: ApplicationID, after: Int64, limit: Int)] = []
    var settled: [LegID] = []

    init(_ settings: DeliverySettings = DeliverySettings(), earlierRun: Int64 = 0) {
        machine = DeliveryMachine(settings: settings, earlierRun: earlierRun) { $0.destination?.url ?? "host" }
    }

    mutating func handle(_ event: DeliveryMachine.Event) {
        for effect in machine.handle(event, at: now) {
            switch effect {
            case .send(let position, _, let limit):
                sent.append(position)
                sentAt[position, default: []].append(now)
                limits[position, default: []].append(limit)
            case .catchUp(let application, let after, let limit): reads.append((application, after, limit))
            case .settled(let leg): settled.append(leg)
            }
        }
    }

    mutating func offer(_ rows: [EventRow]) {
        handle(.rows(rows, scanned: rows.last?.position ?? machine.scanned))
    }

    mutating func finish(_ position: Int64, _ outcome: DeliveryMachine.Outcome) {
        sent.removeAll { $0 == position }
        handle(.finished(position, outcome))
    }

    /// Moves the clock from timer to timer; `during` sees each of them.
    mutating func advance(_ duration: Duration, during: (inout MachineBench) -> Void = { _ in }) {
        let end = now + duration
        while let next = machine.timers.next, next <= end {
            now = max(now, next)
            handle(.tick)
            during(&self)
        }
        now = end
        handle(.tick)
    }

    /// Milliseconds between the attempts at a row.
    func gaps(_ position: Int64) -> [Int64] {
        let times = sentAt[position] ?? []
        return zip(times.dropFirst(), times).map { ($0 - $1).wholeMilliseconds }
    }
}

/// A seeded generator, so that a failure can be run again.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
