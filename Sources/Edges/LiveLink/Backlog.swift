/// What a reader has been sent and its socket has not taken yet.
///
/// - Reference: contract README 23: a reader 1 000 events or 1 MB behind is closed with its position and resumes.
package struct Backlog: Sendable {
    private let eventLimit: Int
    private let byteLimit: Int
    package private(set) var events = 0
    package private(set) var bytes = 0

    package init(eventLimit: Int = 1000, byteLimit: Int = 1_000_000) {
        self.eventLimit = eventLimit
        self.byteLimit = byteLimit
    }

    package mutating func queued(events: Int, bytes: Int) {
        self.events += events
        self.bytes += bytes
    }

    package mutating func taken(events: Int, bytes: Int) {
        self.events -= events
        self.bytes -= bytes
    }

    package var isTooLong: Bool { events >= eventLimit || bytes >= byteLimit }
}
