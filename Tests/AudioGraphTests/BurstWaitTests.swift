import Testing

@testable import AudioGraph

/// Copies of the second and the fourth packet before, in packets of 20 ms.
@Suite struct BurstWaitTests {
    private static let frame: Int64 = 20_000_000

    /// The wait after `missing` packets were lost.
    private func wait(afterLosing missing: UInt64, isChained: Bool, carriesCopies: Bool = true) -> Int64 {
        var bursts = BurstWait()
        for sequence in [1, 2, 3 + missing] {
            if carriesCopies { bursts.carries(nearest: 2 * Self.frame, farthest: 4 * Self.frame) }
            let found = bursts.arrived(sequence, frame: Self.frame, isChained: isChained)
            #expect(found == (sequence > 2 && missing <= 50 ? Int(missing) : 0))
        }
        return bursts.wait / 1_000_000
    }

    @Test(
        "a burst is waited for until all of it is back that comes back",
        arguments: [
            (1, true, 20), (2, true, 40), (3, true, 60), (5, true, 100), (9, true, 100), (1, false, 40),
            (3, false, 60), (9, false, 80),
        ] as [(UInt64, Bool, Int64)])
    func burst(missing: UInt64, isChained: Bool, milliseconds: Int64) {
        #expect(wait(afterLosing: missing, isChained: isChained) == milliseconds)
    }

    @Test("nothing is waited for after an outage of a second")
    func outage() { #expect(wait(afterLosing: 51, isChained: true) == 0) }

    @Test("a peer that sends no copies is not waited for, nor one that has stopped it")
    func without() {
        #expect(wait(afterLosing: 3, isChained: true, carriesCopies: false) == 0)
        var bursts = BurstWait()
        for sequence in [UInt64(1), 4] {
            bursts.carries(nearest: 2 * Self.frame, farthest: 4 * Self.frame)
            _ = bursts.arrived(sequence, frame: Self.frame, isChained: true)
        }
        #expect(bursts.isOn && bursts.wait > 0)
        for sequence in UInt64(5)...60 { _ = bursts.arrived(sequence, frame: Self.frame, isChained: true) }
        #expect(!bursts.isOn && bursts.wait == 0)
    }

    @Test("numbers of events, of late packets and of another stream are no losses")
    func numbers() {
        var bursts = BurstWait()
        _ = bursts.arrived(10, frame: Self.frame, isChained: true)
        bursts.passed(11)
        #expect(bursts.arrived(12, frame: Self.frame, isChained: true) == 0)
        #expect(bursts.arrived(9, frame: Self.frame, isChained: true) == 0)
        #expect(bursts.arrived(13, frame: Self.frame, isChained: true) == 0)
        bursts.restart()
        #expect(bursts.arrived(40, frame: Self.frame, isChained: true) == 0)
    }

    @Test("a long burst is remembered for a minute and forgotten within ten")
    func memory() {
        var bursts = BurstWait()
        var waits: [Int64] = []
        var sequence: UInt64 = 1
        for number in 0..<30_000 {
            sequence += number == 10 ? 6 : 1
            bursts.carries(nearest: 2 * Self.frame, farthest: 4 * Self.frame)
            _ = bursts.arrived(sequence, frame: Self.frame, isChained: true)
            waits.append(bursts.wait / 1_000_000)
        }
        #expect(waits[9] == 0 && waits[10] == 100)
        #expect(waits[3000] > 60)
        #expect(waits[29_999] < 5)
    }
}
