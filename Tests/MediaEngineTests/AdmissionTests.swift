import CallModel
import EdgeProtocols
import Synchronization
import Testing

@testable import MediaEngine

/// Who gets in while media workers are busy.
@Suite(.serialized) struct AdmissionTests {
    @Test("a busy worker gets no more legs; when all are busy a leg is refused, and taken again when one is not")
    func admission() throws {
        let bench = try EngineBench(ports: 46_000...46_099, workers: 2)
        defer { bench.engine.stop() }
        /// As if the workers had used that much of their cores in the last second.
        func use(_ shares: [Double], _ state: inout EngineState) {
            for (worker, share) in zip(state.workers, shares) {
                worker.measure(at: 1, cpu: 0)
                worker.measure(at: 1_000_000_001, cpu: Int(share * 1e9))
            }
        }
        let places = bench.engine.state.withLock { state in
            [[0.88, 0.1], [0.1, 0.88], [0.1, 0.1]].map { shares in
                use(shares, &state)
                return [state.place(), state.place(preferring: 0), state.place(preferring: 1)]
            }
        }
        #expect(places == [[1, 1, 1], [0, 0, 0], [0, 0, 1]])
        func offer(whileUsing shares: [Double]) throws(MediaRefusal) {
            bench.engine.state.withLock { use(shares, &$0) }
            _ = try bench.engine.offer(LegID.make(), policy: MediaPolicy(codecs: ["pcmu"]))
        }
        // Once a second the engine measures by itself, perhaps between the two lines above.
        let refusals = (0..<3).compactMap { _ -> MediaRefusal? in
            do throws(MediaRefusal) { try offer(whileUsing: [0.88, 0.86]) } catch { return error }
            return nil
        }
        #expect(refusals.count >= 2)
        #expect(refusals.allSatisfy { $0.code == .overloaded })
        try offer(whileUsing: [0.88, 0.5])
    }
}
