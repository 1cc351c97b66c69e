import CallModel
import EdgeProtocols
import EventStore
import MediaTime
import Testing

@Suite(.serialized) struct ThroughputTests {
    private let folder = Folder()

    // A floor that holds in a debug build on a busy machine; the printed figure is the measurement.
    @Test("appending does not wait for the disk and the log keeps up")
    func rate() async throws {
        let store = try EventStore(folder)
        let clock = SystemTimeSource()
        let started = clock.now
        let calls = 1000
        for _ in 0..<calls {
            let conversation = ConversationID.make()
            let leg = Sample.leg(conversation)
            for id in 1...15 { store.append(LogBatch(events: [Sample.row(conversation, id: id)], legs: [leg])) }
        }
        let queued = clock.now
        try await store.flush()
        let seconds = (clock.now - started).milliseconds / 1000
        print("log: \(Int(Double(calls * 15) / seconds)) rows/s, queueing \((queued - started).milliseconds) ms")
        #expect(try await store.newestPosition() == Int64(calls * 15))
        #expect(seconds < 60)
    }
}
