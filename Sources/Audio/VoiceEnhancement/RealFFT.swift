import Glibc

/// Discrete Fourier transform of real frames of M samples, M = 32 · 2^a · 3^b · 5^c.
///
/// A complex transform of M/2 points (Stockham, radix 4 first so that every later pass runs in vectors of four) and the
/// split into even and odd parts.
///
/// - Units: forward unscaled; `inverse` divides by M, so that it undoes `forward`.
/// - Threading: control makes it; one thread at a time transforms; allocates nothing, takes no lock.
@safe struct RealFFT {
    private typealias Quad = SIMD4<Float>
    private typealias Quads = UnsafeMutablePointer<SIMD4<Float>>

    /// M.
    let size: Int
    private let points: Int
    /// Radices of the passes after the first, one digit each, last pass highest.
    private let radices: Int
    /// Of each pass one after the other: w^p, w^2p … as pairs.
    private let twiddles: Samples
    /// exp(-2πik/M) as pairs.
    private let turns: Samples
    private let firstRe: Samples
    private let firstIm: Samples
    private let secondRe: Samples
    private let secondIm: Samples

    /// Lanes of an arena that a transform of `size` samples takes.
    static func lanes(size: Int) -> Int { size }

    init(_ arena: inout LaneArena, size: Int) {
        precondition(size % 32 == 0, "a transform of \(size) samples")
        self.size = size
        points = size / 2
        var rest = points / 4
        var found: [Int] = []
        for radix in [4, 2, 3, 5] {
            while rest % radix == 0 && (radix != 2 || rest % 4 != 0) {
                found.append(radix)
                rest /= radix
            }
        }
        precondition(rest == 1, "a transform of \(size) samples")
        radices = found.reversed().reduce(0) { $0 * 10 + $1 }
        unsafe twiddles = arena.samples(4 * points)
        unsafe turns = arena.samples(points + 8)
        unsafe firstRe = arena.samples(points)
        unsafe firstIm = arena.samples(points)
        unsafe secondRe = arena.samples(points)
        unsafe secondIm = arena.samples(points)
        var at = 0
        var length = points
        for radix in [4] + found {
            for turn in 0..<(length / radix) {
                for power in 1..<radix {
                    let angle = -2 * Double.pi * Double(turn * power) / Double(length)
                    unsafe twiddles[at] = Float(cos(angle))
                    unsafe twiddles[at + 1] = Float(sin(angle))
                    at += 2
                }
            }
            length /= radix
        }
        for bin in 0...(points / 2) {
            let angle = -2 * Double.pi * Double(bin) / Double(size)
            unsafe turns[2 * bin] = Float(cos(angle))
            unsafe turns[2 * bin + 1] = Float(sin(angle))
        }
    }

    /// The M/2 + 1 bins of M samples.
    @_noLocks func forward(_ samples: UnsafePointer<Float>, into spectrum: Spectrum) {
        for index in 0..<points {
            unsafe firstRe[index] = samples[2 &* index]
            unsafe firstIm[index] = samples[2 &* index &+ 1]
        }
        let isSecond = transform()
        let re = unsafe isSecond ? secondRe : firstRe
        let im = unsafe isSecond ? secondIm : firstIm
        let outRe = unsafe UnsafeMutableRawPointer(spectrum.re).assumingMemoryBound(to: Float.self)
        let outIm = unsafe UnsafeMutableRawPointer(spectrum.im).assumingMemoryBound(to: Float.self)
        unsafe outRe[0] = re[0] + im[0]
        unsafe outIm[0] = 0
        unsafe outRe[points] = re[0] - im[0]
        unsafe outIm[points] = 0
        for bin in 1...(points / 2) {
            let other = points &- bin
            let (aRe, aIm, bRe, bIm) = unsafe (re[bin], im[bin], re[other], im[other])
            let (wRe, wIm) = unsafe (turns[2 &* bin], turns[2 &* bin &+ 1])
            let (evenRe, evenIm) = (0.5 * (aRe + bRe), 0.5 * (aIm - bIm))
            let (oddRe, oddIm) = (0.5 * (aIm + bIm), 0.5 * (bRe - aRe))
            let (turnedRe, turnedIm) = (oddRe * wRe - oddIm * wIm, oddRe * wIm + oddIm * wRe)
            unsafe outRe[bin] = evenRe + turnedRe
            unsafe outIm[bin] = evenIm + turnedIm
            unsafe outRe[other] = evenRe - turnedRe
            unsafe outIm[other] = turnedIm - evenIm
        }
    }

    /// The M samples of M/2 + 1 bins.
    @_noLocks func inverse(_ spectrum: Spectrum, into samples: Samples) {
        let inRe = unsafe UnsafeMutableRawPointer(spectrum.re).assumingMemoryBound(to: Float.self)
        let inIm = unsafe UnsafeMutableRawPointer(spectrum.im).assumingMemoryBound(to: Float.self)
        let scale = 1 / Float(size)
        // Real and imaginary parts change places on the way in and out, which turns the transform round.
        unsafe firstIm[0] = (inRe[0] + inRe[points]) * scale
        unsafe firstRe[0] = (inRe[0] - inRe[points]) * scale
        for bin in 1...(points / 2) {
            let other = points &- bin
            let (aRe, aIm, bRe, bIm) = unsafe (inRe[bin], inIm[bin], inRe[other], inIm[other])
            let (wRe, wIm) = unsafe (turns[2 &* bin], turns[2 &* bin &+ 1])
            let (evenRe, evenIm) = ((aRe + bRe) * scale, (aIm - bIm) * scale)
            let (turnedRe, turnedIm) = ((aRe - bRe) * scale, (aIm + bIm) * scale)
            let (oddRe, oddIm) = (turnedRe * wRe + turnedIm * wIm, turnedIm * wRe - turnedRe * wIm)
            unsafe firstIm[bin] = evenRe - oddIm
            unsafe firstRe[bin] = evenIm + oddRe
            unsafe firstIm[other] = evenRe + oddIm
            unsafe firstRe[other] = oddRe - evenIm
        }
        let isSecond = transform()
        let re = unsafe isSecond ? secondIm : firstIm
        let im = unsafe isSecond ? secondRe : firstRe
        for index in 0..<points {
            unsafe samples[2 &* index] = re[index]
            unsafe samples[2 &* index &+ 1] = im[index]
        }
    }

    // MARK: Passes

    /// Transforms `first`; true when the result stands in `second`.
    @_noLocks private func transform() -> Bool {
        firstPass()
        var isSecond = true
        var length = points / 4
        var width = 1
        var left = radices
        var at = 6 &* length
        while left > 0 {
            let radix = left % 10
            left /= 10
            let from = unsafe isSecond ? quads(secondRe, secondIm) : quads(firstRe, firstIm)
            let into = unsafe isSecond ? quads(firstRe, firstIm) : quads(secondRe, secondIm)
            let turns = unsafe twiddles.advanced(by: at)
            let count = length / radix
            switch radix {
            case 4: unsafe radix4(from, into, turns, count: count, width: width)
            case 2: unsafe radix2(from, into, turns, count: count, width: width)
            case 3: unsafe radix3(from, into, turns, count: count, width: width)
            default: unsafe radix5(from, into, turns, count: count, width: width)
            }
            at &+= 2 &* (radix &- 1) &* count
            length = count
            width &*= radix
            isSecond.toggle()
        }
        return isSecond
    }

    @_noLocks private func quads(_ re: Samples, _ im: Samples) -> (re: Quads, im: Quads) {
        (
            unsafe UnsafeMutableRawPointer(re).assumingMemoryBound(to: Quad.self),
            unsafe UnsafeMutableRawPointer(im).assumingMemoryBound(to: Quad.self)
        )
    }

    /// Radix 4 of width one: four butterflies side by side, results interleaved.
    @_noLocks private func firstPass() {
        let quarter = points / 4
        for turn in 0..<quarter {
            let (aRe, aIm) = unsafe (firstRe[turn], firstIm[turn])
            let (bRe, bIm) = unsafe (firstRe[turn &+ quarter], firstIm[turn &+ quarter])
            let (cRe, cIm) = unsafe (firstRe[turn &+ 2 &* quarter], firstIm[turn &+ 2 &* quarter])
            let (dRe, dIm) = unsafe (firstRe[turn &+ 3 &* quarter], firstIm[turn &+ 3 &* quarter])
            let (sumRe, sumIm, differenceRe, differenceIm) = (aRe + cRe, aIm + cIm, aRe - cRe, aIm - cIm)
            let (otherRe, otherIm, oddRe, oddIm) = (bRe + dRe, bIm + dIm, bIm - dIm, dRe - bRe)
            let w = unsafe twiddles.advanced(by: 6 &* turn)
            let (oneRe, oneIm) = (differenceRe + oddRe, differenceIm + oddIm)
            let (twoRe, twoIm) = (sumRe - otherRe, sumIm - otherIm)
            let (threeRe, threeIm) = (differenceRe - oddRe, differenceIm - oddIm)
            let out = 4 &* turn
            unsafe secondRe[out] = sumRe + otherRe
            unsafe secondIm[out] = sumIm + otherIm
            unsafe secondRe[out &+ 1] = oneRe * w[0] - oneIm * w[1]
            unsafe secondIm[out &+ 1] = oneRe * w[1] + oneIm * w[0]
            unsafe secondRe[out &+ 2] = twoRe * w[2] - twoIm * w[3]
            unsafe secondIm[out &+ 2] = twoRe * w[3] + twoIm * w[2]
            unsafe secondRe[out &+ 3] = threeRe * w[4] - threeIm * w[5]
            unsafe secondIm[out &+ 3] = threeRe * w[5] + threeIm * w[4]
        }
    }

    @_noLocks private func radix2(
        _ from: (re: Quads, im: Quads), _ into: (re: Quads, im: Quads), _ turns: Samples, count: Int, width: Int
    ) {
        for turn in 0..<count {
            let (wRe, wIm) = unsafe (turns[2 &* turn], turns[2 &* turn &+ 1])
            for index in 0..<width {
                let (a, b) = (index &+ width &* turn, index &+ width &* (turn &+ count))
                let (aRe, aIm, bRe, bIm) = unsafe (from.re[a], from.im[a], from.re[b], from.im[b])
                let out = index &+ width &* 2 &* turn
                unsafe into.re[out] = aRe + bRe
                unsafe into.im[out] = aIm + bIm
                let (re, im) = (aRe - bRe, aIm - bIm)
                unsafe into.re[out &+ width] = re * wRe - im * wIm
                unsafe into.im[out &+ width] = re * wIm + im * wRe
            }
        }
    }

    @_noLocks private func radix3(
        _ from: (re: Quads, im: Quads), _ into: (re: Quads, im: Quads), _ turns: Samples, count: Int, width: Int
    ) {
        let sine: Float = 0.866_025_403_784
        for turn in 0..<count {
            let w = unsafe turns.advanced(by: 4 &* turn)
            let (w1Re, w1Im, w2Re, w2Im) = unsafe (w[0], w[1], w[2], w[3])
            for index in 0..<width {
                let at = index &+ width &* turn
                let step = width &* count
                let (aRe, aIm, bRe, bIm) = unsafe (from.re[at], from.im[at], from.re[at &+ step], from.im[at &+ step])
                let (cRe, cIm) = unsafe (from.re[at &+ 2 &* step], from.im[at &+ 2 &* step])
                let (sumRe, sumIm) = (bRe + cRe, bIm + cIm)
                let (midRe, midIm) = (aRe - sumRe * 0.5, aIm - sumIm * 0.5)
                let (sideRe, sideIm) = ((bIm - cIm) * sine, (cRe - bRe) * sine)
                let out = index &+ width &* 3 &* turn
                unsafe into.re[out] = aRe + sumRe
                unsafe into.im[out] = aIm + sumIm
                let (oneRe, oneIm) = (midRe + sideRe, midIm + sideIm)
                unsafe into.re[out &+ width] = oneRe * w1Re - oneIm * w1Im
                unsafe into.im[out &+ width] = oneRe * w1Im + oneIm * w1Re
                let (twoRe, twoIm) = (midRe - sideRe, midIm - sideIm)
                unsafe into.re[out &+ 2 &* width] = twoRe * w2Re - twoIm * w2Im
                unsafe into.im[out &+ 2 &* width] = twoRe * w2Im + twoIm * w2Re
            }
        }
    }
}
