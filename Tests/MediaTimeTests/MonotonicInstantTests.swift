import MediaTime
import Testing

struct MonotonicInstantTests {
    @Test("a duration is added and taken off, stopping at zero")
    func addition() {
        let start = MonotonicInstant(nanoseconds: 5_000)
        #expect(start + .microseconds(2) == MonotonicInstant(nanoseconds: 7_000))
        #expect(start + .microseconds(-2) == MonotonicInstant(nanoseconds: 3_000))
        #expect(start + .seconds(-1) == MonotonicInstant(nanoseconds: 0))
        #expect(start + .seconds(Int64.min) == MonotonicInstant(nanoseconds: 0))
    }

    @Test("the difference has a sign")
    func difference() {
        let early = MonotonicInstant(nanoseconds: 10)
        let late = MonotonicInstant(nanoseconds: 25)
        #expect(late - early == .nanoseconds(15) && early - late == .nanoseconds(-15) && early < late)
    }

    @Test(
        "a duration is told in nanoseconds, as far as they go",
        arguments: [
            (Duration.seconds(1.5), 1_500_000_000), (.nanoseconds(-7), -7), (.zero, 0), (.seconds(Int64.max), .max),
            (.seconds(Int64.min), .min), (.seconds(9_223_372_036) + .milliseconds(900), .max),
            (.seconds(-9_223_372_036) - .milliseconds(900), .min), (.seconds(9_223_372_036), 9_223_372_036_000_000_000),
        ] as [(Duration, Int64)])
    func nanoseconds(duration: Duration, nanoseconds: Int64) {
        #expect(duration.wholeNanoseconds == nanoseconds)
    }

    @Test("milliseconds are told whole, towards zero, and with their fraction")
    func milliseconds() {
        #expect(Duration.microseconds(2_900).wholeMilliseconds == 2)
        #expect(Duration.microseconds(-2_900).wholeMilliseconds == -2)
        #expect(Duration.microseconds(2_900).milliseconds == 2.9)
    }

    @Test("the machine's clock does not run backwards, its wall clock is of this century")
    func systemClock() {
        let clock = SystemTimeSource()
        let first = clock.now
        #expect(first <= clock.now && clock.wallNow.iso8601.hasPrefix("20"))
    }
}
