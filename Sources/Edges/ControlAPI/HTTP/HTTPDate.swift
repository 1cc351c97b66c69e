import MediaTime

/// The value of a Date header (RFC 9110 §5.6.7).
enum HTTPDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    static func text(_ time: WallTime) -> String {
        // 2026-03-14T09:26:05.118Z
        let iso = time.iso8601
        let date = iso.split(separator: "T")[0].split(separator: "-")
        let clock = iso.split(separator: "T")[1].prefix(8)
        let weekday = days[Int((time.milliseconds / 86_400_000) % 7)]
        let month = months[(Int(date[1]) ?? 1) - 1]
        return "\(weekday), \(date[2]) \(month) \(date[0]) \(clock) GMT"
    }
}
