/// The predictor and quantiser scale of one of the two bands of G.722, the same in encoder and decoder.
///
/// - Reference: ITU-T G.722 §3 and figures 13 to 21: the names are those of the blocks there.
/// - Threading: a value; allocates nothing, takes no lock.
struct G722Band: Sendable {
    /// Prediction of the next sample.
    private(set) var prediction: Int32 = 0
    private var zeroPrediction: Int32 = 0
    private var reconstructed = InlineArray<3, Int32>(repeating: 0)
    private var partial = InlineArray<3, Int32>(repeating: 0)
    private var differences = InlineArray<7, Int32>(repeating: 0)
    private var poles = InlineArray<3, Int32>(repeating: 0)
    private var zeros = InlineArray<7, Int32>(repeating: 0)
    /// Logarithm of the quantiser's scale, and the scale.
    private var logScale: Int32 = 0
    var scale: Int32

    /// - Parameter scale: 32 for the lower band, 8 for the higher.
    @_noLocks init(scale: Int32) { self.scale = scale }

    @_noLocks @inline(__always) static func saturate(_ value: Int32) -> Int32 { max(-32_768, min(32_767, value)) }

    /// Blocks LOGSC and SCALE.
    @_noLocks mutating func adaptScale(
        by weight: Int32, highest: Int32, shift: Int32, _ tables: borrowing G722Tables
    ) {
        logScale = max(0, min(highest, (logScale &* 127) >> 7 &+ weight))
        let mantissa = tables.ilb[Int((logScale >> 6) & 31)]
        let exponent = shift &- (logScale >> 11)
        scale = (exponent < 0 ? mantissa &<< (0 &- exponent) : mantissa &>> exponent) &<< 2
    }

    /// Block 4: adapts the predictor to the difference just quantised.
    @_noLocks mutating func adapt(to difference: Int32) {
        differences[0] = difference
        reconstructed[0] = Self.saturate(prediction &+ difference)
        partial[0] = Self.saturate(zeroPrediction &+ difference)
        // UPPOL2
        let sign0 = partial[0] >> 15
        let sign1 = partial[1] >> 15
        let sign2 = partial[2] >> 15
        let fourfold = Self.saturate(poles[1] &<< 2)
        var second = min(32_767, sign0 == sign1 ? 0 &- fourfold : fourfold) >> 7
        second &+= sign0 == sign2 ? 128 : -128
        second &+= (poles[2] &* 32_512) >> 15
        second = max(-12_288, min(12_288, second))
        // UPPOL1
        let limit = Self.saturate(15_360 &- second)
        var first = Self.saturate((sign0 == sign1 ? 192 : -192) &+ (poles[1] &* 32_640) >> 15)
        first = max(0 &- limit, min(limit, first))
        // UPZERO and DELAYA
        let step: Int32 = difference == 0 ? 0 : 128
        let sign = difference >> 15
        var index = 1
        while index < 7 {
            let change = differences[index] >> 15 == sign ? step : 0 &- step
            zeros[index] = Self.saturate(change &+ (zeros[index] &* 32_640) >> 15)
            index &+= 1
        }
        index = 6
        while index > 0 {
            differences[index] = differences[index &- 1]
            index &-= 1
        }
        reconstructed[2] = reconstructed[1]
        reconstructed[1] = reconstructed[0]
        partial[2] = partial[1]
        partial[1] = partial[0]
        poles[2] = second
        poles[1] = first
        // FILTEP, FILTEZ, PREDIC
        let fromPoles = Self.saturate(
            (first &* Self.saturate(reconstructed[1] &* 2)) >> 15
                &+ (second &* Self.saturate(reconstructed[2] &* 2)) >> 15)
        var fromZeros: Int32 = 0
        index = 6
        while index > 0 {
            fromZeros &+= (zeros[index] &* Self.saturate(differences[index] &* 2)) >> 15
            index &-= 1
        }
        zeroPrediction = Self.saturate(fromZeros)
        prediction = Self.saturate(fromPoles &+ zeroPrediction)
    }
}

/// The constants of G.722, made once for each run of samples: a global table would be behind a lock.
struct G722Tables {
    /// Decision levels of the lower band and the codes of the ranges between them, below and above zero.
    let q6: InlineArray<32, Int32> = [
        0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121, 1219,
        1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919, 0, 0,
    ]
    let iln: InlineArray<32, UInt8> = [
        0, 63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6,
        5, 4, 0,
    ]
    let ilp: InlineArray<32, UInt8> = [
        0, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35,
        34, 33, 32, 0,
    ]
    let wl: InlineArray<8, Int32> = [-60, -30, 58, 172, 334, 538, 1198, 3042]
    let rl42: InlineArray<16, Int> = [0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0]
    let ilb: InlineArray<32, Int32> = [
        2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834, 2896, 2960,
        3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
    ]
    let qm4: InlineArray<16, Int32> = [
        0, -20_456, -12_896, -8968, -6288, -4240, -2584, -1200, 20_456, 12_896, 8968, 6288, 4240, 2584, 1200, 0,
    ]
    let qm6: InlineArray<64, Int32> = [
        -136, -136, -136, -136, -24_808, -21_904, -19_008, -16_704, -14_984, -13_512, -12_280, -11_192, -10_232, -9360,
        -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360,
        -1040, -728, 24_808, 21_904, 19_008, 16_704, 14_984, 13_512, 12_280, 11_192, 10_232, 9360, 8576, 7856, 7192,
        6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
    ]
    let qm2: InlineArray<4, Int32> = [-7408, -1616, 7408, 1616]
    let wh: InlineArray<3, Int32> = [0, -214, 798]
    let rh2: InlineArray<4, Int> = [2, 1, 2, 1]
    let qmf: InlineArray<12, Int32> = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11]

    @_noLocks init() {}
}
