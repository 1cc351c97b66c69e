import EdgeProtocols
import Foundation

/// What a phone says, at every rate a codec may want, made before the call: it takes longer than a packet.
struct PhoneClip: Sendable {
    private let original: PCMClip
    private let narrow: [Int16]

    init(_ clip: PCMClip?) {
        original = clip ?? PCMClip(sampleRate: 8000, samples: [])
        narrow = Decimation.convert(original, to: 8000)
    }

    /// Rate that loses nothing.
    var sampleRate: Int { original.sampleRate }
    /// - Parameter rate: 8 000 or `sampleRate`.
    func samples(at rate: Int) -> [Int16] { rate == original.sampleRate ? original.samples : narrow }
}

/// Lowers a clip's rate by a whole factor: a windowed sinc, good for speech in a test.
enum Decimation {
    /// The samples at `rate`; a clip at a lower rate is left as it is.
    static func convert(_ clip: PCMClip, to rate: Int) -> [Int16] {
        let factor = clip.sampleRate / rate
        guard factor > 1 else { return clip.samples }
        let half = 16 * factor
        let taps = (-half...half).map { index -> Float in
            let x = Float(index) / Float(factor) * 0.95
            let sinc = index == 0 ? 1 : sin(.pi * x) / (.pi * x)
            return sinc * (0.5 + 0.5 * cos(.pi * Float(index) / Float(half + 1))) * 0.95 / Float(factor)
        }
        let input = clip.samples
        return stride(from: 0, to: input.count, by: factor).map { center in
            var sum: Float = 0
            for (tap, index) in zip(taps, center - half...center + half) where input.indices.contains(index) {
                sum += tap * Float(input[index])
            }
            return Int16(clamping: Int(sum.rounded()))
        }
    }
}
