import AudioGraph
import Testing

@Suite struct LimiterTests {
    private func run(_ limiter: inout Limiter, _ sum: [Int32]) -> [Int16] {
        var output = [Int16](repeating: 0, count: sum.count)
        unsafe sum.withUnsafeBufferPointer { input in
            unsafe output.withUnsafeMutableBufferPointer { room in
                guard let from = input.baseAddress, let to = room.baseAddress else { return }
                unsafe limiter.run(from, into: to, count: input.count, rate: 8000)
            }
        }
        return output
    }

    @Test("a sum below -1 dBFS passes bit by bit")
    func transparent() {
        var limiter = Limiter()
        let sum = (0..<160).map { Int32($0 * 365 - 29_204) }
        #expect(run(&limiter, sum) == sum.map { Int16($0) })
    }

    @Test(
        "twice full scale comes out below it without a flat top, and the level comes back within half a second",
        arguments: [Int32(2), 20])
    func loud(factor: Int32) {
        var limiter = Limiter()
        let wave = Tones.sine(400, rate: 8000, count: 160, amplitude: 30_000)
        let loud = wave.map { Int32($0) * factor }
        _ = run(&limiter, loud)
        let second = run(&limiter, loud)
        #expect((second.map { abs(Int($0)) }.max() ?? 0) <= 29_300)
        // A sine it stays: its shape is the original's, smaller.
        let scale = 29_204 / Double(loud.max() ?? 1)
        for (a, b) in zip(second, loud) { #expect(abs(Double(a) - Double(b) * scale) < 40) }
        let quiet = wave.map { Int32($0) / 4 }
        for _ in 0..<26 { _ = run(&limiter, quiet) }
        #expect(run(&limiter, quiet) == quiet.map { Int16($0) })
    }

    @Test("a sum of any size stays in range")
    func bounds() {
        var limiter = Limiter()
        let wild: [Int32] = (0..<160).map { $0 % 3 == 0 ? 1_500_000_000 : $0 % 3 == 1 ? -1_500_000_000 : 0 }
        #expect(run(&limiter, wild).count == 160)
        #expect(run(&limiter, [Int32](repeating: .min / 2, count: 160)).allSatisfy { $0 < 0 })
    }
}
