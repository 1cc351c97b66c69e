import AudioGraph

/// Brings a call's sound to the 16 kHz of a recogniser, piece by piece.
///
/// - Threading: one task.
struct Wideband: ~Copyable {
    private static let rate = 16_000
    private let converter: RateConverter?
    private let inputRate: Int

    init(from rate: Int) {
        inputRate = rate
        converter = rate == Self.rate ? nil : RateConverter(inputRate: rate, outputRate: Self.rate, quality: 5)
    }

    deinit { converter?.destroy() }

    func convert(_ samples: ArraySlice<Int16>) -> [Int16] {
        guard let converter else { return Array(samples) }
        let input = Array(samples)
        var output = [Int16](repeating: 0, count: input.count * Self.rate / inputRate + 64)
        let made = unsafe converter.run(input, count: input.count, into: &output, capacity: output.count)
        return Array(output.prefix(made))
    }
}
