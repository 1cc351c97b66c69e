import CallModel
import MediaTime
import Testing

@testable import SIPStack

struct RegistrationScheduleTests {
    private let start = MonotonicInstant(nanoseconds: 1_000_000_000_000)

    @Test("it is due at once, then after nine tenths of what was granted")
    func refresh() {
        var schedule = RegistrationSchedule(expirySeconds: 3600, now: start)
        #expect(schedule.isDue(at: start))
        schedule.granted(seconds: 100, at: start)
        #expect(schedule.isRegistered)
        #expect(!schedule.isDue(at: start + .milliseconds(89_999)))
        #expect(schedule.isDue(at: start + .seconds(90)))
        schedule.granted(seconds: 0, at: start)
        #expect(!schedule.isDue(at: start + .milliseconds(4999)))
        #expect(schedule.isDue(at: start + .seconds(5)))
    }

    @Test("failures back off to a minute and never end; success starts over")
    func backOff() {
        var schedule = RegistrationSchedule(expirySeconds: 3600, now: start)
        for seconds in [2, 4, 8, 16, 32, 60, 60, 60] {
            schedule.failed(at: start)
            #expect(!schedule.isRegistered)
            #expect(!schedule.isDue(at: start + .milliseconds(Int64(seconds * 1000 - 1))))
            #expect(schedule.isDue(at: start + .seconds(seconds)))
        }
        schedule.granted(seconds: 60, at: start)
        schedule.failed(at: start)
        #expect(schedule.isDue(at: start + .seconds(2)))
    }

    @Test("a registrar that wants longer is asked again at once, an absurd one backs off")
    func tooBrief() {
        var schedule = RegistrationSchedule(expirySeconds: 60, now: start)
        schedule.failed(at: start)
        schedule.tooBrief(minimum: 600, at: start)
        #expect(schedule.isDue(at: start))
        #expect(schedule.expirySeconds == 600)
        schedule.tooBrief(minimum: 600, at: start)
        #expect(!schedule.isDue(at: start))
        schedule.tooBrief(minimum: 10_000_000, at: start)
        #expect(schedule.expirySeconds == 600)
    }
}

struct HeapTrimmerTests {
    /// Seconds later there are so many transactions: is the heap given back?
    typealias Line = (after: Int, transactions: Int, trims: Bool)

    @Test(
        "the heap is given back when a burst or a churn is over, and once a minute while it lasts",
        arguments: [
            [(1, 0, false), (1, 90, false), (1, 90, false), (1, 0, false)],
            // It never ends: more each second.
            [(1, 1000, false), (30, 1010, false), (29, 1020, false), (1, 1030, true), (1, 1040, false)],
            // It ends, its calls last, and then they are over.
            [(1, 300, false), (1, 400, false), (1, 400, true), (30, 200, false), (1, 0, true), (100, 0, false)],
            // Bursts follow each other.
            [(1, 300, false), (1, 300, true), (1, 400, false), (1, 400, false), (8, 400, true), (9, 400, false)],
        ] as [[Line]])
    func trims(lines: [Line]) {
        var trimmer = HeapTrimmer()
        var now = MonotonicInstant(nanoseconds: 1)
        for line in lines {
            now = now + .seconds(line.after)
            #expect(trimmer.shouldTrim(transactions: line.transactions, at: now) == line.trims)
        }
    }
}

struct TrunkTableTests {
    private func trunk(_ name: String, password: String = "p", register: Bool = true) -> Trunk {
        var trunk = Trunk(name: name, uri: "sip:host")
        trunk.username = "u"
        trunk.password = password
        trunk.register = register
        return trunk
    }

    @Test("accounts keep their numbers over a reload, also when a trunk goes and comes back")
    func accounts() {
        var table = TrunkTable([trunk("a"), trunk("b")])
        let a = table.account("a")
        let b = table.account("b")
        #expect(a != 0 && b != 0 && a != b)
        #expect(table.account(nil) == 0 && table.account("c") == 0)
        table.replace([trunk("b"), trunk("c")])
        #expect(table.account("b") == b)
        #expect(![0, a, b].contains(table.account("c")))
        func answers(_ account: UInt32) -> Bool {
            table.answer(
                account: account, challenges: "Digest realm=\"r\", nonce=\"n\"", method: "BYE", uri: "sip:h", attempt: 0
            )
                != nil
        }
        #expect(!answers(a))
        #expect(answers(b))
        #expect(!answers(0))
        table.replace([trunk("a")])
        #expect(table.account("a") == a)
        #expect(answers(a))
    }

    @Test("only trunks that ask for it are to be registered")
    func unregistered() {
        let table = TrunkTable([trunk("b"), trunk("a"), trunk("c", register: false)])
        #expect(table.unregistered.map(\.name) == ["a", "b"])
    }
}
