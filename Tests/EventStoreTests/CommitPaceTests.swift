import MediaTime
import Testing

@testable import EventStore

@Suite struct CommitPaceTests {
    /// The rests after commits that follow each other by `interval`, for a second.
    private func rests(every interval: Duration) -> [Duration] {
        var pace = CommitPace()
        var now = MonotonicInstant(nanoseconds: 1_000_000_000)
        let end = now + .seconds(1)
        var rests: [Duration] = []
        while now < end {
            rests.append(pace.rest(after: now))
            now = now + interval + (rests.last ?? .zero)
        }
        return rests
    }

    @Test("fifty commits a second follow at once, a thousand gather rows for milliseconds")
    func pace() {
        #expect(rests(every: .milliseconds(20)).allSatisfy { $0 == .zero })
        let busy = rests(every: .milliseconds(1))
        #expect(busy.count < 300)
        #expect(busy.suffix(50).allSatisfy { $0 > .zero })
    }

    @Test("a pause ends the gathering")
    func calm() {
        var pace = CommitPace()
        var now = MonotonicInstant(nanoseconds: 1_000_000_000)
        for _ in 0..<200 {
            now = now + .milliseconds(1)
            _ = pace.rest(after: now)
        }
        #expect(pace.rest(after: now + .milliseconds(1)) > .zero)
        #expect(pace.rest(after: now + .milliseconds(500)) == .zero)
    }
}
