import Foundation
import Testing

@testable import VoiceEnhancement

@Suite struct TransformTests {
    @Test("the transform agrees with its definition and its inverse undoes it", arguments: [160, 320, 480, 640, 960])
    func agrees(size: Int) {
        var arena = LaneArena(capacity: RealFFT.lanes(size: size) + size)
        defer { unsafe arena.base.deallocate() }
        let fft = RealFFT(&arena, size: size)
        let lanes = (size / 2 + 8) / 8
        let spectrum = Spectrum(&arena, lanes: lanes)
        let back = unsafe arena.samples(size)
        var random = Sounds.Random(UInt64(size))
        let frame = (0..<size).map { _ in Float(random.between(-1, 1)) }
        unsafe frame.withUnsafeBufferPointer { unsafe fft.forward($0.baseAddress!, into: spectrum) }
        for bin in 0...(size / 2) {
            var (re, im) = (0.0, 0.0)
            for (index, value) in frame.enumerated() {
                let angle = -2 * Double.pi * Double(bin * index % size) / Double(size)
                re += Double(value) * cos(angle)
                im += Double(value) * sin(angle)
            }
            #expect(abs(unsafe Double(spectrum.re[bin / 8][bin % 8]) - re) < 1e-3)
            #expect(abs(unsafe Double(spectrum.im[bin / 8][bin % 8]) - im) < 1e-3)
        }
        unsafe fft.inverse(spectrum, into: back)
        for index in 0..<size { #expect(abs(unsafe back[index] - frame[index]) < 1e-5) }
    }

    @Test("elementary functions are those of the C library")
    func functions() {
        for step in -400...400 {
            let x = Float(step) / 10
            #expect(abs(FastMath.exp(x) / expf(x) - 1) < 1e-4)
            let y = expf(x)
            #expect(abs(FastMath.log2(y) - log2f(y)) < 1e-3)
            #expect(abs(FastMath.root(y) / sqrtf(y) - 1) < 1e-5)
        }
    }

    @Test(
        "the exponential integral in the gain has the values of the tables",
        arguments: [(0.01, 4.0379), (0.1, 1.8229), (0.5, 0.5598), (1.0, 0.2194), (2.0, 0.0489), (5.0, 0.001148)])
    func integral(v: Float, expected: Float) {
        #expect(abs(FastMath.halfIntegralExp(v) / expf(expected / 2) - 1) < 1e-3)
    }

    @Test("frames of the post-filter add up to one", arguments: [40, 80, 240])
    func windows(hop: Int) {
        let size = hop * 4
        var arena = LaneArena(capacity: ShortFrames.lanes(size: size))
        defer { unsafe arena.base.deallocate() }
        let frames = ShortFrames(&arena, hop: hop, size: size)
        for index in 0..<hop {
            let (early, late) = (size - 2 * hop + index, size - hop + index)
            let sum =
                unsafe frames.analysis[early] * frames.synthesis[early]
                + frames.analysis[late] * frames.synthesis[late]
            #expect(abs(sum - 1) < 1e-5)
        }
    }
}
