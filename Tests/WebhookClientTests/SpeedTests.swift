import CallModel
import EdgeProtocols
import EventStore
import HTTPFetch
import MediaTime
import Synchronization
import Testing
import WebhookClient

/// Floors that hold in a debug build on a busy machine; the printed figures are the measurement.
@Suite(.serialized) struct SpeedTests {
    private let time = SystemTimeSource()

    @Test("a committed row is soon on the wire")
    func latency() async throws {
        let bench = try await SpeedBench()
        var waits: [Double] = []
        for id in 1...200 {
            bench.store.append(LogBatch(events: [Sample.row(bench.conversation, id)]))
            let got = try await bench.receiver.requests(id)
            let committed = bench.commits.withLock { $0[Int64(id)] } ?? got[id - 1].at
            waits.append((got[id - 1].at - committed).milliseconds)
        }
        waits.sort()
        print("commit to wire: p50 \(waits[100]) ms, p99 \(waits[197]) ms, max \(waits[199]) ms")
        #expect(waits[100] < 100)
        try await bench.close()
    }

    @Test("many conversations at once are delivered as fast as the receiver takes them")
    func throughput() async throws {
        let bench = try await SpeedBench()
        let started = time.now
        for _ in 0..<300 {
            let conversation = ConversationID.make()
            for id in 1...10 { bench.store.append(LogBatch(events: [Sample.row(conversation, id)])) }
        }
        try await bench.receiver.requests(3000, within: .seconds(60))
        let seconds = (time.now - started).milliseconds / 1000
        print("webhooks: \(Int(3000 / seconds)) requests/s, receiver in the same process")
        #expect(seconds < 60)
        try await bench.close()
    }
}

private struct SpeedBench {
    let folder = Folder()
    let fetcher = HTTPFetcher()
    let receiver: Receiver
    let store: EventStore
    let delivery: WebhookDelivery
    let conversation = ConversationID.make()
    /// When each position was told as committed.
    let commits: Commits
    private let subscription: any LogSubscription

    final class Commits: Sendable {
        private let times = Mutex<[Int64: MonotonicInstant]>([:])
        func withLock<Value: Sendable>(_ body: (inout [Int64: MonotonicInstant]) -> Value) -> Value {
            times.withLock { body(&$0) }
        }
    }

    init() async throws {
        let commits = Commits()
        receiver = try await Receiver()
        store = try folder.store()
        subscription = store.onCommit { newest in commits.withLock { $0[newest] = SystemTimeSource().now } }
        delivery = WebhookDelivery(
            journal: store, fetcher: fetcher, logger: Sample.logger,
            directory: TestDirectory(Sample.application(receiver.url())).lookup)
        self.commits = commits
        try await delivery.start()
    }

    func close() async throws {
        try await delivery.drain(until: SystemTimeSource().now + .seconds(5))
        await delivery.stop()
        await fetcher.shutdown()
        try await store.close()
    }
}
