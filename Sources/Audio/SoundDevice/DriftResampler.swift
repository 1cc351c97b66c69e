import Glibc

/// Resamples one voice by a ratio that may change all the time: windowed sinc, 256 phases, linear between them.
///
/// At equal rates and a phase of zero the samples come out as they went in; a change of the ratio by a few parts in a
/// million a step is inaudible. Delay: 16 samples of the lower rate.
///
/// - Memory: tables and history of an owner's block, made by control (`allocate`) and freed by it.
/// - Threading: one thread at a time; `run` allocates nothing, takes no lock.
@safe struct DriftResampler {
    private static var phases: Int { @_noLocks get { 256 } }
    /// Input samples taken in one go at most.
    static var largestBlock: Int { @_noLocks get { 4096 } }

    let inputRate: Int
    let outputRate: Int
    private let taps: Int
    /// Rows of `taps`, one more than there are phases.
    private let table: UnsafeMutablePointer<Float>
    private let history: UnsafeMutablePointer<Float>
    private(set) var position: ResamplerPosition

    /// Control only.
    static func allocate(inputRate: Int, outputRate: Int) -> DriftResampler {
        let ratio = max(1, Double(inputRate) / Double(outputRate))
        let reach = Int((16 * ratio).rounded(.up))
        let taps = 2 * reach
        let table = UnsafeMutablePointer<Float>.allocate(capacity: (phases + 1) * taps)
        // Equal rates need no band limit: the ratio leaves 1 by less than any ear can tell.
        let cutoff = inputRate == outputRate ? 1 : 0.94 / ratio
        let beta = 8.0
        for phase in 0...phases {
            var row: [Double] = []
            for tap in 0..<taps {
                let distance = Double(tap - reach + 1) - Double(phase) / Double(phases)
                let place = distance / Double(reach)
                let window = abs(place) >= 1 ? 0 : bessel(beta * sqrt(1 - place * place)) / bessel(beta)
                let angle = Double.pi * distance * cutoff
                row.append((abs(angle) < 1e-12 ? 1 : sin(angle) / angle) * cutoff * window)
            }
            let sum = row.reduce(0, +)
            for tap in 0..<taps { unsafe table[phase * taps + tap] = Float(row[tap] / sum) }
        }
        let history = UnsafeMutablePointer<Float>.allocate(capacity: largestBlock + 2 * taps)
        unsafe history.initialize(repeating: 0, count: largestBlock + 2 * taps)
        return unsafe DriftResampler(
            inputRate: inputRate, outputRate: outputRate, taps: taps, table: table, history: history)
    }

    private init(
        inputRate: Int, outputRate: Int, taps: Int, table: UnsafeMutablePointer<Float>,
        history: UnsafeMutablePointer<Float>
    ) {
        self.inputRate = inputRate
        self.outputRate = outputRate
        self.taps = taps
        unsafe self.table = table
        unsafe self.history = history
        position = ResamplerPosition(reach: taps / 2, step: Double(inputRate) / Double(outputRate))
    }

    /// Control only.
    func deallocate() {
        unsafe table.deallocate()
        unsafe history.deallocate()
    }

    /// Modified Bessel function of order zero.
    private static func bessel(_ x: Double) -> Double {
        var term = 1.0
        var sum = 1.0
        for index in 1..<40 {
            term *= (x / 2 / Double(index)) * (x / 2 / Double(index))
            sum += term
        }
        return sum
    }

    /// Takes input `correction` faster than the rates say (parts of one) from the next output on.
    @_noLocks mutating func steer(_ correction: Double) {
        position.step = Double(inputRate) / Double(outputRate) * (1 + correction)
    }

    /// Forgets what it heard.
    @_noLocks mutating func reset() {
        let step = position.step
        position = ResamplerPosition(reach: taps / 2, step: step)
        for index in 0..<taps { unsafe history[index] = 0 }
    }

    /// Converts `count` samples, at most `largestBlock`.
    /// - Returns: samples written; those beyond `capacity` are lost, so it must hold one block of the output rate.
    @_noLocks mutating func run(
        _ input: UnsafePointer<Int16>, count: Int, into output: UnsafeMutablePointer<Int16>, capacity: Int
    ) -> Int {
        let before = position.kept
        for index in 0..<count { unsafe history[before &+ index] = Float(input[index]) }
        let made = position.take(count)
        let written = min(made, capacity)
        var place = position.next
        for index in 0..<written {
            unsafe output[index] = sample(at: place)
            place += position.step
        }
        let spent = position.pass(made)
        if spent > 0 {
            unsafe UnsafeMutableRawPointer(history).copyMemory(
                from: UnsafeRawPointer(history.advanced(by: spent)),
                byteCount: position.kept &* MemoryLayout<Float>.stride)
        }
        return written
    }

    @_noLocks private func sample(at place: Double) -> Int16 {
        let whole = Int(place)
        let fine = (place - Double(whole)) * Double(Self.phases)
        let phase = Int(fine)
        let part = Float(fine - Double(phase))
        let first = unsafe history.advanced(by: whole &- taps / 2 &+ 1)
        let row = unsafe table.advanced(by: phase &* taps)
        var sum: Float = 0
        if part < 1e-6 {
            for tap in 0..<taps { unsafe sum += first[tap] * row[tap] }
        } else {
            let next = unsafe row.advanced(by: taps)
            for tap in 0..<taps { unsafe sum += first[tap] * (row[tap] + part * (next[tap] - row[tap])) }
        }
        sum = max(-32_768, min(32_767, sum))
        return Int16(sum < 0 ? sum - 0.5 : sum + 0.5)
    }
}
