import Glibc

/// The windows of the post-filter: an analysis of 20 ms, a synthesis that delays by 5 ms only.
///
/// The analysis window rises over three quarters and falls over the last; the synthesis window is zero over the first
/// half, and the product of both is a Hann window of two hops, so that frames a hop apart add up to one.
///
/// - Reference: D. Mauler, R. Martin, "A low delay, variable resolution, perfect reconstruction spectral
///   analysis-synthesis system for speech enhancement", EUSIPCO 2007.
@safe struct ShortFrames {
    let hop: Int
    let size: Int
    let analysis: Samples
    let synthesis: Samples
    /// Mean square of the analysis window.
    let analysisPower: Float
    /// What makes noise of random phases come out as loud as its analysed power says.
    let noiseScale: Float

    static func lanes(size: Int) -> Int { size / 4 + 2 }

    init(_ arena: inout LaneArena, hop: Int, size: Int) {
        self.hop = hop
        self.size = size
        unsafe analysis = arena.samples(size)
        unsafe synthesis = arena.samples(size)
        var sum: Double = 0
        var synthesisSum: Double = 0
        for index in 0..<size {
            let left = size - hop - index
            let analysisValue =
                left > 0
                ? sin(Double.pi * (Double(index) + 0.5) / Double(2 * (size - hop)))
                : cos(Double.pi * (Double(-left) + 0.5) / Double(2 * hop))
            let phase = Double(index - (size - 2 * hop)) + 0.5
            let hann = phase > 0 ? sin(Double.pi * phase / Double(2 * hop)) : 0
            let synthesisValue = phase > 0 ? hann * hann / analysisValue : 0
            unsafe analysis[index] = Float(analysisValue)
            unsafe synthesis[index] = Float(synthesisValue)
            sum += analysisValue * analysisValue
            synthesisSum += synthesisValue * synthesisValue
        }
        analysisPower = Float(sum / Double(size))
        noiseScale = Float(1 / (sum / Double(size) * synthesisSum / Double(hop)))
    }
}
