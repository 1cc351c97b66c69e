import MediaTime
import Testing

struct WallTimeTests {
    @Test(
        "an instant is written with three decimals and read back",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (1_773_480_365_118, "2026-03-14T09:26:05.118Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"), (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (-1, "1969-12-31T23:59:59.999Z"), (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"), (1_709_164_800_007, "2024-02-29T00:00:00.007Z"),
        ])
    func bothWays(milliseconds: Int64, text: String) {
        #expect(WallTime(milliseconds: milliseconds).iso8601 == text)
        #expect(WallTime(iso8601: text) == WallTime(milliseconds: milliseconds))
    }

    @Test("every day of four centuries is written and read back")
    func everyDay() {
        for day in stride(from: Int64(-25_567), to: 120_530, by: 1) {
            let time = WallTime(milliseconds: day * 86_400_000 + 12_345_678)
            #expect(WallTime(iso8601: time.iso8601) == time)
        }
    }

    @Test(
        "other spellings of an instant are read",
        arguments: [
            ("2026-03-14", "2026-03-14T00:00:00.000Z"), ("2026-03-14 09:26:05", "2026-03-14T09:26:05.000Z"),
            ("2026-03-14t09:26z", "2026-03-14T09:26:00.000Z"), ("2026-03-14T09:26:05.1Z", "2026-03-14T09:26:05.100Z"),
            ("2026-03-14T09:26:05.118999999Z", "2026-03-14T09:26:05.118Z"),
            ("2026-03-14T00:26:05+01:00", "2026-03-13T23:26:05.000Z"),
            ("2026-03-14T23:26:05.5-0130", "2026-03-15T00:56:05.500Z"),
            ("2026-03-14T24:00:00Z", "2026-03-15T00:00:00.000Z"),
            ("2026-12-31T23:59:60Z", "2027-01-01T00:00:00.000Z"),
        ])
    func otherSpellings(text: String, same: String) {
        #expect(WallTime(iso8601: text)?.iso8601 == same)
    }

    @Test(
        "what is no instant is refused",
        arguments: [
            "", "now", "2026", "2026-3-14", "2026-13-01", "2026-00-01", "2026-02-29", "2026-04-31", "2026-01-00",
            "2026-03-14T", "2026-03-14T9:26", "2026-03-14T25:00", "2026-03-14T24:00:01", "2026-03-14T09:60",
            "2026-03-14T09:26:61", "2026-03-14T09:26:05.", "2026-03-14T09:26:05.Z", "2026-03-14T09:26:05+1",
            "2026-03-14T09:26:05+24:00", "2026-03-14T09:26:05+01:60", "2026-03-14T09:26:05ZZ", " 2026-03-14",
            "2026-03-14T09:26:05,1Z", "２026-03-14", "-026-03-14",
        ])
    func refused(text: String) {
        #expect(WallTime(iso8601: text) == nil)
    }

    @Test("earlier instants sort before later ones")
    func order() {
        #expect(WallTime(milliseconds: -1) < WallTime(milliseconds: 0))
    }
}
