import Testing

@testable import AudioGraph

@Suite struct PlayoutMemoryTests {
    private func store(_ memory: PlayoutMemory, _ sequence: UInt64) -> PlayoutArrival {
        let payload = [UInt8](repeating: UInt8(truncatingIfNeeded: sequence), count: 160)
        return unsafe payload.withUnsafeBufferPointer { bytes -> PlayoutArrival in
            guard let start = bytes.baseAddress else { return .refused }
            return unsafe memory.store(start, count: 160, sequence: sequence, timestamp: Int64(sequence) * 160)
        }
    }

    private func isRight(_ memory: PlayoutMemory, _ sequence: UInt64) -> Bool {
        guard let entry = memory.first(from: sequence), entry.sequence == sequence else { return false }
        return (0..<entry.count).allSatisfy {
            unsafe memory.payload(of: entry)[$0] == UInt8(truncatingIfNeeded: sequence)
        }
    }

    @Test(
        "a stream with few packets waiting touches one page of the ring, and no packet is damaged",
        arguments: [UInt64(0), 1, 2])
    func steady(waiting: UInt64) {
        let memory = PlayoutMemory.allocate()
        defer { memory.deallocate() }
        var furthest = 0
        for sequence in UInt64(1)...1000 {
            #expect(store(memory, sequence) == .kept)
            if let entry = memory.first(from: sequence) { furthest = max(furthest, entry.start % 16_384 + entry.count) }
            if sequence > waiting {
                #expect(isRight(memory, sequence - waiting))
                memory.remove(sequence - waiting)
            }
        }
        #expect(furthest <= 4096)
    }

    @Test("a burst of 400 ms behind any place of the ring is kept whole")
    func burst() {
        let memory = PlayoutMemory.allocate()
        defer { memory.deallocate() }
        var next: UInt64 = 1
        for round in 0..<60 {
            for _ in 0..<(round % 7 + 1) {
                _ = store(memory, next)
                memory.remove(next)
                next += 1
            }
            let first = next
            for _ in 0..<20 {
                #expect(store(memory, next) == .kept)
                next += 1
            }
            for sequence in first..<next {
                #expect(isRight(memory, sequence))
                memory.remove(sequence)
            }
        }
    }
}
