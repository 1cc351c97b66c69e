import CallModel
import MediaTime
import Testing

@testable import WebhookClient

@Suite struct MachineTests {
    private let one = ConversationID.make()
    private let two = ConversationID.make()

    @Test("a conversation has one row in flight, in order, and others go beside it")
    func order() {
        var bench = MachineBench()
        bench.offer([
            Sample.row(one, 1, position: 1), Sample.row(one, 2, position: 2), Sample.row(two, 1, position: 3),
        ])
        #expect(bench.sent == [1, 3])
        bench.finish(3, .delivered)
        #expect(bench.sent == [1])
        bench.finish(1, .delivered)
        #expect(bench.sent == [2])
        bench.finish(2, .refused)
        #expect(bench.machine.isIdle)
        #expect(bench.machine.dropped == 1)
    }

    @Test("rows that are not for webhooks, and rows nobody wants, are done at once")
    func done() {
        var bench = MachineBench()
        bench.machine = DeliveryMachine(settings: DeliverySettings(), earlierRun: 0) { _ in nil }
        bench.offer([Sample.row(one, 1, delivery: .none, position: 1), Sample.row(one, 2, position: 2)])
        #expect(bench.sent.isEmpty)
        #expect(bench.machine.isIdle)
        #expect(bench.machine.takeChanges(bench.now).cursors == ["": 2])
    }

    @Test("a failing row holds its conversation for three attempts, then it is tried alongside up to every 60 s")
    func schedule() {
        var bench = MachineBench()
        bench.offer([Sample.row(one, 1, position: 1), Sample.row(one, 2, position: 2)])
        #expect(bench.sent == [1])
        bench.finish(1, .failed)
        bench.advance(.milliseconds(999))
        #expect(bench.sent.isEmpty)
        bench.advance(.milliseconds(1))
        bench.finish(1, .failed)
        bench.advance(.seconds(2))
        #expect(bench.sent == [1])
        #expect(bench.limits[1] == [nil, .seconds(2), .seconds(2)])
        bench.finish(1, .failed)
        #expect(bench.sent == [2])
        bench.finish(2, .delivered)
        bench.advance(.seconds(300)) { bench in
            for position in bench.sent { bench.finish(position, .failed) }
        }
        #expect(bench.gaps(1) == [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000, 60000])
        #expect(bench.limits[1]?.last == .some(nil))
        bench.advance(.seconds(60))
        bench.finish(1, .delivered)
        #expect(bench.machine.parked.isEmpty)
    }

    @Test("a row that gets no answer holds its conversation for 7 s, and its late answer still counts")
    func hold() {
        var bench = MachineBench()
        bench.offer([Sample.row(one, 1, position: 1), Sample.row(one, 2, position: 2)])
        bench.advance(.milliseconds(6999))
        #expect(bench.sent == [1])
        bench.advance(.milliseconds(1))
        #expect(bench.sent == [1, 2])
        bench.finish(1, .delivered)
        #expect(bench.machine.parked.isEmpty)
        bench.finish(2, .delivered)
        bench.advance(.seconds(100))
        #expect(bench.sent.isEmpty)
        let changes = bench.machine.takeChanges(bench.now)
        #expect(changes.parked.isEmpty)
        #expect(changes.cursors == ["": 2])
    }

    @Test("a row is given up after 24 hours, counted over restarts")
    func givingUp() {
        var bench = MachineBench()
        let age = Duration.seconds(24 * 3600 - 90)
        bench.machine.restore(scanned: 10)
        bench.machine.restore(position: 3, application: Sample.application, attempts: 9, age: age, bench.now)
        bench.advance(.seconds(200)) { bench in
            for position in bench.sent { bench.finish(position, .failed) }
        }
        #expect(bench.sentAt[3]?.count == 3)
        #expect(bench.machine.givenUp == 1)
        #expect(bench.machine.takeChanges(bench.now).unparked == [3])
    }

    @Test("with retry: cloud a row has two attempts")
    func cloud() {
        var settings = DeliverySettings()
        settings.retry = .cloud
        var bench = MachineBench(settings)
        bench.offer([Sample.row(one, 1, position: 1), Sample.row(one, 2, position: 2)])
        bench.finish(1, .failed)
        #expect(bench.sent == [1])
        bench.finish(1, .failed)
        #expect(bench.sent == [2])
        #expect(bench.machine.dropped == 1)
        #expect(bench.machine.parked.isEmpty)
    }

    @Test("a host has at most so many requests in flight, and another host does not wait for it")
    func hosts() {
        var settings = DeliverySettings()
        settings.connectionsPerHost = 2
        var bench = MachineBench(settings)
        var rows = (1...4).map { Sample.row(.make(), 1, position: $0) }
        rows.append(
            Sample.row(.make(), 1, position: 5, destination: WebhookTarget(url: "elsewhere", method: .post)))
        bench.offer(rows)
        #expect(bench.sent == [1, 2, 5])
        bench.finish(2, .failed)
        #expect(bench.sent == [1, 5, 3])
        bench.finish(1, .delivered)
        #expect(bench.sent == [5, 3, 4])
        bench.finish(3, .delivered)
        bench.advance(.seconds(1))
        #expect(bench.sent == [5, 4, 2])
        for position in [5, 4, 2] as [Int64] { bench.finish(position, .delivered) }
        #expect(bench.machine.isIdle)
        #expect(bench.machine.hosts.isEmpty)
    }

    @Test("an application that does not keep up is read from the log later, and the others go on")
    func window() {
        var settings = DeliverySettings()
        settings.window = 4
        var bench = MachineBench(settings)
        let slow = (1...6).map { Sample.row(one, Int($0), position: $0) }
        let quick = Sample.row(two, 1, application: Sample.other, position: 7)
        bench.offer(slow + [quick])
        #expect(bench.sent == [1, 7])
        #expect(bench.machine.takeChanges(bench.now).cursors[Sample.application.text] == .some(0))
        bench.finish(7, .delivered)
        for position in 1...2 as ClosedRange<Int64> { bench.finish(position, .delivered) }
        #expect(bench.reads.map(\.after) == [4])
        #expect(bench.reads.map(\.limit) == [2])
        bench.handle(.caughtUp(Sample.application, [slow[4], slow[5]], isComplete: false))
        bench.offer([Sample.row(one, 8, position: 8)])
        for position in 3...4 as ClosedRange<Int64> { bench.finish(position, .delivered) }
        #expect(bench.reads.map(\.after) == [4, 6])
        bench.handle(.caughtUp(Sample.application, [Sample.row(one, 8, position: 8)], isComplete: true))
        bench.offer([Sample.row(one, 9, position: 9)])
        for position in [5, 6, 8, 9] as [Int64] {
            #expect(bench.sent == [position])
            bench.finish(position, .delivered)
        }
        #expect(bench.machine.isIdle)
        let changes = bench.machine.takeChanges(bench.now)
        #expect(changes.cursors[""] == 9)
        #expect(changes.cursors[Sample.application.text] == .some(nil))
    }

    @Test("places and debts that are saved together cover every row that is not done", arguments: 0..<20)
    func progress(seed: UInt64) {
        var random = SplitMix(state: seed)
        var settings = DeliverySettings()
        settings.window = 8
        settings.connectionsPerHost = 3
        var bench = MachineBench(settings)
        let conversations = (0..<5).map { _ in ConversationID.make() }
        var log: [EventRow] = []
        var done: Set<Int64> = []
        var cursors: [String: Int64] = [:]
        var parked: Set<Int64> = []
        for _ in 0..<400 {
            switch random.next() % 4 {
            case 0:
                log.append(
                    Sample.row(
                        conversations[Int(random.next() % 5)], log.count + 1,
                        application: random.next() % 2 == 0 ? Sample.application : Sample.other,
                        position: Int64(log.count + 1)))
                bench.offer([log[log.count - 1]])
            case 1: bench.advance(.milliseconds(Int64(random.next() % 3000)))
            default:
                guard let position = bench.sent.randomElement(using: &random) else { break }
                let outcome: DeliveryMachine.Outcome = random.next() % 3 == 0 ? .failed : .delivered
                if outcome == .delivered { done.insert(position) }
                bench.finish(position, outcome)
            }
            while let read = bench.reads.first {
                bench.reads.removeFirst()
                let rows = log.filter { $0.application == read.application && $0.position > read.after }
                    .prefix(read.limit)
                bench.handle(.caughtUp(read.application, Array(rows), isComplete: rows.count < read.limit))
            }
            let changes = bench.machine.takeChanges(bench.now)
            for (key, place) in changes.cursors { cursors[key] = place }
            parked.formUnion(changes.parked.map(\.position))
            parked.subtract(changes.unparked)
            for row in log where !done.contains(row.position) && !parked.contains(row.position) {
                let place = min(cursors[""] ?? 0, cursors[row.application.text] ?? .max)
                #expect(place < row.position)
            }
        }
    }

    @Test(
        "a row of the call's own path is owed until that path is through, whichever is told first",
        arguments: [true, false])
    func asked(rowFirst: Bool) {
        var bench = MachineBench()
        let leg = LegID.make()
        let row = Sample.row(one, 1, stream: .voice, delivery: .asked, leg: leg, position: 1)
        let key = DeliveryMachine.AskKey(row.body)
        if rowFirst {
            bench.offer([row])
            let changes = bench.machine.takeChanges(bench.now)
            #expect(changes.parked.map(\.position) == [1])
            #expect(changes.parked.map(\.attempts) == [0])
            bench.handle(.asked(key))
            #expect(bench.machine.takeChanges(bench.now).unparked == [1])
        } else {
            bench.handle(.asked(key))
            bench.offer([row])
            #expect(bench.machine.takeChanges(bench.now).parked.isEmpty)
        }
        bench.advance(.seconds(120))
        #expect(bench.sent.isEmpty)
        #expect(bench.machine.parked.isEmpty)
        #expect(bench.machine.askedCredits.isEmpty)
    }

    @Test("a row that an earlier run asked for is a notification, before anything newer of its conversation")
    func askedBefore() {
        var bench = MachineBench(earlierRun: 4)
        bench.machine.restore(scanned: 3)
        bench.machine.restore(owed: Sample.row(one, 2, stream: .voice, delivery: .asked, position: 2), bench.now)
        bench.offer([
            Sample.row(one, 4, stream: .voice, delivery: .asked, position: 4),
            Sample.row(one, 5, stream: .voice, delivery: .asked, position: 5),
        ])
        #expect(bench.sent == [2])
        bench.finish(2, .delivered)
        #expect(bench.sent == [4])
        bench.finish(4, .delivered)
        #expect(bench.sent.isEmpty)
        #expect(bench.machine.takeChanges(bench.now).unparked == [2])
    }

    @Test("a leg is settled when each of its rows has had its first attempt", arguments: [true, false])
    func settling(isAnswered: Bool) {
        var bench = MachineBench()
        let leg = LegID.make()
        bench.offer([
            Sample.row(one, 1, stream: .voice, leg: leg, position: 1),
            Sample.row(one, 2, stream: .voice, leg: leg, position: 2),
        ])
        bench.finish(1, .delivered)
        #expect(bench.settled.isEmpty)
        if isAnswered { bench.finish(2, .failed) } else { bench.advance(.seconds(7)) }
        #expect(bench.settled == [leg])
        #expect(bench.machine.unsettled.isEmpty)
    }
}
