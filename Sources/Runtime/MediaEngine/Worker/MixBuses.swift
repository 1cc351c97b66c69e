import AudioGraph

/// A mix has one bus for each sample rate among its members: a voice is summed at its own rate, and what the buses lack
/// of each other is converted once a step, not once a member. So a telephone hears other telephones the same whether or
/// not a 48 kHz member is there.
///
/// - Threading: values; allocate nothing, take no lock.
enum BusRate {
    static var count: Int { @_noLocks get { 3 } }

    /// Place of the bus that loses nothing at `rate`.
    @_noLocks static func place(of rate: Int) -> Int { rate <= 8000 ? 0 : rate <= 16_000 ? 1 : 2 }

    @_noLocks static func rate(at place: Int) -> Int { place == 0 ? 8000 : place == 1 ? 16_000 : 48_000 }
}

/// The converters between the buses of one mix, by place of the source times 3 plus place of the target.
///
/// - Memory: made by control before a member of another rate comes in, freed with the mix; a mix is given a larger table
///   rather than a changed one.
struct BusConverters {
    var voices = InlineArray<9, RateConverter?>(repeating: nil)
    var prompts = InlineArray<9, RateConverter?>(repeating: nil)

    /// Control only: adds what lies between the given places.
    mutating func extend(to places: Set<Int>) -> Bool {
        var hasGrown = false
        for from in places {
            for to in places where to != from {
                let (input, output) = (BusRate.rate(at: from), BusRate.rate(at: to))
                if voices[from * 3 + to] == nil {
                    voices[from * 3 + to] = RateConverter(inputRate: input, outputRate: output)
                    hasGrown = true
                }
                // Prompts are made at the highest rate there is.
                if from > to, prompts[from * 3 + to] == nil {
                    prompts[from * 3 + to] = RateConverter(inputRate: input, outputRate: output)
                }
            }
        }
        return hasGrown
    }

    /// Control only.
    func free() {
        for index in 0..<9 {
            voices[index]?.destroy()
            prompts[index]?.destroy()
        }
    }
}
