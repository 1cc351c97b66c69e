import AudioGraph
import Testing

@Suite struct SilenceTests {
    /// Milliseconds until silence is told, of sound whose level in dBFS is a function of time.
    private func toldAt(seconds: Double, _ level: (Int) -> Double) -> Int? {
        var detector = SilenceDetector(seconds: seconds)
        for frame in 0..<2000 {
            let square = pow10(level(frame * 20) / 10) * 32_768 * 32_768
            if detector.hears(square, milliseconds: 20) { return (frame + 1) * 20 }
        }
        return nil
    }

    private func pow10(_ exponent: Double) -> Double {
        var (result, rest) = (1.0, exponent)
        while rest < -1 { (result, rest) = (result / 10, rest + 1) }
        // 10^rest by its series: no Foundation for one number.
        var (term, sum) = (1.0, 1.0)
        for index in 1...30 {
            term *= rest * 2.302585092994046 / Double(index)
            sum += term
        }
        return result * sum
    }

    @Test("silence from the start is told after its time")
    func fromStart() { #expect(toldAt(seconds: 3) { _ in -90 } == 3000) }

    @Test("the time begins anew with each word, and a click is no word")
    func words() {
        // Syllables of 200 ms every 400 ms until 5 s, one click of 20 ms at 6 s.
        let told = toldAt(seconds: 3) { now in
            if now < 5000 { return now % 400 < 200 ? -22 : -60 }
            return now == 6000 ? -20 : -60
        }
        #expect((7700...8100).contains(told ?? 0))
    }

    @Test("the hum of a noisy line is silence, speech above it is not")
    func noise() {
        let told = toldAt(seconds: 4) { now in now < 12_000 && now % 500 < 250 ? -18 : -38 }
        #expect((15_000...17_000).contains(told ?? 0))
    }
}
